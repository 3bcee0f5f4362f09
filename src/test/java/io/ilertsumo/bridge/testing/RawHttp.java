package io.ilertsumo.bridge.testing;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.restassured.RestAssured;

/** Calls of the webhook that no HTTP client would make. */
public final class RawHttp {

    private static final Pattern CONTENT_LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)");

    private RawHttp() {
    }

    /** The head of a call of the webhook with the right credentials. The connection is not kept. */
    public static byte[] head(String method, String... headers) {
        String credentials = Base64.getEncoder()
                .encodeToString(("ilert:" + SumoLogicResource.PASSWORD).getBytes(StandardCharsets.UTF_8));
        return (method + " /webhooks/ilert HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Basic "
                + credentials
                + "\r\n" + String.join("\r\n", headers) + "\r\n\r\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Sends it and returns the whole answer. */
    public static String send(byte[] head, byte[] body) throws IOException {
        try (Socket socket = new Socket("localhost", RestAssured.port)) {
            socket.setSoTimeout(20_000);
            OutputStream out = socket.getOutputStream();
            out.write(head);
            out.write(body);
            out.flush();
            return answer(socket.getInputStream());
        }
    }

    /** Up to its end by its own account: a connection may stay open for the rest of a call that was answered early. */
    private static String answer(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("The answer ends after: " + head);
            }
            head.append((char) b);
        }
        Matcher length = CONTENT_LENGTH.matcher(head);
        byte[] body = length.find() ? in.readNBytes(Integer.parseInt(length.group(1))) : new byte[0];
        return head + new String(body, StandardCharsets.UTF_8);
    }
}
