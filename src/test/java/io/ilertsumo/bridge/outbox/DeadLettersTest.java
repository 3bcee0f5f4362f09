package io.ilertsumo.bridge.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.deadletter.DeadLetter.Filter;
import io.ilertsumo.bridge.deadletter.DeadLetterGoneException;
import io.ilertsumo.bridge.deadletter.DeadLetters;
import io.ilertsumo.bridge.deadletter.Undeliverable;
import io.ilertsumo.bridge.lane.LaneException;
import io.ilertsumo.bridge.lane.LaneFullException;
import io.ilertsumo.bridge.lane.Outcome;
import io.ilertsumo.bridge.outbox.OutboxFile.Bounds;
import io.ilertsumo.bridge.outbox.OutboxFile.DeadLetterBounds;

/** Dead letters are kept within their bounds, and each is replayed or discarded once. */
class DeadLettersTest {

    private static final Filter ALL = new Filter(null, null, null, null);
    private static final DeadLetterBounds PLENTY = new DeadLetterBounds(1000, 1L << 32, Long.MAX_VALUE / 2, 3_600_000);

    @TempDir
    Path directory;

    private OutboxFile outbox;

    @AfterEach
    void close() {
        outbox.close();
    }

    @Test
    void whatCanNotBeDeliveredIsKeptAsItCame() throws Exception {
        open(PLENTY);
        byte[] body = new byte[256];
        IntStream.range(0, 256).forEach(i -> body[i] = (byte) i);
        Undeliverable undeliverable = new Undeliverable("refused-by-sumo", "Sumo Logic answered 400", 400,
                "{\"code\":\"bad\"}", "event", "alert-created", "express", "lifecycle", "gzip", body);
        Instant before = Instant.ofEpochMilli(System.currentTimeMillis());

        keep(undeliverable);

        reopen(PLENTY);
        assertEquals(1, outbox.kept());
        DeadLetter kept = get(1);
        assertArrayEquals(body, kept.content().body());
        assertEquals(new DeadLetter(1, 1, kept.first(), kept.first(), 256,
                new Undeliverable("refused-by-sumo", "Sumo Logic answered 400", 400, "{\"code\":\"bad\"}", "event",
                        "alert-created", "express", "lifecycle", "gzip", kept.content().body())),
                kept);
        assertTrue(!kept.first().isBefore(before) && !kept.first().isAfter(Instant.now()));
        assertNull(list(ALL).get(0).content().body(), "a list has no bodies");
    }

    @Test
    void theSameEventIsOneDeadLetterHoweverOftenItBecomesOne() throws Exception {
        open(PLENTY);
        keep(refused("event", "first"));
        keep(refused("other event", "first"));
        DeadLetter before = get(1);
        keep(refused("event", "second time"));
        keep(unreadable("body"));
        keep(unreadable("body"));

        assertEquals(3, outbox.kept());
        DeadLetter after = get(1);
        assertEquals(2, after.attempts());
        assertEquals(before.first(), after.first());
        assertEquals("second time", new String(after.content().body(), UTF_8));
        assertEquals(List.of(2, 1, 2), list(ALL).stream().map(DeadLetter::attempts).toList());
    }

    @Test
    void theOldestMakeRoomForNewOnesWithinTheBoundOfTheirNumber() throws Exception {
        DeadLetterBounds bounds = new DeadLetterBounds(3, 1L << 32, Long.MAX_VALUE / 2, 3_600_000);
        open(bounds);
        for (int i = 1; i <= 5; i++) {
            keep(unreadable("" + i));
            assertEquals(Math.min(i, 3), outbox.kept());
        }
        assertEquals(2, outbox.dropped());
        reopen(bounds);
        keep(unreadable("6"));

        assertEquals(List.of(4L, 5L, 6L), list(ALL).stream().map(DeadLetter::id).toList());
        assertEquals(1, outbox.dropped());
    }

    @Test
    void theOldestMakeRoomForNewOnesWithinTheBoundOfTheirBytes() throws Exception {
        DeadLetterBounds bounds = new DeadLetterBounds(1000, 10, Long.MAX_VALUE / 2, 3_600_000);
        open(bounds);
        keep(unreadable("12345"));
        keep(unreadable("abcde"));
        assertEquals(2, outbox.kept());
        reopen(bounds);
        keep(unreadable("x"));
        assertEquals(List.of(5, 1), list(ALL).stream().map(DeadLetter::size).toList());
        // larger than all there may be: the newest is kept whatever it takes
        keep(unreadable("larger than ten bytes"));
        assertEquals(List.of(21), list(ALL).stream().map(DeadLetter::size).toList());
        keep(unreadable("y"));
        assertEquals(List.of(1), list(ALL).stream().map(DeadLetter::size).toList());
    }

