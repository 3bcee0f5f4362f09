package io.ilertsumo.bridge.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP proxy that forwards all CONNECT calls to one local port, and requires credentials. Thread-safe. */
public final class ConnectProxy implements AutoCloseable {

    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final String authorization;
    private final int forwardTo;
    private final int port;
    private volatile int status = 200;
    private volatile ServerSocket listener;

    /** @param credentials {@code user:password} */
    public ConnectProxy(String credentials, int forwardTo) {
        this.authorization = "Proxy-Authorization: Basic "
                + Base64.getEncoder().encodeToString(credentials.getBytes(UTF_8));
        this.forwardTo = forwardTo;
        listen(0);
        port = listener.getLocalPort();
    }

    private void listen(int wantedPort) {
        try {
            ServerSocket made = new ServerSocket();
            made.setReuseAddress(true);
            made.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), wantedPort));
            listener = made;
            start(() -> {
                while (true) {
                    Socket client = made.accept();
                    start(() -> serve(client));
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // closed
            }
        }, "connect-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void serve(Socket client) throws IOException {
        connections.add(client);
        try (client; Socket server = new Socket(InetAddress.getLoopbackAddress(), forwardTo)) {
            connections.add(server);
            String head = head(client.getInputStream());
            calls.add(head.lines().findFirst().orElse(""));
            int answer = head.contains(authorization + "\r\n") ? status : 407;
            client.getOutputStream().write(("HTTP/1.1 " + answer + " Told so\r\n"
                    + (answer == 407 ? "Proxy-Authenticate: Basic realm=\"test\"\r\n" : "")
                    + (answer == 200 ? "" : "Content-Length: 5\r\nConnection: close\r\n") + "\r\n"
                    + (answer == 200 ? "" : "proxy")).getBytes(ISO_8859_1));
            if (answer == 200) {
                start(() -> server.getInputStream().transferTo(client.getOutputStream()));
                client.getInputStream().transferTo(server.getOutputStream());
            }
        }
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        for (int b = 0; b >= 0 && head.indexOf("\r\n\r\n") < 0;) {
            b = in.read();
            head.append((char) b);
        }
        return head.toString();
    }

    public int port() {
        return port;
    }

    /** The first lines of all calls. */
    public List<String> calls() {
        return calls;
    }

    /** The next calls with right credentials are answered so. */
    public void answer(int code) {
        status = code;
    }

    /** It accepts connections again. */
    public void reopen() {
        listen(port);
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket connection : connections) {
                connection.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
