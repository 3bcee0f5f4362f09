package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

/**
 * iLert's agent with its Edge Connector in HTTP mode, together with the events that iLert keeps for it. As the agent's
 * source has it: batches of 100, up to ten of them in a row, one event at a time and in order; after 429, 5xx, 3xx and
 * failures of the network the same event comes first at the next poll, after any other 4xx it is skipped for good. Only the
 * wait between polls is shorter than the 10 seconds of the agent. Thread-safe.
 */
public final class EdgeAgent implements AutoCloseable {

    public static final String ITEM_ID = "X-ilert-Edge-Item-Id";

    private static final int LIMIT = 100;
    private static final int MAX_BATCHES = 10;
    private static final long WAIT_MILLIS = 100;
    /** It writes the keys in the order of the alphabet. */
    private static final ObjectMapper JSON = new ObjectMapper()
            .configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ScheduledExecutorService polls = Executors.newSingleThreadScheduledExecutor();
    private final List<String> events = new ArrayList<>();
    private final Supplier<URI> url;
    private final String header;
    private volatile String secret;
    private volatile int cursor;
    private volatile int skipped;
    private volatile int retried;
    private volatile int status;

    /**
     * @param url    of the webhook, asked before each call: a program that is started again may have another port
     * @param header that the secret is sent in
     */
    public EdgeAgent(Supplier<URI> url, String header, String secret) {
        this.url = url;
        this.header = header;
        this.secret = secret;
        polls.scheduleWithFixedDelay(this::poll, 0, WAIT_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Adds events to those that iLert keeps. */
    public void add(List<String> more) {
        synchronized (events) {
            events.addAll(more);
        }
    }

    public void restartWith(String anotherSecret) {
        secret = anotherSecret;
    }

    /** It was killed after some events, before it had written its cursor. */
    public void forget(int last) {
        polls.execute(() -> cursor = Math.max(0, cursor - last));
    }

    /** How many events it is done with. */
    public int cursor() {
        return cursor;
    }

    /** How many events are lost for good. */
    public int skipped() {
        return skipped;
    }

    /** How many calls it has to make again. */
    public int retried() {
        return retried;
    }

    /** What its last call was answered; 0 if it was not answered. */
    public int status() {
        return status;
    }

    private void poll() {
        int batches = 0;
        List<String> batch;
        do {
            synchronized (events) {
                batch = List.copyOf(events.subList(cursor, Math.min(events.size(), cursor + LIMIT)));
            }
        } while (deliver(batch) && batch.size() == LIMIT && ++batches < MAX_BATCHES);
    }

    private boolean deliver(List<String> batch) {
        for (String event : batch) {
            status = post(event);
            boolean isClientError = status >= 400 && status < 500 && status != 429;
            if (!isClientError && (status < 200 || status >= 300)) {
                retried++;
                return false;
            }
            skipped += isClientError ? 1 : 0;
            cursor++;
        }
        return true;
    }

    private int post(String event) {
        try {
            HttpRequest call = HttpRequest.newBuilder(url.get()).timeout(Duration.ofSeconds(30))
                    .header("Content-Type", "application/json").header(header, secret)
                    .header(ITEM_ID, String.valueOf(cursor + 1))
                    .POST(HttpRequest.BodyPublishers.ofString(written(event))).build();
            return client.send(call, HttpResponse.BodyHandlers.discarding()).statusCode();
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    /** The event as the agent sends it: read, and written again. */
    public static String written(String event) {
        try {
            return JSON.writeValueAsString(JSON.readValue(event, Map.class));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        polls.shutdownNow();
    }
}
