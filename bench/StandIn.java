import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

/**
 * Stands in for a Sumo Logic HTTP source and counts events: {@code java bench/StandIn.java [PORT]}. Prints its port to
 * standard output.
 *
 * <ul>
 * <li>{@code POST /receiver/…} receives a batch and answers 200; while paused it answers 503
 * <li>{@code POST /pause}, {@code POST /resume}
 * <li>{@code POST /reset?until=N} starts a new measurement, whose rate is that of the first N events (0: of all); the IDs
 * of received events are kept
 * <li>{@code GET /stats}
 * </ul>
 */
public final class StandIn {

    private static final byte[] EVENT_ID = "\"eventId\":\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SENT_MICROS = "\"sentMicros\":".getBytes(StandardCharsets.US_ASCII);
    private static final int UUID_LENGTH = 36;

    /** The numbers of received events, by run and thread of the load generator. */
    private final Map<Long, BitSet> ids = new HashMap<>();
    private long distinct;
    private long duplicates;
    private long foreign;

    private long until;
    private long events;
    private long batches;
    private long bytes;
    private long plainBytes;
    private long first;
    private long eventsOfFirst;
    private long last;
    private long eventsAtLast;
    private Latencies latencies = new Latencies();

    private volatile boolean paused;

    public static void main(String[] args) throws IOException {
        // without it, an answer may wait for the acknowledgement of the previous one
        System.setProperty("sun.net.httpserver.nodelay", "true");
        int port = args.length == 0 ? 0 : Integer.parseInt(args[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        StandIn standIn = new StandIn();
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/receiver/", standIn::receive);
        server.createContext("/pause", exchange -> standIn.pause(exchange, true));
        server.createContext("/resume", exchange -> standIn.pause(exchange, false));
        server.createContext("/reset", standIn::reset);
        server.createContext("/stats", standIn::stats);
        server.start();
        System.out.println("port=" + server.getAddress().getPort());
    }

    private void receive(HttpExchange exchange) throws IOException {
        byte[] sent = exchange.getRequestBody().readAllBytes();
        long now = micros();
        if (paused) {
            answer(exchange, 503, "");
            return;
        }
        byte[] plain;
        String encoding = String.valueOf(exchange.getRequestHeaders().getFirst("Content-Encoding"));
        try (InputStream in = switch (encoding.toLowerCase(Locale.ROOT)) {
            case "gzip" -> new GZIPInputStream(new ByteArrayInputStream(sent), 64 * 1024);
            case "deflate" -> new InflaterInputStream(new ByteArrayInputStream(sent));
            default -> new ByteArrayInputStream(sent);
        }) {
            plain = in.readAllBytes();
        } catch (IOException e) {
            System.out.println("A body of " + sent.length + " bytes is not " + encoding + ": " + e);
            answer(exchange, 400, "");
            return;
        }
        count(plain, sent.length, now);
        answer(exchange, 200, "");
    }

    private synchronized void count(byte[] plain, int sentBytes, long now) {
        long before = events;
        int start = 0;
        for (int i = 0; i <= plain.length; i++) {
            if (i == plain.length || plain[i] == '\n') {
                if (i > start) {
                    countLine(plain, start, i, now);
                }
                start = i + 1;
            }
        }
        batches++;
        bytes += sentBytes;
        plainBytes += plain.length;
        if (first == 0) {
            first = now;
            eventsOfFirst = events;
        }
        if (until == 0 || before < until) {
            last = Math.max(last, now);
            eventsAtLast = events;
        }
    }

    private void countLine(byte[] plain, int start, int end, long now) {
        events++;
        int id = behind(EVENT_ID, plain, start, end);
        if (id < 0 || id + UUID_LENGTH > end) {
            foreign++;
        } else {
            try {
                String uuid = new String(plain, id, UUID_LENGTH, StandardCharsets.ISO_8859_1);
                long thread = Long.parseLong(uuid, 0, 8, 16) << 16 | Long.parseLong(uuid, 9, 13, 16);
                int number = Integer.parseInt(uuid, 24, UUID_LENGTH, 16);
                BitSet received = ids.computeIfAbsent(thread, k -> new BitSet());
                if (received.get(number)) {
                    duplicates++;
                } else {
                    received.set(number);
                    distinct++;
                }
            } catch (NumberFormatException e) {
                foreign++;
            }
        }
        int at = behind(SENT_MICROS, plain, start, end);
        if (at >= 0) {
            long sent = 0;
            while (at < end && plain[at] >= '0' && plain[at] <= '9') {
                sent = 10 * sent + plain[at++] - '0';
            }
            latencies.add(now - sent);
        }
    }

    /** Returns the index behind the first occurrence, or -1. */
    private static int behind(byte[] wanted, byte[] in, int start, int end) {
        for (int i = start; i + wanted.length <= end; i++) {
            int same = 0;
            while (same < wanted.length && in[i + same] == wanted[same]) {
                same++;
            }
            if (same == wanted.length) {
                return i + same;
            }
        }
        return -1;
    }

    private void pause(HttpExchange exchange, boolean pause) throws IOException {
        paused = pause;
        stats(exchange);
    }

    private void reset(HttpExchange exchange) throws IOException {
        String query = exchange.getRequestURI().getQuery();
        synchronized (this) {
            until = query == null ? 0 : Long.parseLong(query.substring("until=".length()));
            events = batches = bytes = plainBytes = first = eventsOfFirst = last = eventsAtLast = 0;
            latencies = new Latencies();
        }
        stats(exchange);
    }

    private void stats(HttpExchange exchange) throws IOException {
        exchange.getRequestBody().readAllBytes();
        String stats;
        synchronized (this) {
            double seconds = (last - first) / 1e6;
            stats = String.format(Locale.ROOT,
                    "{\"paused\":%b,\"distinct\":%d,\"duplicates\":%d,\"foreign\":%d,\"events\":%d,\"batches\":%d,"
                            + "\"bytes\":%d,\"plainBytes\":%d,\"rate\":%.0f,\"seconds\":%.3f,\"latencies\":%d,"
                            + "\"p50Micros\":%d,\"p99Micros\":%d,\"maxMicros\":%d}%n",
                    paused, distinct, duplicates, foreign, events, batches, bytes, plainBytes,
                    seconds == 0 ? 0 : (eventsAtLast - eventsOfFirst) / seconds, seconds,
                    latencies.count, latencies.percentile(50), latencies.percentile(99), latencies.max);
        }
        answer(exchange, 200, stats);
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.US_ASCII);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static long micros() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }

    /** A histogram with buckets that are at most 1/64 of their value wide. */
    private static final class Latencies {

        private static final int BITS = 6;

        private final long[] buckets = new long[(Long.SIZE - BITS) << BITS];
        private long count;
        private long max;

        void add(long micros) {
            long value = Math.max(0, micros);
            int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(value) - BITS - 1);
            buckets[(shift << BITS) + (int) (value >>> shift)]++;
            max = Math.max(max, value);
            count++;
        }

        long percentile(int percent) {
            long wanted = (count * percent + 99) / 100;
            long seen = 0;
            for (int bucket = 0; bucket < buckets.length; bucket++) {
                seen += buckets[bucket];
                if (seen >= wanted && seen > 0) {
                    int shift = Math.max(0, (bucket >> BITS) - 1);
                    return (long) (bucket - (shift << BITS)) << shift;
                }
            }
            return 0;
        }
    }
}
