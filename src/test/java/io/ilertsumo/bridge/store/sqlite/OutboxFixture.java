package io.ilertsumo.bridge.store.sqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.quarkus.runtime.configuration.MemorySize;

/** An outbox in a directory of its own, whose callbacks run on the thread that writes, so that a test can hold it. */
abstract class OutboxFixture {

    static final int ALL = Integer.MAX_VALUE;
    static final int PAGE = 8192;
    static final int MIB = 1024 * 1024;
    static final Bounds PLENTY = new Bounds(1_000_000, 1L << 32, 0, 100_000, Duration.ofDays(1), 1000, 1L << 32,
            Duration.ofDays(3650));

    @TempDir
    Path directory;
    Outbox outbox;
    private final Map<String, BatchSource> sources = new HashMap<>();
    private final AtomicInteger calledTwice = new AtomicInteger();

    /** The settings of an outbox that have bounds. */
    record Bounds(long events, long bytes, long freeDisk, int keys, Duration keyAge, long deadLetters,
            long deadLetterBytes, Duration deadLetterAge) {

        BridgeSettings in(Path directory) {
            Map<String, Object> settings = Map.of("outboxDirectory", directory, "outboxMaxEvents", events,
                    "outboxMaxBytes", size(bytes), "outboxMinFreeDisk", size(freeDisk), "idempotencyKeys", keys,
                    "idempotencyPeriod", keyAge, "deadLettersMax", deadLetters, "deadLettersMaxBytes",
                    size(deadLetterBytes), "deadLettersMaxAge", deadLetterAge);
            return (BridgeSettings) Proxy.newProxyInstance(BridgeSettings.class.getClassLoader(),
                    new Class<?>[]{ BridgeSettings.class }, (proxy, method, none) -> settings.get(method.getName()));
        }

        private static MemorySize size(long bytes) {
            return new MemorySize(BigInteger.valueOf(bytes));
        }
    }

    /** What a callback was called with. */
    record Result(boolean duplicate, Exception failure) {
    }

    /** An event to store; its ID is its text. */
    record Event(String group, String text) {
    }

    @AfterEach
    void close() {
        closeOutbox();
        assertEquals(0, calledTwice.get(), "callbacks that were called more than once");
    }

    static Bounds bounds(long events, long bytes, long freeDisk) {
        return new Bounds(events, bytes, freeDisk, 100, Duration.ofDays(1), 10, 1L << 32, Duration.ofDays(3650));
    }

    static Bounds window(int keys) {
        return new Bounds(1_000_000, 1L << 32, 0, keys, Duration.ofDays(3650), 10, 1L << 32, Duration.ofDays(3650));
    }

    static Bounds deadLetters(long count, long bytes) {
        return new Bounds(1000, 1L << 32, 0, 100, Duration.ofDays(1), count, bytes, Duration.ofDays(3650));
    }

    void open(Bounds bounds) throws StoreException {
        open(directory, bounds);
    }

    void open(Path place, Bounds bounds) throws StoreException {
        outbox = new Outbox(bounds.in(place), Runnable::run);
    }

    void closeOutbox() {
        sources.values().forEach(BatchSource::close);
        sources.clear();
        if (outbox != null) {
            outbox.close();
        }
    }

    void reopen(Bounds bounds) throws StoreException {
        closeOutbox();
        open(bounds);
    }

    StoreCallback completing(CompletableFuture<Result> result) {
        return (duplicate, failure) -> {
            if (!result.complete(new Result(duplicate, failure))) {
                calledTwice.incrementAndGet();
            }
        };
    }

    CompletableFuture<Result> append(String lane, String group, String id, String text) {
        return append(new LaneEvent(lane, group, id, null, null, false, text.getBytes(UTF_8)));
    }

    CompletableFuture<Result> append(LaneEvent event) {
        CompletableFuture<Result> result = new CompletableFuture<>();
        outbox.append(event, completing(result));
        return result;
    }

    CompletableFuture<Result> keep(DeadLetter.Content content) {
        CompletableFuture<Result> result = new CompletableFuture<>();
        outbox.deadLetters().keep(content, completing(result));
        return result;
    }

    CompletableFuture<Result> discard(Long... ids) {
        CompletableFuture<Result> result = new CompletableFuture<>();
        outbox.deadLetters().discard(List.of(ids), completing(result));
        return result;
    }

