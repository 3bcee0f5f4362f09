package io.ilertsumo.bridge.store.sqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.deadletter.AgeCheck;
import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.deadletter.DeadLetter.Filter;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.testing.LoggedLines;

/** Dead letters are kept within their bounds until they are discarded. */
class DeadLettersTest extends OutboxFixture {

    private static final long HOUR = TimeUnit.HOURS.toMillis(1);

    @Test
    void aDeadLetterIsKeptAsReceived() throws Exception {
        open(PLENTY);
        byte[] body = new byte[256];
        IntStream.range(0, 256).forEach(i -> body[i] = (byte) i);
        DeadLetter.Content content = new DeadLetter.Content("rejected", "Sumo Logic answered 400", 400,
                "{\"code\":\"bad\"}", "event", "alert-created", "express", "lifecycle", "gzip", body);
        Instant before = Instant.ofEpochMilli(System.currentTimeMillis());

        assertStored(keep(content));

        reopen(PLENTY);
        assertEquals(1, outbox.deadLetters().count());
        DeadLetter kept = outbox.deadLetters().get(1).orElseThrow();
        assertArrayEquals(body, kept.content().body());
        assertEquals(new DeadLetter(1, 1, kept.first(), kept.first(), 256,
                new DeadLetter.Content("rejected", "Sumo Logic answered 400", 400, "{\"code\":\"bad\"}", "event",
                        "alert-created", "express", "lifecycle", "gzip", kept.content().body())),
                kept);
        assertTrue(!kept.first().isBefore(before) && !kept.first().isAfter(Instant.now()));
        assertNull(list(Filter.ALL).get(0).content().body(), "a list has no bodies");
        assertEquals(Optional.empty(), outbox.deadLetters().get(2));
    }

