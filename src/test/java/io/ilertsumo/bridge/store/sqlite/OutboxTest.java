package io.ilertsumo.bridge.store.sqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sqlite.SQLiteConnection;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.testing.LoggedLines;

/** Events are stored once, come in batches, and are removed once they are acknowledged. */
class OutboxTest extends OutboxFixture {

    // append, next, acknowledge

    @Test
    void anEventIsStoredReadAndRemoved() throws Exception {
        open(PLENTY);

        store("express", "lifecycle", "{\"eventId\":\"é\"}");

        Batch batch = next("express");
        assertEquals("express", batch.lane());
        assertEquals("lifecycle", batch.group());
        assertEquals(1, batch.events());
        assertArrayEquals("{\"eventId\":\"é\"}".getBytes(UTF_8), batch.body());
        assertPending("express", 1, batch.body().length + 1);

        acknowledge(batch);

        assertNull(next("express"));
        assertPending("express", 0, 0);
        assertEquals(0, number("SELECT count(*) FROM event"));
    }

    @Test
    void anEmptyOutboxHasNoEvents() throws Exception {
        open(PLENTY);

        assertEquals(List.of(), List.copyOf(outbox.lanes()));
        assertNull(next("express"));
        assertPending("express", 0, 0);
        assertEquals(0, status("express").age());
        assertEquals(0, source("express").oldest());
    }

    @Test
    void aBatchThatIsNotAcknowledgedComesAgain() throws Exception {
        open(PLENTY);
        store("express", "g", "1");
        store("express", "h", "2");

        assertEquals(List.of("1"), lines(next("express")));
        assertEquals(List.of("1"), lines(next("express")));
    }

    @Test
    void lanesAreIndependent() throws Exception {
        open(PLENTY);
        store("express", "g", "1");
        store("bulk", "g", "22");

        assertEquals(List.of("22"), lines(next("bulk")));
        acknowledge(next("express"));

        assertPending("express", 0, 0);
        assertPending("bulk", 1, 3);
        assertEquals(List.of("22"), lines(next("bulk")));
    }

    @Test
    void lanesAreThoseWithAConsumerOrPendingEvents() throws Exception {
        open(PLENTY);
        store("pending", "g", "1");
        source("consumed");
        store("neither", "g", "2");
        acknowledge(next("neither"));
        closeSource("neither");

        assertEquals(Map.of("pending", false, "consumed", true),
                outbox.lanes().stream().collect(Collectors.toMap(LaneStatus::name, LaneStatus::isConsumed)));
    }

    @Test
    void theAgeOfALaneIsThatOfItsOldestPendingEvent() throws Exception {
        open(PLENTY);
        long before = System.currentTimeMillis();
        store("express", "g", "1");
        long after = System.currentTimeMillis();
        Awaitility.await().until(() -> System.currentTimeMillis() > after + 10);
        store("express", "g", "2");
        store("express", "h", "3");

        long accepted = next("express").parts().get(0).accepted();
        assertTrue(accepted >= before && accepted <= after);
        assertEquals(accepted, source("express").oldest());
        assertTrue(status("express").age() > 10);
        reopen(PLENTY);
        assertEquals(accepted, source("express").oldest());

        acknowledge(next("express", 1, ALL));
        assertTrue(source("express").oldest() > after);
        drain("express", ALL, ALL);
        assertEquals(0, source("express").oldest());
        assertEquals(0, status("express").age());
    }

    @Test
    void aCommitEndsTheWaitForEvents() throws Exception {
        open(PLENTY);
        store("events", "g", "1");
        store("bytes", "g", "5");
        BatchSource events = source("events");
        BatchSource bytes = source("bytes");
        CompletableFuture<Boolean> two = CompletableFuture.supplyAsync(() -> await(events, 2, ALL, 60_000));
        CompletableFuture<Boolean> fourBytes = CompletableFuture.supplyAsync(() -> await(bytes, ALL, 4, 60_000));
        store("other", "g", "2");
        assertFalse(two.isDone() || fourBytes.isDone());

        store("events", "h", "3");
        store("bytes", "h", "4");

        assertTrue(two.get(10, TimeUnit.SECONDS));
        assertTrue(fourBytes.get(10, TimeUnit.SECONDS));
        assertFalse(await(events, 3, ALL, 1));
    }

    @Test
    void aWakeEndsAWaitAlsoIfItComesFirst() throws Exception {
        open(PLENTY);
        BatchSource source = source("lane");

        source.wake();
        assertFalse(await(source, 1, 1, 60_000));
        CompletableFuture<Boolean> waits = CompletableFuture.supplyAsync(() -> await(source, 1, 1, 60_000));
        Awaitility.await().until(() -> {
            source.wake();
            return waits.isDone();
        });
    }