    static DeadLetter.Content rejected(String eventId, String line) {
        return new DeadLetter.Content("rejected", "why", 400, null, eventId, "alert-created", "express", "lifecycle",
                null,
                line.getBytes(UTF_8));
    }

    static DeadLetter.Content unreadable(String body) {
        return new DeadLetter.Content("unreadable", "why", null, null, null, null, null, null, null,
                body.getBytes(UTF_8));
    }

    void store(String lane, String group, String text) {
        assertStored(append(lane, group, text, text));
    }

    void storeAll(boolean inOneCommit, String... texts) throws Exception {
        Event[] events = Stream.of(texts).map(text -> new Event("lifecycle", text)).toArray(Event[]::new);
        if (inOneCommit) {
            commit("lane", events);
        } else {
            for (Event event : events) {
                commit("lane", event);
            }
        }
    }

    /** Stores events in one commit. */
    void commit(String lane, Event... events) throws Exception {
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Result>> results = Stream.of(events)
                .map(event -> append(lane, event.group(), event.text(), event.text())).toList();
        release.countDown();
        results.forEach(OutboxFixture::assertStored);
    }

    /** Holds the thread that writes: all that is written until the latch is released is one commit. */
    CountDownLatch holdWriter() {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        outbox.deadLetters().discard(List.of(), (duplicate, failure) -> {
            held.countDown();
            awaitLatch(release);
        });
        awaitLatch(held);
        return release;
    }

    static void awaitLatch(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    BatchSource source(String lane) throws StoreException {
        if (!sources.containsKey(lane)) {
            sources.put(lane, outbox.open(lane, ALL, ALL));
        }
        return sources.get(lane);
    }

    void closeSource(String lane) {
        sources.remove(lane).close();
    }

    Batch next(String lane) throws StoreException {
        return next(lane, ALL, ALL);
    }

    Batch next(String lane, int maxEvents, int maxBytes) throws StoreException {
        return source(lane).next(maxEvents, maxBytes);
    }

    void acknowledge(Batch batch) throws StoreException {
        source(batch.lane()).acknowledge(batch);
    }

    /** Acknowledges batch for batch, and returns the lines of each. */
    List<List<String>> drain(String lane, int maxEvents, int maxBytes) throws StoreException {
        List<List<String>> batches = new ArrayList<>();
        for (Batch batch = next(lane, maxEvents, maxBytes); batch != null; batch = next(lane, maxEvents, maxBytes)) {
            batches.add(lines(batch));
            acknowledge(batch);
        }
        return batches;
    }

    static List<String> lines(Batch batch) {
        return List.of(new String(batch.body(), UTF_8).split("\n", -1));
    }

    LaneStatus status(String lane) {
        return outbox.lanes().stream().filter(status -> status.name().equals(lane)).findFirst()
                .orElse(new OutboxLane(lane, outbox));
    }

    void assertPending(String lane, long events, long bytes) {
        assertEquals(events, status(lane).events(), "pending events of " + lane);
        assertEquals(bytes, status(lane).bytes(), "pending bytes of " + lane);
    }

    static Result get(CompletableFuture<Result> result) {
        try {
            return result.get(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("A callback was not called", e);
        }
    }

    static void assertStored(CompletableFuture<Result> result) {
        assertEquals(new Result(false, null), get(result));
    }

    static void assertDuplicate(CompletableFuture<Result> result) {
        assertEquals(new Result(true, null), get(result));
    }

    static void assertFull(CompletableFuture<Result> result) {
        String message = assertInstanceOf(StoreException.class, get(result).failure()).getMessage();
        assertTrue(message.matches("The .*outbox is full|Too many events are queued .*"), message);
    }

    /** The files as a crash leaves them. */
    Path copyFiles(String name) throws IOException {
        Path copy = Files.createDirectory(directory.resolve(name));
        for (String file : List.of("outbox.db", "outbox.db-wal", "outbox.db-shm")) {
            Files.copy(directory.resolve(file), copy.resolve(file));
        }
        return copy;
    }

    private static Connection connect(Path place) throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + place.resolve("outbox.db"));
    }

    void execute(String sql) throws SQLException {
        execute(directory, sql);
    }

    static void execute(Path place, String sql) throws SQLException {
        try (Connection connection = connect(place); Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    long number(String query) throws SQLException {
        return number(directory, query);
    }

    static long number(Path place, String query) throws SQLException {
        try (Connection connection = connect(place);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            return row.next() ? row.getLong(1) : 0;
        }
    }
}