    @ParameterizedTest
    @ValueSource(strings = { "body = CAST('DAMAGED' AS BLOB)", "reason = 'r'", "detail = 'd'", "status = 401",
            "answer = 'a'", "event_id = 'e'", "event_type = 't'", "lane = 'bulk'", "grp = 'other'", "encoding = 'gzip'",
            "checksum = checksum + 1" })
    void aDamagedDeadLetterIsSetAsideCountedAndNamedInTheLog(String damage) throws Exception {
        open(PLENTY);
        assertStored(keep(rejected("damaged", "damaged")));
        assertStored(keep(rejected("other", "other")));
        assertStored(keep(rejected("third", "third")));
        execute("UPDATE dead_letter SET " + damage + " WHERE id = 2");

        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            assertEquals(Optional.empty(), outbox.deadLetters().get(2));
            assertEquals(Optional.empty(), outbox.deadLetters().get(2));
            assertEquals(1, logged
                    .matching("ERROR The dead letter 2 is damaged and moved to the table damaged of .*outbox.db")
                    .size());
        }
        assertEquals(new LaneStore.Damage(1, 0), outbox.damage());
        assertEquals(1, number("SELECT count(*) FROM damaged WHERE id = 2 AND length(body) > 4"));
        assertTrue(outbox.deadLetters().get(3).isPresent());
        assertEquals(List.of(1L, 3L), list(Filter.ALL).stream().map(DeadLetter::id).toList());
        assertStored(discard(1L, 2L));
        reopen(PLENTY);
        assertEquals(1, outbox.deadLetters().count());
        assertEquals(new LaneStore.Damage(1, 0), outbox.damage());
    }

    /** Text that SQLite or UTF-8 may store otherwise. */
    @ParameterizedTest
    @ValueSource(strings = { "a\u0000b", "a\ud800", "", "\u20ac\ud83d\ude00" })
    void anyTextIsNoDamage(String text) throws Exception {
        open(PLENTY);
        assertStored(keep(new DeadLetter.Content(text, text, 400, text, text, text, text, text, text, new byte[1])));
        reopen(PLENTY);

        assertTrue(outbox.deadLetters().get(1).isPresent());
    }

    @Test
    void anEventHasOneDeadLetterHoweverOftenItIsKept() throws Exception {
        open(PLENTY);
        assertStored(keep(rejected("event", "first")));
        assertStored(keep(rejected("other event", "first")));
        DeadLetter before = outbox.deadLetters().get(1).orElseThrow();
        assertStored(keep(rejected("event", "second time")));
        assertStored(keep(unreadable("body")));
        assertStored(keep(unreadable("body")));

        assertEquals(3, outbox.deadLetters().count());
        List<DeadLetter> letters = list(Filter.ALL);
        assertEquals(List.of(1, 2, 2), letters.stream().map(DeadLetter::attempts).toList());
        DeadLetter after = outbox.deadLetters().get(letters.get(1).id()).orElseThrow();
        assertEquals(before.first(), after.first());
        assertEquals("second time", new String(after.content().body(), UTF_8));
        reopen(deadLetters(3, "first".length() + "second time".length() + "body".length()));
        assertEquals(3, outbox.deadLetters().count());
        assertStored(keep(rejected("event", "second time")));
        assertEquals(3, outbox.deadLetters().count(), "the replaced letter needs no room");
    }

    @Test
    void aReplayThatIsDoneDiscardsNoLetterThatWasKeptSince() throws Exception {
        open(PLENTY);
        assertStored(keep(rejected("event", "line")));
        long replayed = list(Filter.ALL).get(0).id();
        // the replayed event is delivered, and rejected, before the replay discards its letter
        assertStored(keep(rejected("event", "line")));

        assertStored(discard(replayed));

        assertEquals(List.of(2), list(Filter.ALL).stream().map(DeadLetter::attempts).toList());
    }

    @Test
    void theOldestAreEvictedBeyondTheBoundOfTheirNumber() throws Exception {
        Bounds bounds = deadLetters(3, 1L << 32);
        open(bounds);
        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            for (int i = 1; i <= 5; i++) {
                assertStored(keep(unreadable("" + i)));
                assertEquals(Math.min(i, 3), outbox.deadLetters().count());
            }
            assertEquals(2, logged.matching("WARN.*Evicted 1 dead letter.* 3 are kept").size());
        }
        assertEquals(2, outbox.deadLetters().evicted());
        reopen(bounds);
        assertStored(keep(unreadable("6")));

        assertEquals(List.of("4", "5", "6"), bodies());
        assertEquals(1, outbox.deadLetters().evicted());
    }

    @Test
    void theOldestAreEvictedBeyondTheBoundOfTheirBytes() throws Exception {
        Bounds bounds = deadLetters(1000, 10);
        open(bounds);
        assertStored(keep(unreadable("12345")));
        assertStored(keep(unreadable("abcde")));
        assertEquals(2, outbox.deadLetters().count());
        reopen(bounds);
        assertStored(keep(unreadable("x")));
        assertEquals(List.of(5, 1), list(Filter.ALL).stream().map(DeadLetter::size).toList());
        // larger than the bound: the newest is kept all the same
        assertStored(keep(unreadable("larger than ten bytes")));
        assertEquals(List.of(21), list(Filter.ALL).stream().map(DeadLetter::size).toList());
        assertStored(keep(unreadable("y")));
        assertEquals(List.of(1), list(Filter.ALL).stream().map(DeadLetter::size).toList());
    }

    @Test
    void theOrderOfEvictionIsThatOfTheLastKeepAtAnyTimeOfTheClock() throws Exception {
        open(deadLetters(3, 1L << 32));
        for (String body : List.of("1", "2", "3")) {
            assertStored(keep(unreadable(body)));
        }
        assertStored(keep(unreadable("1")));
        // as if the clock was set back between
        execute("UPDATE dead_letter SET last = -last");

        assertStored(keep(unreadable("4")));
        assertEquals(List.of("3", "1", "4"), bodies());
        assertStored(keep(unreadable("5")));
        assertEquals(List.of("1", "4", "5"), bodies());
    }

    @Test
    void lettersAreEvictedByAgeOnlyWhileTheClockRunsEvenly() throws Exception {
        open(PLENTY);
        assertStored(keep(unreadable("old")));
        assertStored(keep(unreadable("young")));
        closeOutbox();
        execute("UPDATE dead_letter SET last = id * 1000000000");
        try (Sql sql = Sql.open(directory.resolve("outbox.db"))) {
            Bounds bounds = new Bounds(1, 1, 0, 1, Duration.ZERO, 10, 100, Duration.ofMillis(500));
            DeadLetterTable table = new DeadLetterTable(null, bounds.in(directory), new AgeCheck(0, 0));
            table.open(sql);
            long now = 1_000_000_600L;

            evictAged(table, HOUR - 1, now);
            assertEquals(2, table.count(), "before an hour has passed");
            evictAged(table, HOUR, now);
            assertEquals(2, table.count(), "the clock was set forward");
            evictAged(table, 2 * HOUR, now + 2 * HOUR);
            assertEquals(2, table.count(), "and again");
            evictAged(table, 3 * HOUR, now + HOUR);
            assertEquals(2, table.count(), "the clock was set back");
            assertEquals(0, table.evicted());
            sql.update("BEGIN");
            table.evictAged(now + 2 * HOUR, TimeUnit.MILLISECONDS.toNanos(4 * HOUR));
            assertEquals(1, table.count());
            sql.update("ROLLBACK");
            table.open(sql);
            assertEquals(2, table.count(), "the transaction failed");
            evictAged(table, 5 * HOUR, now + 3 * HOUR);

            assertEquals(1, table.count());
            assertEquals(1, table.evicted());
            assertEquals(2, sql.number("SELECT min(id) FROM dead_letter"));
        }
    }

    private static void evictAged(DeadLetterTable table, long elapsedMillis, long nowMillis) throws Exception {
        table.evictAged(nowMillis, TimeUnit.MILLISECONDS.toNanos(elapsedMillis));
        table.committed();
    }

    @Test
    void noExecutorDelaysADeadLetter() throws Exception {
        outbox = new Outbox(PLENTY.in(directory), task -> {
            // its threads are occupied
        });

        assertStored(keep(unreadable("1")));
        assertStored(discard(1L));
    }

    @Test
    void whatIsDiscardedIsGone() throws Exception {
        open(PLENTY);
        assertStored(keep(unreadable("1")));
        assertStored(keep(unreadable("2")));

        assertStored(discard(1L));
        assertStored(discard(1L, 77L));

        assertEquals(List.of("2"), bodies());
        assertEquals(1, outbox.deadLetters().count());
        assertEquals(0, outbox.deadLetters().evicted());
        assertStored(keep(unreadable("1")));
        assertEquals(List.of(2L, 3L), list(Filter.ALL).stream().map(DeadLetter::id).toList());
    }

    @Test
    void manyAreDiscardedInOneCommit() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Result>> results = IntStream.range(0, 900).mapToObj(i -> keep(unreadable("" + i)))
                .toList();
        release.countDown();
        results.forEach(OutboxFixture::assertStored);
        List<Long> ids = LongStream.rangeClosed(1, 899).boxed().toList();
        // a commit for each would leave some behind if the last one fails
        execute("CREATE TRIGGER broken BEFORE DELETE ON dead_letter WHEN OLD.id = 899"
                + " BEGIN SELECT RAISE(ABORT, 'broken for the test'); END");

        assertInstanceOf(StoreException.class, get(discard(ids.toArray(Long[]::new))).failure());
        assertEquals(900, number("SELECT count(*) FROM dead_letter"));
        execute("DROP TRIGGER broken");
        assertStored(discard(ids.toArray(Long[]::new)));

        assertEquals(List.of(900L), list(Filter.ALL).stream().map(DeadLetter::id).toList());
        assertEquals(1, outbox.deadLetters().count());
    }

    @Test
    void aListIsFilteredAndPaged() throws Exception {
        open(PLENTY);
        assertStored(keep(rejected("a", "1")));
        assertStored(keep(unreadable("2")));
        assertStored(keep(rejected("b", "3")));
        assertStored(keep(rejected("c", "4")));
        execute("UPDATE dead_letter SET last = id * 1000, event_type = 'type ' || (id % 2)");

        assertEquals(List.of(1L, 3L, 4L), ids(new Filter("rejected", null, null, null)));
        assertEquals(List.of(2L, 4L), ids(new Filter(null, "type 0", null, null)));
        assertEquals(List.of(2L, 3L),
                ids(new Filter(null, null, Instant.ofEpochSecond(2), Instant.ofEpochSecond(4))));
        assertEquals(List.of(3L), ids(new Filter("rejected", "type 1", Instant.ofEpochSecond(2), null)));
        assertEquals(List.of(), ids(new Filter("' OR 1=1 --", null, null, null)));
        assertEquals(List.of(2L, 3L),
                outbox.deadLetters().list(Filter.ALL, 1, 2).stream().map(DeadLetter::id).toList());
    }

    @Test
    void aListReadsNoBodies() throws Exception {
        open(PLENTY);
        assertStored(keep(unreadable("x".repeat(100 * PAGE))));
        closeOutbox();
        // the body can't be read any more
        Path file = directory.resolve("outbox.db");
        byte[] bytes = Files.readAllBytes(file);
        String body = "x".repeat(PAGE / 2);
        for (int page = 0; page < bytes.length; page += PAGE) {
            if (new String(bytes, page + PAGE / 4, PAGE / 2, UTF_8).equals(body)) {
                Arrays.fill(bytes, page, page + PAGE, (byte) 0);
            }
        }
        Files.write(file, bytes);
        open(PLENTY);

        assertEquals(List.of(100 * PAGE), list(Filter.ALL).stream().map(DeadLetter::size).toList());
        assertThrows(StoreException.class, () -> outbox.deadLetters().get(1));
    }

    @Test
    void onAFullDiskALetterOfALaneIsKeptAndAnotherIsRejected() throws Exception {
        open(bounds(1000, 1L << 32, Long.MAX_VALUE));

        assertFull(keep(unreadable("1")));
        assertStored(keep(rejected("event", "line")));

        assertEquals(1, outbox.deadLetters().count());
    }

    @Test
    void aLetterWithoutAReasonIsRejectedAlone() throws Exception {
        open(PLENTY);
        List<CompletableFuture<Result>> results = new ArrayList<>();
        CountDownLatch release = holdWriter();
        results.add(append("lane", "g", "1", "1"));
        CompletableFuture<Result> bad = keep(
                new DeadLetter.Content(null, "why", null, null, null, null, null, null, null, new byte[1]));
        CompletableFuture<Result> empty = keep(
                new DeadLetter.Content("unreadable", "why", null, null, null, null, null, null, null, null));
        results.add(keep(unreadable("good")));
        release.countDown();

        results.forEach(OutboxFixture::assertStored);
        assertTrue(get(bad).failure().getMessage().contains("needs a reason"));
        assertTrue(get(empty).failure().getMessage().contains("needs a reason and a body"));
        assertEquals(1, outbox.deadLetters().count());
    }

    private List<DeadLetter> list(Filter filter) throws StoreException {
        return outbox.deadLetters().list(filter, 0, 1000);
    }

    private List<Long> ids(Filter filter) throws StoreException {
        return list(filter).stream().map(DeadLetter::id).toList();
    }

    private List<String> bodies() throws StoreException {
        List<String> bodies = new ArrayList<>();
        for (DeadLetter letter : list(Filter.ALL)) {
            bodies.add(new String(outbox.deadLetters().get(letter.id()).orElseThrow().content().body(), UTF_8));
        }
        return bodies;
    }
}