    @Test
    void whatIsTooOldIsThrownAwayAndCounted() throws Exception {
        open(PLENTY);
        keep(unreadable("old"));
        keep(unreadable("young"));
        outbox.close();
        execute("UPDATE dead_letter SET last = last - 100000 WHERE id = 1");

        open(new DeadLetterBounds(1000, 1L << 32, 50_000, 10));

        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> outbox.kept() == 1);
        assertEquals(List.of(2L), list(ALL).stream().map(DeadLetter::id).toList());
        assertEquals(1, outbox.dropped());
    }

    @Test
    void aReplayIsInItsLaneAndNoDeadLetterAnyMoreInOneCommit() throws Exception {
        open(PLENTY);
        keep(refused("event", "line"));

        assertNull(replay(1, "event", "line"));

        assertEquals(0, outbox.kept());
        assertEquals(1, outbox.lane("express").events());
        reopen(PLENTY);
        assertEquals(0, outbox.kept());
        assertEquals(1, outbox.lane("express").events());
        assertEquals(true, append("event", "line").repeated(), "known by its key from now on");
    }

    @Test
    void whatIsKnownAlreadyIsReplayedAllTheSame() throws Exception {
        open(PLENTY);
        assertEquals(new Told(false, null), append("event", "line"));
        keep(refused("event", "line"));

        assertNull(replay(1, "event", "line"));

        assertEquals(2, outbox.lane("express").events());
    }

    @Test
    void aDeadLetterIsReplayedOnce() throws Exception {
        open(PLENTY);
        keep(refused("event", "line"));

        assertNull(replay(1, "event", "line"));
        assertInstanceOf(DeadLetterGoneException.class, replay(1, "event", "line"));

        assertEquals(1, outbox.lane("express").events());
        reopen(PLENTY);
        assertInstanceOf(DeadLetterGoneException.class, replay(1, "event", "line"));
        assertEquals(1, outbox.lane("express").events());
    }

    @Test
    void aReplayThatFindsNoRoomLeavesTheDeadLetterWhereItIs() throws Exception {
        outbox = OutboxFile.open(directory, new Bounds(1, 1L << 32, 0, 100, 86_400_000, PLENTY), Runnable::run);
        append("waits", "already");
        keep(refused("event", "line"));

        assertInstanceOf(LaneFullException.class, replay(1, "event", "line"));

        assertEquals(1, outbox.kept());
        assertEquals("line", new String(get(1).content().body(), UTF_8));
    }

    @Test
    void aReplayWhoseCommitFailsLeavesTheDeadLetterWhereItIs() throws Exception {
        open(PLENTY);
        keep(refused("event", "line"));
        execute("CREATE TRIGGER broken BEFORE INSERT ON seen BEGIN SELECT RAISE(ABORT, 'broken for the test'); END");

        assertInstanceOf(LaneException.class, replay(1, "event", "line"));

        assertEquals(1, outbox.kept());
        assertEquals(1, list(ALL).size());
        assertEquals(0, outbox.lane("express").events());
        execute("DROP TRIGGER broken");
        assertNull(replay(1, "event", "line"));
        assertEquals(0, outbox.kept());
    }

    @Test
    void whatIsDiscardedIsGone() throws Exception {
        open(PLENTY);
        keep(unreadable("1"));
        keep(unreadable("2"));

        assertNull(discard(1));
        assertInstanceOf(DeadLetterGoneException.class, discard(1));

        assertEquals(List.of(2L), list(ALL).stream().map(DeadLetter::id).toList());
        assertEquals(1, outbox.kept());
        assertEquals(0, outbox.dropped());
    }

    @Test
    void aListIsFilteredAndPaged() throws Exception {
        open(PLENTY);
        keep(refused("a", "1"));
        keep(unreadable("2"));
        keep(refused("b", "3"));
        keep(refused("c", "4"));
        execute("UPDATE dead_letter SET last = id * 1000, event_type = 'type ' || (id % 2)");

        assertEquals(List.of(1L, 3L, 4L), ids(new Filter("refused-by-sumo", null, null, null)));
        assertEquals(List.of(2L, 4L), ids(new Filter(null, "type 0", null, null)));
        assertEquals(List.of(2L, 3L),
                ids(new Filter(null, null, Instant.ofEpochSecond(2), Instant.ofEpochSecond(4))));
        assertEquals(List.of(3L), ids(new Filter("refused-by-sumo", "type 1", Instant.ofEpochSecond(2), null)));
        assertEquals(List.of(), ids(new Filter("' OR 1=1 --", null, null, null)));
        try (DeadLetters letters = outbox.open()) {
            assertEquals(List.of(2L, 3L), letters.list(ALL, 1, 2).stream().map(DeadLetter::id).toList());
        }
    }

    @Test
    void onAFullDiskWhatComesFromOutsideIsRefusedAndWhatComesFromALaneIsKept() throws Exception {
        outbox = OutboxFile.open(directory, new Bounds(1000, 1L << 32, Long.MAX_VALUE, 100, 86_400_000, PLENTY),
                Runnable::run);

        assertInstanceOf(LaneFullException.class, told(outcome -> outbox.keep(unreadable("1"), outcome)).failure());
        keep(refused("event", "line"));

        assertEquals(1, outbox.kept());
    }

    @Test
    void aFileOfTheFirstVersionKeepsItsDeadLetters() throws Exception {
        open(PLENTY);
        outbox.close();
        execute("DROP TABLE dead_letter");
        execute("CREATE TABLE dead_letter (id INTEGER PRIMARY KEY AUTOINCREMENT, kept INTEGER NOT NULL,"
                + " reason TEXT NOT NULL, detail TEXT, body BLOB)");
        execute("INSERT INTO dead_letter VALUES (3, 1000, 'unreadable', 'why', x'31'), (7, 2000, 'unreadable', NULL, x'32')");
        execute("PRAGMA user_version = 1");

        open(PLENTY);

        assertEquals(List.of(3L, 7L), list(ALL).stream().map(DeadLetter::id).toList());
        assertEquals(Instant.ofEpochSecond(1), get(3).first());
        assertEquals("2", new String(get(7).content().body(), UTF_8));
        keep(unreadable("3"));
        assertEquals(3, outbox.kept());
    }

    // helpers

    private record Told(boolean repeated, Exception failure) {
    }

    @FunctionalInterface
    private interface Write {
        void begin(Outcome outcome) throws Exception;
    }

    private static Told told(Write write) throws Exception {
        CompletableFuture<Told> told = new CompletableFuture<>();
        write.begin((repeated, failure) -> told.complete(new Told(repeated, failure)));
        return told.get(10, TimeUnit.SECONDS);
    }

    private void open(DeadLetterBounds bounds) throws LaneException {
        outbox = OutboxFile.open(directory, new Bounds(1000, 1L << 32, 0, 100, 86_400_000, bounds), Runnable::run);
    }

    private void reopen(DeadLetterBounds bounds) throws LaneException {
        outbox.close();
        open(bounds);
    }

    private static Undeliverable refused(String eventId, String line) {
        return new Undeliverable("refused-by-sumo", "why", 400, null, eventId, "alert-created", "express", "lifecycle",
                null, line.getBytes(UTF_8));
    }

    private static Undeliverable unreadable(String body) {
        return new Undeliverable("unreadable", "why", null, null, null, null, null, null, null, body.getBytes(UTF_8));
    }

    private void keep(Undeliverable undeliverable) throws Exception {
        assertEquals(new Told(false, null), told(outcome -> outbox.keep(undeliverable, outcome)));
    }

    private Told append(String key, String line) throws Exception {
        return told(outcome -> outbox.append("express", "lifecycle", key, null, line.getBytes(UTF_8), outcome));
    }

    private Exception replay(long id, String key, String line) throws Exception {
        return told(outcome -> outbox.replay(id, "express", "lifecycle", key, null, line.getBytes(UTF_8), outcome))
                .failure();
    }

    private Exception discard(long id) throws Exception {
        return told(outcome -> outbox.discard(id, outcome)).failure();
    }

    private List<DeadLetter> list(Filter filter) throws Exception {
        try (DeadLetters letters = outbox.open()) {
            return letters.list(filter, 0, 1000);
        }
    }

    private List<Long> ids(Filter filter) throws Exception {
        List<Long> listed = list(filter).stream().map(DeadLetter::id).toList();
        try (DeadLetters letters = outbox.open()) {
            assertEquals(listed, letters.ids(filter));
        }
        return listed;
    }

    private DeadLetter get(long id) throws Exception {
        try (DeadLetters letters = outbox.open()) {
            return letters.get(id).orElseThrow();
        }
    }

    private void execute(String sql) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("outbox.db"));
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