    private static boolean await(BatchSource source, int events, int bytes, long millis) {
        try {
            return source.await(events, bytes, millis);
        } catch (StoreException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aLaneHasOneConsumerAtATime() throws Exception {
        open(PLENTY);
        source("lane");

        StoreException e = assertThrows(StoreException.class, () -> outbox.open("lane", 1, 1));
        assertTrue(e.getMessage().contains("lane has a consumer"), e.getMessage());
        assertTrue(status("lane").isConsumed());

        closeSource("lane");
        assertFalse(status("lane").isConsumed());
        source("lane");
    }

    @Test
    void anEventIsOneLine() throws Exception {
        open(PLENTY);

        assertInstanceOf(StoreException.class, get(append("lane", "g", "id", "1\n2")).failure());

        assertPending("lane", 0, 0);
        assertStored(append("lane", "g", "id", "1"));
    }

    // the bounds of a batch

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void aBatchHasAtMostMaxEvents(boolean inOneCommit) throws Exception {
        open(PLENTY);
        storeAll(inOneCommit, "1", "2", "3", "4", "5");

        assertEquals(List.of("1"), lines(next("lane", 1, ALL)));
        assertEquals(List.of("1", "2", "3", "4", "5"), lines(next("lane", 5, ALL)));
        assertEquals(List.of("1", "2", "3", "4", "5"), lines(next("lane", 6, ALL)));

        assertEquals(List.of(List.of("1", "2", "3"), List.of("4", "5")), drain("lane", 3, ALL));
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void aBatchHasAtMostMaxBytesToTheByte(boolean inOneCommit) throws Exception {
        open(PLENTY);
        storeAll(inOneCommit, "aaa", "bbb", "ccc", "ddd");

        // 3 bytes each, and a line break between two
        assertEquals(List.of("aaa"), lines(next("lane", ALL, 3)));
        assertEquals(List.of("aaa"), lines(next("lane", ALL, 6)));
        assertEquals(List.of("aaa", "bbb"), lines(next("lane", ALL, 7)));
        assertEquals(List.of("aaa", "bbb", "ccc"), lines(next("lane", ALL, 14)));
        assertEquals(List.of("aaa", "bbb", "ccc", "ddd"), lines(next("lane", ALL, 15)));

        assertEquals(List.of(List.of("aaa", "bbb"), List.of("ccc", "ddd")), drain("lane", ALL, 10));
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void anEventLargerThanABatchIsABatchAlone(boolean inOneCommit) throws Exception {
        open(PLENTY);
        storeAll(inOneCommit, "a", "b".repeat(100), "c".repeat(99), "d", "e");

        assertEquals(List.of(List.of("a"), List.of("b".repeat(100)), List.of("c".repeat(99)), List.of("d", "e")),
                drain("lane", ALL, 50));
        assertPending("lane", 0, 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void anEventOfAMebibyteIsStoredLikeAnyOther(boolean inOneCommit) throws Exception {
        open(PLENTY);
        String large = "é".repeat(MIB / 2 - 1) + "ab";
        String other = "ü".repeat(MIB / 2 - 1) + "ab";
        storeAll(inOneCommit, "1", large, "2", other, "3");

        assertEquals(List.of("1", large, "2", other, "3"), lines(next("lane")));
        assertEquals(List.of(List.of("1"), List.of(large), List.of("2"), List.of(other), List.of("3")),
                drain("lane", ALL, MIB));
    }

    @Test
    void anEventLargerThanTheQueueIsStored() throws Exception {
        open(PLENTY);
        String large = "x".repeat(CommitLoop.MAX_QUEUED_BYTES + 1);

        store("lane", "g", large);

        assertEquals(large.length(), next("lane").body().length);
    }

    @Test
    void aLargeCommitKeepsItsOrderInSeveralRows() throws Exception {
        open(PLENTY);
        String[] events = IntStream.range(0, 600).mapToObj(i -> i + "-" + "x".repeat(2000)).toArray(String[]::new);

        storeAll(true, events);

        assertTrue(number("SELECT count(*) FROM event") > 3);
        assertTrue(number("SELECT max(length(body)) FROM event") <= 256 * 1024);
        assertEquals(List.of(events), lines(next("lane")));
    }

    @Test
    void aBatchEndsWithoutALineBreak() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2");
        store("lane", "lifecycle", "3");

        assertEquals("1", new String(next("lane", 1, ALL).body(), UTF_8));
        assertEquals("1\n2", new String(next("lane", 2, ALL).body(), UTF_8));
        assertEquals("1\n2\n3", new String(next("lane", 3, ALL).body(), UTF_8));
    }

    @Test
    void aPartOfABatchIsTheEventsOfOneCommit() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2", "3");
        storeAll(true, "4");

        assertEquals(List.of(3, 1), next("lane").parts().stream().map(Batch.Part::events).toList());
        acknowledge(next("lane", 1, ALL));
        assertEquals(List.of(2, 1), next("lane").parts().stream().map(Batch.Part::events).toList());
    }

    @Test
    void everyBatchIsAsLargeAsItsBoundsAllow() throws Exception {
        Random random = new Random(1);
        open(PLENTY);
        LinkedList<String> left = new LinkedList<>();
        for (int i = 0; i < 40; i++) {
            String[] events = IntStream.range(0, 1 + random.nextInt(12))
                    .mapToObj(n -> left.size() + n + "-" + "x".repeat(random.nextInt(200)))
                    .toArray(String[]::new);
            storeAll(true, events);
            left.addAll(List.of(events));
        }

        while (!left.isEmpty()) {
            int maxEvents = 1 + random.nextInt(25);
            int maxBytes = 1 + random.nextInt(2000);
            List<String> expected = new ArrayList<>();
            int bytes = -1;
            for (String event : left) {
                bytes += event.length() + 1;
                if (expected.size() == maxEvents || bytes > maxBytes && !expected.isEmpty()) {
                    break;
                }
                expected.add(event);
            }

            Batch batch = next("lane", maxEvents, maxBytes);

            assertEquals(expected, lines(batch));
            assertEquals(expected.size(), batch.events());
            // a batch that is not delivered is read again, with other bounds
            if (random.nextInt(3) > 0) {
                acknowledge(batch);
                left.subList(0, expected.size()).clear();
            }
            if (random.nextInt(10) == 0) {
                reopen(PLENTY);
            }
            assertPending("lane", left.size(), left.stream().mapToInt(event -> event.length() + 1).sum());
        }
        assertNull(next("lane"));
    }

    // groups

    @Test
    void aBatchIsOfOneGroup() throws Exception {
        open(PLENTY);
        commit("lane", new Event("lifecycle", "1"), new Event("escalation", "2"), new Event("lifecycle", "3"));
        commit("lane", new Event("escalation", "4"));
        commit("lane", new Event("lifecycle", "5"));

        Map<String, List<String>> batches = new HashMap<>();
        for (int i = 0; i < 2; i++) {
            Batch batch = next("lane");
            batches.put(batch.group(), lines(batch));
            acknowledge(batch);
        }
        assertEquals(Map.of("lifecycle", List.of("1", "3", "5"), "escalation", List.of("2", "4")), batches);
        assertPending("lane", 0, 0);
    }

    @Test
    void groupsTakeTurns() throws Exception {
        open(PLENTY);
        for (int i = 0; i < 20; i++) {
            store("lane", "large", "large " + i);
        }
        store("lane", "small", "small 0");
        store("lane", "other", "other 0");
        store("lane", "small", "small 1");

        List<String> order = drain("lane", 1, ALL).stream().map(batch -> batch.get(0)).toList();

        assertEquals(List.of("large 0", "small 0", "other 0", "large 1", "small 1", "large 2"), order.subList(0, 6));
        assertEquals(23, order.size());
    }

    @Test
    void aGroupThatGetsEventsAllTheTimeDoesNotStarveAnother() throws Exception {
        open(PLENTY);
        store("lane", "busy", "busy");
        store("lane", "other", "other");
        List<String> delivered = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Batch batch = next("lane");
            delivered.addAll(lines(batch));
            acknowledge(batch);
            store("lane", "busy", "busy " + i);
        }

        assertEquals(List.of("busy", "other"), delivered);
    }

    @Test
    void aGroupKeepsItsTurnUntilItsBatchIsAcknowledged() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2", "3", "4");
        store("lane", "other", "5");

        // as a batch is halved until the one event that is rejected is alone
        assertEquals(List.of("1", "2", "3", "4"), lines(next("lane", 4, ALL)));
        assertEquals(List.of("1", "2"), lines(next("lane", 2, ALL)));
        assertEquals(List.of("1"), lines(next("lane", 1, ALL)));
    }

    // duplicates

    @Test
    void anEventIsStoredOnceHoweverOftenItComes() throws Exception {
        open(PLENTY);
        assertStored(append("lane", "g", "id", "1"));

        assertDuplicate(append("lane", "g", "id", "1"));
        assertDuplicate(append("lane", "g", "id", "another text"));
        assertDuplicate(append("other lane", "other group", "id", "1"));
        assertStored(append("lane", "g", "other id", "1"));

        assertEquals(List.of(List.of("1", "1")), drain("lane", ALL, ALL));
        assertNull(next("other lane"));
        assertDuplicate(append("lane", "g", "id", "1"));
    }

    @Test
    void anEventThatComesTwiceInOneCommitIsStoredOnce() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        CompletableFuture<Result> first = append("lane", "g", "id", "1");
        CompletableFuture<Result> second = append("lane", "g", "id", "1");
        CompletableFuture<Result> elsewhere = append("other lane", "g2", "id", "1");
        CompletableFuture<Result> other = append("lane", "g", "other id", "2");
        release.countDown();

        assertStored(first);
        assertDuplicate(second);
        assertDuplicate(elsewhere);
        assertStored(other);
        assertEquals(1, number("SELECT count(*) FROM event"), "one commit");
        assertEquals(List.of("1", "2"), lines(next("lane")));
        assertNull(next("other lane"));
    }

    @Test
    void aReplayIsStoredThoughItsIdWasSeen() throws Exception {
        open(PLENTY);
        assertStored(append("lane", "g", "id", "1"));
        LaneEvent replay = new LaneEvent("lane", "g", "id", null, null, true, "1".getBytes(UTF_8));
        LaneEvent unknown = new LaneEvent("lane", "g", "unknown", null, null, true, "2".getBytes(UTF_8));

        assertStored(append(replay));
        assertStored(append(unknown));

        assertEquals(List.of("1", "1", "2"), lines(next("lane")));
        assertDuplicate(append("lane", "g", "unknown", "2"));
    }

    @Test
    void aTraceContextIsKeptWithItsEvent() throws Exception {
        open(PLENTY);
        List<CompletableFuture<Result>> stored = new ArrayList<>();
        CountDownLatch release = holdWriter();
        for (int i = 0; i < 6; i++) {
            String traceparent = i == 1 || i == 4 ? traceparent(i) : i == 2 ? "00-malformed" : null;
            stored.add(append(new LaneEvent("lane", "g", "id-" + i, null, traceparent, false,
                    ("event " + i).getBytes(UTF_8))));
        }
        release.countDown();
        stored.forEach(OutboxFixture::assertStored);
        store("other lane", "g", "without");

        reopen(PLENTY);

        assertEquals(1, number("SELECT count(*) FROM event WHERE traceparents IS NULL"));
        assertEquals(1, number("SELECT count(*) FROM event WHERE traceparents IS NOT NULL"), "one commit");
        for (List<String> expected : List.of(List.of(traceparent(1)), List.<String>of(), List.of(traceparent(4)))) {
            Batch batch = next("lane", 2, ALL);
            assertEquals(2, batch.events());
            assertEquals(expected, batch.traceparents());
            acknowledge(batch);
        }
        assertEquals(List.of(), next("other lane").traceparents());
    }

    private static String traceparent(int number) {
        return "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333" + number + "-01";
    }

    @Test
    void anIdIsRememberedAfterTheFileWasOpenedAgain() throws Exception {
        open(PLENTY);
        assertStored(append("lane", "g", "pending", "1"));
        assertStored(append("gone", "g", "delivered", "2"));
        acknowledge(next("gone"));

        reopen(PLENTY);

        assertDuplicate(append("lane", "g", "pending", "1"));
        assertDuplicate(append("gone", "g", "delivered", "2"));
        assertStored(append("lane", "g", "new", "3"));
        assertEquals(List.of("1", "3"), lines(next("lane")));
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void whatTheWindowForgetsIsDeletedFromTheFile(boolean openedAgainAndAgain) throws Exception {
        int keys = 20;
        open(window(keys));
        for (int i = 1; i <= 150; i++) {
            assertStored(append("lane", "g", "id " + i, "1"));
            long kept = number("SELECT sum(length(keys)) / 16 FROM seen");
            assertTrue(kept <= (openedAgainAndAgain ? 3 : 2) * keys + 1, kept + " keys after event " + i);
            // among them right after a generation has ended, and when its rows are just deleted
            if (i == 150 || openedAgainAndAgain && (i == 61 || i % keys == 2 || i % 37 == 0)) {
                reopen(window(keys));
                for (int seen = i; seen > Math.max(0, i - keys); seen--) {
                    assertDuplicate(append("lane", "g", "id " + seen, "1"));
                }
            }
        }
        assertStored(append("lane", "g", "id " + (150 - 3 * keys - 1), "1"));
    }

    @Test
    void manyForgottenRowsAreDeletedInSteps() throws Exception {
        open(window(1));
        closeOutbox();
        execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
                + " INSERT INTO seen SELECT i, 0, randomblob(16) FROM n");
        open(window(1));

        store("lane", "g", "1");
        assertEquals(1000 - 256 + 1, number("SELECT count(*) FROM seen"));
        for (int i = 2; i < 10; i++) {
            store("lane", "g", "" + i);
        }
        assertTrue(number("SELECT count(*) FROM seen") < 5);
    }

    // the file

    @Test
    void aBacklogIsTheSameAfterTheFileWasOpenedAgain() throws Exception {
        open(PLENTY);
        commit("bulk", new Event("g1", "1"), new Event("g1", "22"), new Event("g2", "333"));
        commit("bulk", new Event("g1", "4444"));
        commit("express", new Event("g1", "5"));
        long oldest = source("bulk").oldest();

        reopen(PLENTY);

        assertEquals(Set.of("bulk", "express"),
                outbox.lanes().stream().map(LaneStatus::name).collect(Collectors.toSet()));
        assertPending("bulk", 4, 2 + 3 + 4 + 5);
        assertPending("express", 1, 2);
        assertEquals(oldest, source("bulk").oldest());
        assertEquals(Set.of(List.of("1", "22", "4444"), List.of("333")), Set.copyOf(drain("bulk", ALL, ALL)));
        assertEquals(List.of(List.of("5")), drain("express", ALL, ALL));
    }

    @Test
    void whatIsAcknowledgedOfARowStaysSoAfterTheFileWasOpenedAgain() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "22", "333", "4444");
        acknowledge(next("lane", 1, ALL));
        reopen(PLENTY);
        assertPending("lane", 3, 12);
        acknowledge(next("lane", 2, ALL));
        assertEquals(14, number("SELECT length(body) FROM event"), "a row is not written again");
        reopen(PLENTY);

