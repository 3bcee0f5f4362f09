package io.ilertsumo.bridge.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLServerSocketFactory;

import com.github.luben.zstd.ZstdInputStream;

/**
 * An HTTP Logs and Metrics Source as strict as Sumo Logic's own, which remembers every request and fails on command. It
 * speaks HTTP over plain sockets, since that is where a reset or half an answer is made. Thread-safe.
 */
public final class SumoLogic implements AutoCloseable {

    /** The token of the source; a secret, which must not leak. */
    public static final String TOKEN = "ZaVnC4dhaV3sumoTokenThatNobodyMaySee";

    /** A request may hold that many bytes before compression. */
    public static final int MAX_BYTES = 1024 * 1024;

    private static final String PATH = "/receiver/v1/http";

    private final Object lock = new Object();
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final List<Request> requests = new ArrayList<>();
    private final Deque<Answer> next = new ArrayDeque<>();
    private Predicate<Request> failing = request -> false;
    private Answer failure;
    private int connectionsMade;
    private int period;
    private final ServerSocketFactory sockets;
    private ServerSocket listener;
    private final int port;

    /** What a request is answered. */
    public sealed interface Answer {
        /** A status, with headers in turn name and value. */
        record Status(int code, String... headers) implements Answer {
        }

        /** A status with that body. */
        record Page(Status status, String body) implements Answer {
        }

        /** No answer until the next {@code answer} of the stand-in. */
        record Hang() implements Answer {
        }

        /** A 200, after the next {@code answer} of the stand-in. */
        record Late() implements Answer {
        }

        /** The connection is closed in good order, without an answer. */
        record Close() implements Answer {
        }

        /** The connection is reset. */
        record Reset() implements Answer {
        }

        /** The connection is closed in the middle of the answer's head. */
        record Truncated() implements Answer {
        }
    }

    /**
     * A request as it came.
     *
     * @param at         when its last byte was there, by {@link System#nanoTime()}
     * @param connection which connection it came on
     * @param headers    by name in any case
     * @param sent       the body on its way
     * @param body       the body, decompressed
     * @param status     what it was answered; 0 if it was not answered
     */
    public record Request(long at, int connection, String method, String path, Map<String, String> headers, byte[] sent,
            byte[] body, int status) {

        public String header(String name) {
            return headers.get(name);
        }

        /** The log messages, one a line. */
        public List<String> lines() {
            return new String(body, UTF_8).lines().toList();
        }

        public String lane() {
            return field("lane");
        }

        public String group() {
            return field("group");
        }

        private String field(String name) {
            return Stream.of(headers.getOrDefault("X-Sumo-Fields", "").split(", *")).map(field -> field.split("=", 2))
                    .filter(field -> field.length == 2 && field[0].equals(name)).map(field -> field[1]).findFirst()
                    .orElse(null);
        }

        Request answered(int code) {
            return new Request(at, connection, method, path, headers, sent, body, code);
        }
    }

    public SumoLogic() {
        this(ServerSocketFactory.getDefault());
    }

