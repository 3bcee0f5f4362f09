package io.ilertsumo.bridge.testing;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.restassured.RestAssured;

/** Calls of the webhook that no HTTP client would make. */
public final class RawHttp {

    private static final Pattern CONTENT_LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)");

    private RawHttp() {
    }

    /** The head of a call of the webhook with the right credentials. The connection is not kept. */
    public static byte[] head(String method, String... headers) {
        return headTo(method + " /webhooks/ilert HTTP/1.1", headers);
    }

    /** The same with another first line. */
    public static byte[] headTo(String requestLine, String... headers) {
        return bytes(requestLine, Stream.concat(Stream.of("Connection: close"), Stream.of(headers)));
    }

    /** The head of a call of the webhook with the right credentials, on a connection that may be used again. */
    public static byte[] keptHead(String method, String... headers) {
        return bytes(method + " /webhooks/ilert HTTP/1.1", Stream.of(headers));
    }

    private static byte[] bytes(String requestLine, Stream<String> headers) {
        String credentials = Base64.getEncoder()
                .encodeToString(("ilert:" + SumoLogicResource.PASSWORD).getBytes(StandardCharsets.UTF_8));
        return (requestLine + "\r\nHost: localhost\r\nAuthorization: Basic " + credentials + "\r\n"
                + headers.collect(Collectors.joining("\r\n")) + "\r\n\r\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Sends it and returns the whole final answer. */
    public static String send(byte[] head, byte[] body) throws IOException {
        try (Connection connection = new Connection(RestAssured.port)) {
            try {
                connection.write(head);
                connection.write(body);
            } catch (SocketException e) {
                // answered and closed before all of it was sent: the answer is there
            }
            String answer = connection.answer();
            return answer.startsWith("HTTP/1.1 100 ") ? connection.answer() : answer;
        }
    }

    /** A connection to the webhook. Waits for an answer for at most 20 s. */
    public static final class Connection implements Closeable {

        private final Socket socket;

        public Connection(int port) throws IOException {
            socket = new Socket("localhost", port);
            socket.setSoTimeout(20_000);
        }

        public void write(byte... bytes) throws IOException {
            socket.getOutputStream().write(bytes);
        }

        /**
         * The next answer, up to its end by its own account: a connection may stay open for the rest of a call that was
         * answered early.
         */
        public String answer() throws IOException {
            InputStream in = socket.getInputStream();
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

        /** Whether the other side has closed it. Bytes that it has sent before are lost. */
        public boolean isClosed() throws IOException {
            socket.setSoTimeout(1);
            try {
                return socket.getInputStream().readNBytes(1).length == 0;
            } catch (SocketTimeoutException e) {
                return false;
            } catch (SocketException e) {
                // a reset
                return true;
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