        assertPending("lane", 1, 5);
        assertEquals(List.of("4444"), lines(next("lane")));
        store("lane", "lifecycle", "5");
        assertEquals(List.of(List.of("4444", "5")), drain("lane", ALL, ALL));
    }

    @Test
    void aRowIdIsNotUsedTwiceThoughNoRowIsLeft() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        Batch first = next("lane");
        acknowledge(first);
        reopen(PLENTY);
        store("lane", "g", "2");

        // would remove the second event if it had the ID of the first
        acknowledge(first);

        assertEquals(List.of(List.of("2")), drain("lane", ALL, ALL));
    }

    @Test
    void whatIsAcceptedIsInTheFilesAtThatMoment() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2", "3");
        acknowledge(next("lane", 1, ALL));
        assertStored(keep(unreadable("body")));
        store("lane", "lifecycle", "4");
        Path copy = copyFiles("copy");
        closeOutbox();

        open(copy, PLENTY);

        assertPending("lane", 3, 6);
        assertEquals(List.of(List.of("2", "3", "4")), drain("lane", ALL, ALL));
        assertDuplicate(append("lane", "g", "3", "3"));
        assertEquals(1, outbox.deadLetters().count());
    }

    @Test
    void aBatchIsAcknowledgedOnceHoweverOften() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2", "3");
        Batch part = next("lane", 1, ALL);
        acknowledge(part);
        acknowledge(part);
        assertPending("lane", 2, 4);
        Batch rest = next("lane");
        assertEquals(2, rest.events());
        acknowledge(rest);
        store("lane", "lifecycle", "4");

        acknowledge(rest);
        acknowledge(part);

        assertPending("lane", 1, 2);
        assertEquals(List.of(List.of("4")), drain("lane", ALL, ALL));
    }

    @Test
    void aStartReadsNoEvents() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2");
        acknowledge(next("lane", 1, ALL));
        closeOutbox();
        // a checksum, count or length that is read would show
        execute("UPDATE event SET events = 1000, checksum = 0, body = zeroblob(1000)");

        open(PLENTY);

        assertPending("lane", 1, 2);
    }

    @Test
    void aFileIsOpenInOnePlaceOnly() throws Exception {
        open(PLENTY);

        StoreException e = assertThrows(StoreException.class, () -> new Outbox(PLENTY.in(directory), Runnable::run));

        assertTrue(e.getMessage().contains("in use"), e.getMessage());
        assertTrue(e.getMessage().contains(directory.resolve("outbox.db").toString()), e.getMessage());
        store("lane", "g", "the first goes on");
        reopen(PLENTY);
        assertEquals(List.of("the first goes on"), lines(next("lane")));
    }

    @Test
    void aFileWithAnotherSchemaIsLeftAsItIs() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        closeOutbox();
        execute("PRAGMA user_version = " + (OutboxDatabase.SCHEMA_VERSION + 1));
        byte[] before = Files.readAllBytes(directory.resolve("outbox.db"));

        StoreException e = assertThrows(StoreException.class, () -> open(PLENTY));

        assertTrue(e.getMessage().contains("schema version 2, this program needs 1"), e.getMessage());
        assertArrayEquals(before, Files.readAllBytes(directory.resolve("outbox.db")));

        execute("PRAGMA user_version = " + OutboxDatabase.SCHEMA_VERSION);
        open(PLENTY);
        assertEquals(List.of("1"), lines(next("lane")));
    }

    @Test
    void aDirectoryThatCanNotBeCreatedIsAClearError() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");

        StoreException e = assertThrows(StoreException.class, () -> open(file.resolve("outbox"), PLENTY));

        assertTrue(e.getMessage().contains(file.resolve("outbox").resolve("outbox.db").toString()), e.getMessage());
        assertTrue(e.getMessage().contains("can't be opened"), e.getMessage());
    }

    // bounds

    @Test
    void beyondTheBoundOfEventsNewOnesAreRejectedUntilThereIsRoom() throws Exception {
        Bounds bounds = bounds(3, 1L << 32, 0);
        open(bounds);
        store("express", "g", "1");
        store("bulk", "g", "2");
        outbox.check();
        store("bulk", "g", "3");

        assertFull(append("express", "g", "4", "4"));
        assertThrows(StoreException.class, () -> outbox.check());
        assertPending("express", 1, 2);

        acknowledge(next("bulk", 1, ALL));
        outbox.check();
        store("express", "g", "4");
        assertFull(append("bulk", "g", "5", "5"));
        assertEquals(List.of("1", "4"), lines(next("express")));

        // the backlog counts after a start
        reopen(bounds);
        assertFull(append("bulk", "g", "5", "5"));
        drain("express", ALL, ALL);
        drain("bulk", ALL, ALL);
        storeAll(true, "5", "6", "7");
        assertFull(append("bulk", "g", "8", "8"));
    }

    @ParameterizedTest
    @CsvSource({ "3, 1000", "1000, 6" })
    void theBoundsHoldWithinOneCommit(long maxEvents, long maxBytes) throws Exception {
        open(bounds(maxEvents, maxBytes, 0));
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Result>> results = IntStream.rangeClosed(1, 5)
                .mapToObj(i -> append("lane", "g", "id " + i, "" + i)).toList();
        release.countDown();

        results.subList(0, 3).forEach(OutboxFixture::assertStored);
        results.subList(3, 5).forEach(OutboxFixture::assertFull);
        assertEquals(List.of("1", "2", "3"), lines(next("lane")));
    }

    @Test
    void beyondTheBoundOfBytesNewEventsAreRejectedUntilThereIsRoom() throws Exception {
        Bounds bounds = bounds(1000, 20, 0);
        open(bounds);
        store("lane", "g", "123456789");
        assertFull(append("lane", "g", "too long", "1234567890"));
        outbox.check();
        store("lane", "g", "abcdefghi");
        assertFull(append("lane", "g", "empty", ""));
        assertThrows(StoreException.class, () -> outbox.check());

        reopen(bounds);
        assertFull(append("lane", "g", "empty", ""));

        acknowledge(next("lane", 1, ALL));
        store("lane", "g", "a");
        assertFull(append("lane", "g", "too long", "12345678"));
        store("lane", "g", "1234567");
        assertPending("lane", 3, 20);
    }

    @Test
    void onAFullDiskNothingIsStoredAndPendingEventsCanBeDelivered() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        reopen(bounds(1000, 1L << 32, Long.MAX_VALUE));

        assertFull(append("lane", "g", "2", "2"));
        assertFull(keep(unreadable("body")));
        StoreException e = assertThrows(StoreException.class, () -> outbox.check());
        assertTrue(e.getMessage().contains("disk"), e.getMessage());
        assertEquals(0, outbox.deadLetters().count());
        assertEquals(List.of(List.of("1")), drain("lane", ALL, ALL));
        assertFull(append("lane", "g", "2", "2"));

        reopen(PLENTY);
        store("lane", "g", "2");
        outbox.check();
    }

    @Test
    void aRejectedEventIsNoDuplicateWhenItComesAgain() throws Exception {
        open(bounds(1, 1L << 32, 0));
        store("lane", "g", "1");
        assertFull(append("lane", "g", "id", "2"));
        assertFull(append("lane", "g", "id", "2"));
        acknowledge(next("lane"));

        assertStored(append("lane", "g", "id", "2"));
        // and a duplicate needs no room
        assertDuplicate(append("lane", "g", "id", "2"));
    }

    @Test
    void aFullOutboxIsLoggedOnceAndWhenItAcceptsAgain() throws Exception {
        open(bounds(1, 1L << 32, 0));
        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            store("lane", "g", "1");
            for (int i = 2; i < 5; i++) {
                assertFull(append("lane", "g", "" + i, "" + i));
            }
            assertStored(keep(unreadable("body")));
            assertDuplicate(append("lane", "g", "1", "1"));
            assertEquals(1, logged.matching("WARN.* is full and rejects events. Pending events: 1").size());
            assertEquals(List.of(), logged.matching(".*accepts events again.*"));

            acknowledge(next("lane"));
            store("lane", "g", "2");
            assertEquals(1, logged.matching("WARN.*accepts events again. Pending events: 1").size());

            // full again, within a minute
            assertFull(append("lane", "g", "3", "3"));
            acknowledge(next("lane"));
            store("lane", "g", "3");
            assertEquals(1, logged.matching(".* is full .*").size());
            assertEquals(1, logged.matching(".*accepts events again.*").size());
        }
    }

    @Test
    void aCheckOfAStoreWhoseDiskHangsFailsInTime() throws Exception {
        CountDownLatch hangs = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        AtomicBoolean isHealthy = new AtomicBoolean(true);
        outbox = new Outbox(PLENTY.in(directory), Runnable::run, () -> {
            if (!isHealthy.get()) {
                hangs.countDown();
                awaitLatch(release);
            }
            return Long.MAX_VALUE;
        });
        outbox.check();
        isHealthy.set(false);
        awaitLatch(hangs);
        long start = System.nanoTime();

        StoreException e = assertThrows(StoreException.class, () -> outbox.check());

        assertEquals("A write to the outbox takes more than 5 s", e.getMessage());
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue(millis >= 4900 && millis < 8000, millis + " ms");
        // not even a list of the directory, which hangs as well
        Files.createFile(directory.resolve("outbox.db.corrupt-1"));
        assertEquals(0, outbox.damage().files());
        assertEquals(0, outbox.lanes().size());
        release.countDown();
        Awaitility.await().until(() -> outbox.damage().files() == 1);
        outbox.check();
    }

    @Test
    void aLaneWhoseFileHangsWhileItIsClosedDelaysNeitherHealthNorTheWriter() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        OutboxLane lane = (OutboxLane) outbox.open("lane", ALL, ALL);
        lane.next(ALL, ALL);
        // the driver needs this lock to close the connection
        synchronized (lane.sql.connection.unwrap(SQLiteConnection.class).getDatabase()) {
            Thread closing = new Thread(lane::close);
            closing.start();
            Awaitility.await().until(() -> closing.getState() == Thread.State.BLOCKED);

            assertEquals(1, CompletableFuture.supplyAsync(() -> outbox.lanes().size()).get(10, TimeUnit.SECONDS));
            assertStored(append("lane", "g", "2", "2"));
        }
        Awaitility.await().until(() -> !lane.isConsumed());
    }

    // many at once

    @Test
    void ofManyThreadsEveryEventIsStoredOnceAndEveryCallbackIsCalledOnce() throws Exception {
        int threads = 8;
        int events = 900;
        open(PLENTY);
        List<CompletableFuture<Result>> results = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> running = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            List<Integer> order = new ArrayList<>(IntStream.range(0, events).boxed().toList());
            Collections.shuffle(order, new Random(thread));
            Thread run = new Thread(() -> {
                awaitLatch(start);
                for (int event : order) {
                    results.add(append("lane " + event % 2, "g" + event % 3, "id " + event, "" + event));
                }
            });
            run.start();
            running.add(run);
        }
        start.countDown();
        for (Thread thread : running) {
            thread.join(20_000);
        }

        assertEquals(threads * events, results.size());
        long stored = 0;
        for (CompletableFuture<Result> result : results) {
            assertNull(get(result).failure());
            stored += get(result).duplicate() ? 0 : 1;
        }
        assertEquals(events, stored);
        assertEquals(events / 2, status("lane 0").events());
        List<String> lines = new ArrayList<>();
        for (String lane : List.of("lane 0", "lane 1")) {
            drain(lane, 100, ALL).forEach(lines::addAll);
        }
        assertEquals(events, lines.size());
        assertEquals(events, Set.copyOf(lines).size());
    }

    @Test
    void manyThreadsAppendWhileOneDelivers() throws Exception {
        int threads = 4;
        int events = 500;
        open(PLENTY);
        List<Thread> running = IntStream.range(0, threads).mapToObj(thread -> new Thread(() -> {
            for (int i = 0; i < events; i++) {
                append("lane", "g" + thread, thread + "-" + i, thread + "-" + i);
            }
        })).toList();
        running.forEach(Thread::start);

        Map<String, List<String>> delivered = new HashMap<>();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            for (Batch batch = next("lane", 7, ALL); batch != null; batch = next("lane", 7, ALL)) {
                delivered.computeIfAbsent(batch.group(), group -> new ArrayList<>()).addAll(lines(batch));
                acknowledge(batch);
            }
            return delivered.values().stream().mapToInt(List::size).sum() >= threads * events;
        });

        for (int thread = 0; thread < threads; thread++) {
            String prefix = thread + "-";
            assertEquals(IntStream.range(0, events).mapToObj(i -> prefix + i).toList(), delivered.get("g" + thread));
        }
        assertPending("lane", 0, 0);
    }

    @Test
    void whatIsQueuedIsBoundedAndNothingOfTheRestIsStored() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        String large = "x".repeat(MIB);
        List<CompletableFuture<Result>> results = IntStream.range(0, 40)
                .mapToObj(i -> append("lane", "g", "id " + i, large)).toList();

        assertFalse(results.get(0).isDone());
        assertFull(results.get(39));
        release.countDown();

        long stored = results.stream().filter(result -> get(result).failure() == null).count();
        assertEquals(32, stored);
        assertEquals(stored, status("lane").events());
        assertStored(append("lane", "g", "there is room again", "1"));
    }

    // the end

    @Test
    void aClosedOutboxRejectsEverything() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        BatchSource source = source("lane");
        Batch batch = source.next(1, 1);
        outbox.close();

        Stream.of(append("lane", "g", "2", "2"), keep(unreadable("body")), discard(1L)).forEach(result -> {
            Exception failure = get(result).failure();
            assertInstanceOf(StoreException.class, failure);
            assertTrue(failure.getMessage().contains("is closed"), failure.getMessage());
        });
        assertThrows(StoreException.class, () -> outbox.check());
        source.acknowledge(batch);
        assertThrows(StoreException.class, () -> source.next(1, 1));
        closeOutbox();
        open(PLENTY);
        assertEquals(List.of("1"), lines(next("lane")));
        assertEquals(0, outbox.deadLetters().count());
    }

    @Test
    void whatIsQueuedIsStoredBeforeTheFileIsClosed() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Result>> results = IntStream.range(0, 3000)
                .mapToObj(i -> append("lane", "g", "id " + i, "" + i)).toList();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(outbox::close);
        Awaitility.await().until(() -> {
            CompletableFuture<Result> late = append("lane", "g", "late", "late");
            return late.isDone() && get(late).failure() != null;
        });
        assertFalse(closed.isDone());

        release.countDown();

        closed.get(10, TimeUnit.SECONDS);
        results.forEach(result -> assertTrue(result.isDone()));
        results.forEach(OutboxFixture::assertStored);
        closeOutbox();
        open(PLENTY);
        assertEquals(IntStream.range(0, 3000).mapToObj(i -> "" + i).toList(),
                lines(next("lane")).stream().filter(line -> !line.equals("late")).toList());
    }

    @Test
    void everyCallbackIsCalledWheneverTheFileIsClosed() throws Exception {
        LaneEvent event = new LaneEvent("lane", "g", "id", null, null, false, "1".getBytes(UTF_8));
        AtomicLong sent = new AtomicLong();
        AtomicLong called = new AtomicLong();
        AtomicInteger others = new AtomicInteger();
        for (int i = 0; i < 40; i++) {
            open(directory.resolve("" + i % 2), PLENTY);
            Outbox opened = outbox;
            AtomicBoolean stop = new AtomicBoolean();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                Thread thread = new Thread(() -> {
                    while (!stop.get()) {
                        opened.append(event, (duplicate, failure) -> {
                            called.incrementAndGet();
                            others.addAndGet(failure == null || failure instanceof StoreException ? 0 : 1);
                        });
                        sent.incrementAndGet();
                    }
                });
                thread.start();
                threads.add(thread);
            }
            long before = called.get();
            Awaitility.await().pollInterval(Duration.ofMillis(1)).until(() -> called.get() > before + 1000);

            outbox.close();
            stop.set(true);

            for (Thread thread : threads) {
                thread.join(20_000);
            }
            assertEquals(sent.get(), called.get(), "after close " + i);
        }
        assertEquals(0, others.get());
    }

    @Test
    @Timeout(20)
    void anIdleConsumerWaitsHoweverLargeTheBacklog() throws Exception {
        OutboxLane lane = new OutboxLane("lane", null);
        OutboxLane.Fifo fifo = new OutboxLane.Fifo(1, lane, "g");
        fifo.current = new OutboxLane.State(1L << 32, 1L << 40, fifo.begin, 0, 1);
        lane.commit(fifo);
        long start = System.nanoTime();

        lane.idle(300);

        assertTrue(System.nanoTime() - start >= 290_000_000, "it waits");
        assertTrue(lane.await(1, 1, 300));
    }
}