    /** @param sockets those of TLS make it speak https */
    public SumoLogic(ServerSocketFactory sockets) {
        this.sockets = sockets;
        try {
            listen(0);
            port = listener.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Closes all connections, and accepts those of that version of TLS only. */
    public void offer(String protocol) throws IOException {
        synchronized (lock) {
            ((SSLServerSocket) listener).setEnabledProtocols(new String[]{ protocol });
            for (Socket socket : connections) {
                socket.close();
            }
        }
    }

    public int port() {
        return port;
    }

    /** The URL with the token in it. */
    public String url() {
        return urlWithoutToken() + "/" + TOKEN;
    }

    public String urlWithoutToken() {
        return (sockets instanceof SSLServerSocketFactory ? "https" : "http") + "://localhost:" + port + PATH;
    }

    /** The next requests are answered so, before any other answer. */
    public void answerNext(int times, Answer answer) {
        synchronized (lock) {
            for (int i = 0; i < times; i++) {
                next.add(answer);
            }
        }
    }

    /** All requests are answered so, until {@link #recover()}. */
    public void answer(Answer answer) {
        answerWhere(request -> true, answer);
    }

    /** Answers the selected requests with that answer, until {@link #recover()}. */
    public void answerWhere(Predicate<Request> meant, Answer answer) {
        synchronized (lock) {
            failing = meant;
            failure = answer;
        }
    }

    /** Closes the port: connections are refused until {@link #recover()}. */
    public void refuseConnections() {
        synchronized (lock) {
            close();
        }
    }

    /** All is well again. */
    public void recover() {
        synchronized (lock) {
            next.clear();
            failing = request -> false;
            period++;
            lock.notifyAll();
            if (listener.isClosed()) {
                try {
                    listen(port);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /** Forgets what came so far. */
    public void forget() {
        forget(request -> true);
    }

    /** Forgets the selected requests. */
    public void forget(Predicate<Request> meant) {
        synchronized (lock) {
            requests.removeIf(meant);
        }
    }

    /** All requests in the order of their arrival, those that failed as well. */
    public List<Request> requests() {
        synchronized (lock) {
            return List.copyOf(requests);
        }
    }

    /** The requests that were answered 200. */
    public List<Request> acceptedRequests() {
        return requests().stream().filter(request -> request.status == 200).toList();
    }

    /** The log messages of all requests that were answered 200, in the order of their arrival. */
    public List<String> messages() {
        return acceptedRequests().stream().map(Request::lines).flatMap(Collection::stream).toList();
    }

    /** The IDs of the events among these messages. */
    public List<String> eventIds() {
        return messages().stream().map(Events::id).toList();
    }

    /** The log messages with that text in them. */
    public List<String> messagesWith(String text) {
        return messages().stream().filter(message -> message.contains(text)).toList();
    }

    /** The requests, accepted or not, with that text in their messages. */
    public List<Request> requestsWith(String text) {
        byte[] wanted = text.getBytes(UTF_8);
        return requests().stream().filter(request -> contains(request.body, wanted)).toList();
    }

    private static boolean contains(byte[] body, byte[] wanted) {
        return new String(body, ISO_8859_1).contains(new String(wanted, ISO_8859_1));
    }

    private void listen(int wantedPort) throws IOException {
        ServerSocket made = sockets.createServerSocket();
        made.setReuseAddress(true);
        made.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), wantedPort));
        listener = made;
        start(() -> accept(made));
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "sumo-logic");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept(ServerSocket from) {
        while (!from.isClosed()) {
            try {
                Socket socket = from.accept();
                socket.setTcpNoDelay(true);
                connections.add(socket);
                int number;
                synchronized (lock) {
                    number = ++connectionsMade;
                }
                start(() -> serve(socket, number));
            } catch (IOException e) {
                // closed: the loop ends
            }
        }
    }

    private void serve(Socket socket, int connection) {
        try (socket; InputStream in = new BufferedInputStream(socket.getInputStream())) {
            OutputStream out = socket.getOutputStream();
            Request request = read(in, connection);
            while (request != null && answer(request, socket, out)) {
                request = read(in, connection);
            }
        } catch (IOException e) {
            // the client has closed the connection, or fails by its end
        } finally {
            connections.remove(socket);
        }
    }

    private static Request read(InputStream in, int connection) throws IOException {
        String requestLine = line(in);
        if (requestLine == null) {
            return null;
        }
        String[] words = requestLine.split(" ");
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String line = line(in); line != null && !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.merge(line.substring(0, colon), line.substring(colon + 1).trim(),
                    (one, other) -> one + ", " + other);
        }
        byte[] sent = body(in, headers);
        byte[] body = switch (headers.getOrDefault("Content-Encoding", "identity").toLowerCase(Locale.ROOT)) {
            case "gzip" -> new GZIPInputStream(new ByteArrayInputStream(sent)).readAllBytes();
            case "deflate" -> new InflaterInputStream(new ByteArrayInputStream(sent)).readAllBytes();
            // not the library that the bridge compresses with
            case "zstd" -> new ZstdInputStream(new ByteArrayInputStream(sent)).readAllBytes();
            default -> sent;
        };
        return new Request(System.nanoTime(), connection, words[0], words[1], headers, sent, body, 0);
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                return null;
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(UTF_8);
    }

    private static byte[] body(InputStream in, Map<String, String> headers) throws IOException {
        if (!"chunked".equalsIgnoreCase(headers.get("Transfer-Encoding"))) {
            return bytes(in, Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int size = chunkSize(in); size > 0; size = chunkSize(in)) {
            body.writeBytes(bytes(in, size));
            line(in);
        }
        line(in);
        return body.toByteArray();
    }

    private static int chunkSize(InputStream in) throws IOException {
        String size = line(in);
        if (size == null) {
            throw new EOFException();
        }
        return Integer.parseInt(size.split(";")[0].trim(), 16);
    }

    private static byte[] bytes(InputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }

    /** @return whether the connection can be used again */
    private boolean answer(Request request, Socket socket, OutputStream out) throws IOException {
        Answer answer;
        int now;
        synchronized (lock) {
            now = period;
            answer = refusal(request);
            if (answer == null) {
                answer = !next.isEmpty() ? next.remove() : failing.test(request) ? failure : new Answer.Status(200);
            }
            // before it is answered, so that it is here before the bridge reads the answer
            requests.add(answer instanceof Answer.Status status
                    ? request.answered(status.code)
                    : answer instanceof Answer.Page page
                            ? request.answered(page.status.code)
                            : answer instanceof Answer.Late ? request.answered(200) : request);
        }
        if (answer instanceof Answer.Late) {
            waitForTheEndOf(now);
            answer = new Answer.Status(200);
        }
        if (answer instanceof Answer.Status status) {
            // like some servers, it names the called URL in its error
            answer = new Answer.Page(status,
                    status.code == 200 ? "" : "{\"message\":\"" + request.path + " is wrong\"}");
        }
        if (answer instanceof Answer.Page page) {
            byte[] body = page.body.getBytes(UTF_8);
            out.write(head(page.status, body.length).getBytes(UTF_8));
            out.write(body);
            out.flush();
            return true;
        }
        if (answer instanceof Answer.Hang) {
            waitForTheEndOf(now);
        } else if (answer instanceof Answer.Reset) {
            socket.setSoLinger(true, 0);
        } else if (answer instanceof Answer.Truncated) {
            out.write("HTTP/1.1 200 OK\r\nContent-Le".getBytes(UTF_8));
            out.flush();
        }
        return false;
    }

    private void waitForTheEndOf(int aPeriod) {
        synchronized (lock) {
            while (period == aPeriod && !listener.isClosed()) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }
    }

    /** The reason that an HTTP source would reject the request. */
    private static Answer refusal(Request request) {
        String path = request.path.replaceFirst("\\?.*", "");
        boolean hasToken = path.equals(PATH + "/" + TOKEN)
                || path.equals(PATH) && TOKEN.equals(request.header("x-sumo-token"));
        if (!hasToken) {
            return new Answer.Status(401);
        }
        if (!"POST".equals(request.method)) {
            return new Answer.Status(405);
        }
        String type = request.headers.getOrDefault("Content-Type", "");
        if (!type.isEmpty() && !type.equals("application/x-www-form-urlencoded")) {
            return new Answer.Page(new Answer.Status(400), "{\"id\":\"E40YU-CU3Q7-RQDM7\",\"errors\":[{\"code\":"
                    + "\"header:invalid\",\"message\":\"Invalid Content-Type header: " + type + "\"}]}");
        }
        String[] fields = request.headers.getOrDefault("X-Sumo-Fields", "a=b").split(", ", -1);
        if (fields.length > 30 || !Stream.of(fields).allMatch(field -> field.matches("[^,=]+=[^,=]+"))) {
            return new Answer.Page(new Answer.Status(400), "Unable to parse X-Sumo-Fields header value");
        }
        return request.body.length > MAX_BYTES ? new Answer.Status(413) : null;
    }

    private static String head(Answer.Status status, int length) {
        StringBuilder head = new StringBuilder("HTTP/1.1 ").append(status.code).append(" Told so\r\n");
        for (int i = 0; i < status.headers.length; i += 2) {
            head.append(status.headers[i]).append(": ").append(status.headers[i + 1]).append("\r\n");
        }
        return head.append("Content-Length: ").append(length).append("\r\n\r\n").toString();
    }

    @Override
    public void close() {
        synchronized (lock) {
            try {
                listener.close();
                for (Socket socket : connections) {
                    socket.close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                lock.notifyAll();
            }
        }
    }
}
