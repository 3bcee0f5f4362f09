package io.ilertsumo.bridge.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
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
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.deadletter.Undeliverable;
import io.ilertsumo.bridge.lane.LaneException;
import io.ilertsumo.bridge.lane.LaneFullException;
import io.ilertsumo.bridge.lane.Outcome;
import io.ilertsumo.bridge.outbox.OutboxFile.Bounds;

class OutboxFileTest {

    private static final int ALL = Integer.MAX_VALUE;
    private static final int PAGE = 8192;
    private static final int MIB = 1024 * 1024;
    private static final Bounds PLENTY = new Bounds(1_000_000, 1L << 32, 0, 100_000, 86_400_000, deadLetters(1000));

    @TempDir
    private Path directory;
    private OutboxFile outbox;
    private OutboxReader reader;
    private final AtomicInteger toldAgain = new AtomicInteger();

    /** What was told of a write. */
    private record Told(boolean repeated, Exception failure) {
    }

    /** An event to store; its key is its text. */
    private record Event(String group, String alert, String text) {
    }

    @AfterEach
    void close() throws Exception {
        closeOutbox();
        assertEquals(0, toldAgain.get(), "outcomes told more than once");
    }

    // store, read, remove

    @Test
    void anEventIsStoredReadAndRemoved() throws Exception {
        open(PLENTY);

        store("express", "lifecycle", "{\"eventId\":\"é\"}");

        OutboxBatch batch = next("express");
        assertEquals("express", batch.lane());
        assertEquals("lifecycle", batch.group());
        assertEquals(1, batch.events());
        assertArrayEquals("{\"eventId\":\"é\"}".getBytes(UTF_8), batch.body());
        assertWaiting("express", 1, batch.body().length + 1);

        remove(batch);

        assertNull(next("express"));
        assertWaiting("express", 0, 0);
    }

    @Test
    void nothingWaitsInAnEmptyOutbox() throws Exception {
        open(PLENTY);

        assertNull(next("express"));
        assertWaiting("express", 0, 0);
        assertEquals(0, outbox.age("express"));
    }

    @Test
    void aBatchThatIsNotRemovedComesAgain() throws Exception {
        open(PLENTY);
        store("express", "g", "1");

        assertArrayEquals(next("express").body(), next("express").body());
    }

    @Test
    void lanesDoNotTouchEachOther() throws Exception {
        open(PLENTY);
        store("express", "g", "1");
        store("bulk", "g", "22");

        assertEquals(List.of("22"), lines(next("bulk")));
        remove(next("express"));

        assertWaiting("express", 0, 0);
        assertWaiting("bulk", 1, 3);
        assertEquals(List.of("22"), lines(next("bulk")));
    }

    @Test
    void theAgeOfALaneIsThatOfItsOldestWaitingEvent() throws Exception {
        open(PLENTY);
        long before = System.currentTimeMillis();
        store("express", "g", "1");
        long after = System.currentTimeMillis();
        Awaitility.await().until(() -> System.currentTimeMillis() > after + 10);
        store("express", "g", "2");

        long accepted = next("express").parts().get(0).accepted();
        assertTrue(accepted >= before && accepted <= after);
        assertEquals(accepted, reader.oldest("express"));
        assertTrue(outbox.age("express") > 10);

        remove(next("express", 1, ALL));
        assertTrue(reader.oldest("express") > after);
        remove(next("express"));
        assertEquals(0, reader.oldest("express"));
        assertEquals(0, outbox.age("express"));
    }

    @Test
    void theCommitWakesWhoWaitsForTheLane() throws Exception {
        open(PLENTY);
        store("express", "g", "1");
        CompletableFuture<Boolean> two = waitFor("express", 2, ALL);
        CompletableFuture<Boolean> fourBytes = waitFor("express", ALL, 4);
        store("bulk", "g", "2");

        assertFalse(two.isDone());
        store("express", "g", "3");

        assertTrue(two.get(10, TimeUnit.SECONDS));
        assertTrue(fourBytes.get(10, TimeUnit.SECONDS));
    }

    // the bounds of a batch

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void aBatchHasAtMostTheEventsAskedFor(boolean inOneCommit) throws Exception {
        open(PLENTY);
        storeAll(inOneCommit, "1", "2", "3", "4", "5");

        assertEquals(List.of("1"), lines(next("lane", 1, ALL)));
        assertEquals(List.of("1", "2", "3", "4", "5"), lines(next("lane", 5, ALL)));
        assertEquals(List.of("1", "2", "3", "4", "5"), lines(next("lane", 6, ALL)));

        assertEquals(List.of(List.of("1", "2", "3"), List.of("4", "5")), drain("lane", 3, ALL));
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void aBatchHasAtMostTheBytesAskedForToTheByte(boolean inOneCommit) throws Exception {
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
    void anEventLargerThanABatchLeavesAlone(boolean inOneCommit) throws Exception {
        open(PLENTY);
        storeAll(inOneCommit, "a", "b".repeat(100), "c".repeat(99), "d", "e");

        assertEquals(List.of(List.of("a"), List.of("b".repeat(100)), List.of("c".repeat(99)), List.of("d", "e")),
                drain("lane", ALL, 50));
        assertWaiting("lane", 0, 0);
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
    void aLargeCommitKeepsItsOrder() throws Exception {
        open(PLENTY);
        String[] events = IntStream.range(0, 600).mapToObj(i -> i + "-" + "x".repeat(2000)).toArray(String[]::new);

        storeAll(true, events);

        assertTrue(number("SELECT count(*) FROM chunk") > 3, "more than fits into one chunk");
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

            OutboxBatch batch = next("lane", maxEvents, maxBytes);

            assertEquals(expected, lines(batch));
            assertEquals(expected.size(), batch.events());
            // a batch that couldn't be delivered is asked for again, with other bounds
            if (random.nextInt(3) > 0) {
                remove(batch);
                left.subList(0, expected.size()).clear();
            }
            if (random.nextInt(10) == 0) {
                reopen(PLENTY);
            }
            assertWaiting("lane", left.size(), left.stream().mapToInt(event -> event.length() + 1).sum());
        }
        assertNull(next("lane"));
    }

    // groups and order

    @Test
    void aBatchIsOfTheOldestEventsGroupAlone() throws Exception {
        open(PLENTY);
        commit("lane", new Event("lifecycle", null, "1"), new Event("escalation", null, "2"),
                new Event("lifecycle", null, "3"));
        commit("lane", new Event("escalation", null, "4"));
        commit("lane", new Event("lifecycle", null, "5"));

        OutboxBatch batch = next("lane");
        assertEquals("lifecycle", batch.group());
        assertEquals(List.of("1", "3", "5"), lines(batch));
        remove(batch);

        batch = next("lane");
        assertEquals("escalation", batch.group());
        assertEquals(List.of("2", "4"), lines(batch));
        remove(batch);
        assertWaiting("lane", 0, 0);
    }

    @Test
    void anEventDoesNotOvertakeOneOfItsAlertInAnotherGroup() throws Exception {
        open(PLENTY);
        commit("lane", new Event("g1", "alert 1", "1"));
        commit("lane", new Event("g2", "alert 1", "2"));
        commit("lane", new Event("g1", "alert 2", "3"));
        commit("lane", new Event("g1", "alert 1", "4"));
        commit("lane", new Event("g1", "alert 2", "5"));

        assertEquals(List.of(List.of("1", "3"), List.of("2"), List.of("4", "5")), drain("lane", ALL, ALL));
    }

    @Test
    void eventsWithoutAnAlertHoldUpNobody() throws Exception {
        open(PLENTY);
        commit("lane", new Event("g1", null, "1"));
        commit("lane", new Event("g2", null, "2"));
        commit("lane", new Event("g1", null, "3"));
        commit("lane", new Event("g1", "alert 1", "4"));

        assertEquals(List.of(List.of("1", "3", "4"), List.of("2")), drain("lane", ALL, ALL));
    }

    @Test
    void theEventsOfAnAlertKeepTheirOrderWhateverTheirGroups() throws Exception {
        Random random = new Random(2);
        open(PLENTY);
        Map<Integer, List<String>> sent = new HashMap<>();
        for (int i = 0; i < 60; i++) {
            List<Event> events = new ArrayList<>();
            // an alert's next event comes after the one before was answered, so never in the same commit
            for (int alert = 0; alert < 6; alert++) {
                if (random.nextInt(3) == 0) {
                    String text = alert + " " + i;
                    events.add(new Event("g" + random.nextInt(3), "alert " + alert, text));
                    sent.computeIfAbsent(alert, a -> new ArrayList<>()).add(text);
                }
            }
            commit("lane", events.toArray(Event[]::new));
        }

        Map<Integer, List<String>> delivered = new HashMap<>();
        for (OutboxBatch batch = next("lane"); batch != null; batch = next("lane", 1 + random.nextInt(8),
                1 + random.nextInt(60))) {
            lines(batch)
                    .forEach(text -> delivered.computeIfAbsent(text.charAt(0) - '0', a -> new ArrayList<>()).add(text));
            remove(batch);
        }
        assertEquals(sent, delivered);
        assertWaiting("lane", 0, 0);
    }

    // the same event again

    @Test
    void anEventIsStoredOnceHoweverOftenItComes() throws Exception {
        open(PLENTY);
        assertStored(append("lane", "g", "key", null, "1"));

        assertRepeated(append("lane", "g", "key", null, "1"));
        assertRepeated(append("lane", "g", "key", null, "another text"));
        assertRepeated(append("other lane", "other group", "key", "alert", "1"));
        assertStored(append("lane", "g", "other key", null, "1"));

        assertEquals(List.of(List.of("1", "1")), drain("lane", ALL, ALL));
        assertNull(next("other lane"));
        assertRepeated(append("lane", "g", "key", null, "1"));
    }

    @Test
    void anEventThatComesTwiceInOneCommitIsStoredOnce() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        CompletableFuture<Told> first = append("lane", "g", "key", null, "1");
        CompletableFuture<Told> second = append("lane", "g", "key", null, "1");
        CompletableFuture<Told> elsewhere = append("other lane", "g2", "key", null, "1");
        CompletableFuture<Told> other = append("lane", "g", "other key", null, "2");
        release.countDown();

        assertStored(first);
        assertRepeated(second);
        assertRepeated(elsewhere);
        assertStored(other);
        assertEquals(1, number("SELECT count(*) FROM chunk"), "one commit");
        assertEquals(List.of("1", "2"), lines(next("lane")));
        assertNull(next("other lane"));
    }

    @Test
    void anEventIsStillKnownAfterTheFileWasOpenedAgain() throws Exception {
        open(PLENTY);
        assertStored(append("lane", "g", "waits", null, "1"));
        assertStored(append("gone", "g", "delivered", null, "2"));
        remove(next("gone"));

        reopen(PLENTY);

        assertRepeated(append("lane", "g", "waits", null, "1"));
        assertRepeated(append("gone", "g", "delivered", null, "2"));
        assertStored(append("lane", "g", "new", null, "3"));
        assertEquals(List.of("1", "3"), lines(next("lane")));
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void whatTheWindowForgetsIsForgottenOnDiskToo(boolean openedAgainAndAgain) throws Exception {
        int keys = 20;
        Bounds window = new Bounds(1_000_000, 1L << 32, 0, keys, Long.MAX_VALUE, deadLetters(1000));
        open(window);
        for (int i = 1; i <= 150; i++) {
            assertStored(append("lane", "g", "key " + i, null, "1"));
            long kept = number("SELECT sum(length(keys)) / 16 FROM seen");
            assertTrue(kept <= (openedAgainAndAgain ? 3 : 2) * keys + 1, kept + " keys after event " + i);
            // among them right after the window turned, and when the file has just followed it
            if (i == 150 || openedAgainAndAgain && (i == 61 || i % keys == 2 || i % 37 == 0)) {
                reopen(window);
                for (int known = i; known > Math.max(0, i - keys); known--) {
                    assertRepeated(append("lane", "g", "key " + known, null, "1"));
                }
            }
        }
        assertStored(append("lane", "g", "key " + (150 - 3 * keys - 1), null, "1"));
    }

    // what lies in the file

    @Test
    void aBacklogIsTheSameAfterTheFileWasOpenedAgain() throws Exception {
        open(PLENTY);
        commit("bulk", new Event("g1", "a", "1"), new Event("g1", "b", "22"), new Event("g2", "c", "333"));
        commit("bulk", new Event("g1", null, "4444"));
        commit("express", new Event("g1", null, "5"));
        String bulk = next("bulk").toString();
        long oldest = reader.oldest("bulk");

        reopen(PLENTY);

        Set<String> lanes = new HashSet<>();
        outbox.lanes().forEach(lane -> lanes.add(lane.name()));
        assertEquals(Set.of("bulk", "express"), lanes);
        assertWaiting("bulk", 4, 2 + 3 + 4 + 5);
        assertWaiting("express", 1, 2);
        assertEquals(withoutBody(bulk), withoutBody(next("bulk").toString()));
        assertEquals(oldest, reader.oldest("bulk"));
        assertEquals(List.of(List.of("1", "22", "4444"), List.of("333")), drain("bulk", ALL, ALL));
        assertEquals(List.of(List.of("5")), drain("express", ALL, ALL));
    }

    @Test
    void whatWasRemovedOfACommitStaysRemovedAfterTheFileWasOpenedAgain() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "22", "333", "4444");
        remove(next("lane", 1, ALL));
        reopen(PLENTY);
        assertWaiting("lane", 3, 12);
        remove(next("lane", 2, ALL));
        reopen(PLENTY);

        assertWaiting("lane", 1, 5);
        assertEquals(List.of("4444"), lines(next("lane")));
        store("lane", "lifecycle", "5");
        assertEquals(List.of(List.of("4444", "5")), drain("lane", ALL, ALL));
    }

    @Test
    void whatWasAcknowledgedIsInTheFilesAtThatMoment() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2");
        keep("unreadable", "why", "body");
        store("lane", "lifecycle", "3");
        Path copy = copyFiles("copy");
        closeOutbox();

        open(copy, PLENTY);

        assertEquals(List.of(List.of("1", "2", "3")), drain("lane", ALL, ALL));
        assertRepeated(append("lane", "g", "3", null, "3"));
        assertEquals(1, number(copy, "SELECT count(*) FROM dead_letter"));
    }

    @Test
    void whatWasRemovedOnceTakesNothingElseAwayIfItIsRemovedAgain() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Told>> together = Stream.of("1", "2", "3").map(i -> append("lane", "g", i, null, i))
                .toList();
        release.countDown();
        for (CompletableFuture<Told> one : together) {
            assertStored(one);
        }
        OutboxBatch part = next("lane", 1, ALL);
        remove(part);

        CompletableFuture<Told> again = new CompletableFuture<>();
        outbox.remove(part, told(again));

        assertInstanceOf(LaneException.class, get(again).failure());
        assertEquals(2, outbox.lane("lane").events());
        OutboxBatch rest = next("lane");
        assertEquals(2, rest.events());
        remove(rest);
        CompletableFuture<Told> restAgain = new CompletableFuture<>();
        outbox.remove(rest, told(restAgain));
        assertInstanceOf(LaneException.class, get(restAgain).failure());
        assertEquals(0, outbox.lane("lane").events());
        assertEquals(0, outbox.lane("lane").bytes());
    }

    @Test
    void aLaneHasOneConsumerAtATime() throws Exception {
        open(PLENTY);
        OutboxLane lane = outbox.lane("lane");

        assertTrue(lane.claim());
        assertFalse(lane.claim());
        lane.release();
        assertTrue(lane.claim());
    }

    @Test
    void aFileIsOpenInOnePlaceOnly() throws Exception {
        open(PLENTY);

        LaneException e = assertThrows(LaneException.class,
                () -> OutboxFile.open(directory, PLENTY, Runnable::run));

        assertTrue(e.getMessage().contains("in use"), e.getMessage());
        assertTrue(e.getMessage().contains(directory.resolve("outbox.db").toString()), e.getMessage());
        store("lane", "g", "the first goes on");
        reopen(PLENTY);
        assertEquals(List.of("the first goes on"), lines(next("lane")));
    }

    @Test
    void aFileOfANewerProgramIsLeftAlone() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        closeOutbox();
        execute("PRAGMA user_version = " + (OutboxFile.SCHEMA_VERSION + 1));
        byte[] before = Files.readAllBytes(directory.resolve("outbox.db"));

        LaneException e = assertThrows(LaneException.class, () -> open(PLENTY));

        assertTrue(e.getMessage().contains("newer program"), e.getMessage());
        assertArrayEquals(before, Files.readAllBytes(directory.resolve("outbox.db")));
        assertEquals(List.of(), setAside(directory));

        execute("PRAGMA user_version = " + OutboxFile.SCHEMA_VERSION);
        open(PLENTY);
        assertEquals(List.of("1"), lines(next("lane")));
    }

    @Test
    void aDirectoryThatCanNotBeMadeIsAClearError() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "not a directory");

        LaneException e = assertThrows(LaneException.class, () -> open(file.resolve("outbox"), PLENTY));

        assertTrue(e.getMessage().contains(file.resolve("outbox").resolve("outbox.db").toString()), e.getMessage());
        assertTrue(e.getMessage().contains("can't be opened"), e.getMessage());
    }

    // bounds

    @Test
    void beyondTheBoundOfEventsNewOnesAreRefusedUntilThereIsRoom() throws Exception {
        Bounds bounds = new Bounds(3, 1L << 32, 0, 100, 86_400_000, deadLetters(10));
        open(bounds);
        store("express", "g", "1");
        store("bulk", "g", "2");
        store("bulk", "g", "3");
        assertFalse(outbox.isFull());

        assertFull(append("express", "g", "4", null, "4"));
        assertTrue(outbox.isFull());
        assertWaiting("express", 1, 2);

        remove(next("bulk", 1, ALL));
        assertFalse(outbox.isFull());
        store("express", "g", "4");
        assertFull(append("bulk", "g", "5", null, "5"));
        assertEquals(List.of("1", "4"), lines(next("express")));

        // the backlog counts after a start
        reopen(bounds);
        assertFull(append("bulk", "g", "5", null, "5"));
        drain("express", ALL, ALL);
        drain("bulk", ALL, ALL);
        storeAll(true, "5", "6", "7");
        assertFull(append("bulk", "g", "8", null, "8"));
    }

    @ParameterizedTest
    @CsvSource({ "3, 1000", "1000, 6" })
    void theBoundsHoldWithinOneCommit(long maxEvents, long maxBytes) throws Exception {
        open(new Bounds(maxEvents, maxBytes, 0, 100, 86_400_000, deadLetters(10)));
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Told>> outcomes = IntStream.rangeClosed(1, 5)
                .mapToObj(i -> append("lane", "g", "key " + i, null, "" + i)).toList();
        release.countDown();

        for (CompletableFuture<Told> stored : outcomes.subList(0, 3)) {
            assertStored(stored);
        }
        for (CompletableFuture<Told> refused : outcomes.subList(3, 5)) {
            assertFull(refused);
        }
        assertTrue(outbox.isFull());
        assertEquals(List.of("1", "2", "3"), lines(next("lane")));
    }

    @Test
    void beyondTheBoundOfBytesNewEventsAreRefusedUntilThereIsRoom() throws Exception {
        Bounds bounds = new Bounds(1000, 20, 0, 100, 86_400_000, deadLetters(10));
        open(bounds);
        store("lane", "g", "123456789");
        assertFull(append("lane", "g", "too long", null, "1234567890"));
        assertTrue(outbox.isFull());
        store("lane", "g", "abcdefghi");
        assertFalse(outbox.isFull());
        assertFull(append("lane", "g", "empty", null, ""));

        reopen(bounds);
        assertFull(append("lane", "g", "empty", null, ""));

        remove(next("lane", 1, ALL));
        assertFalse(outbox.isFull());
        store("lane", "g", "a");
        assertFull(append("lane", "g", "too long", null, "12345678"));
        store("lane", "g", "1234567");
        assertWaiting("lane", 3, 20);
    }

    @Test
    void onAFullDiskNothingIsStoredAndWhatWaitsStillLeaves() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        Bounds noRoom = new Bounds(1000, 1L << 32, Long.MAX_VALUE, 100, 86_400_000, deadLetters(10));
        reopen(noRoom);

        assertFull(append("lane", "g", "2", null, "2"));
        assertTrue(outbox.isFull());
        assertFull(keepOutcome("unreadable", null, "body"));
        assertFull(probe());
        assertEquals(0, number("SELECT count(*) FROM dead_letter"));
        assertEquals(List.of(List.of("1")), drain("lane", ALL, ALL));
        assertFull(append("lane", "g", "2", null, "2"));

        reopen(PLENTY);
        store("lane", "g", "2");
        assertFalse(outbox.isFull());
        assertStored(probe());
    }

    @Test
    void whatWasRefusedIsNotKnownWhenItComesAgain() throws Exception {
        open(new Bounds(1, 1L << 32, 0, 100, 86_400_000, deadLetters(10)));
        store("lane", "g", "1");
        assertFull(append("lane", "g", "key", null, "2"));
        assertFull(append("lane", "g", "key", null, "2"));
        remove(next("lane"));

        assertStored(append("lane", "g", "key", null, "2"));
        // and what is known needs no room
        assertRepeated(append("lane", "g", "key", null, "2"));
    }

    @Test
    void aFullOutboxIsFullUntilAnEventIsTakenOrThereIsRoom() throws Exception {
        open(new Bounds(1, 1L << 32, 0, 100, 86_400_000, deadLetters(10)));
        store("lane", "g", "1");
        assertFull(append("lane", "g", "2", null, "2"));

        assertStored(probe());
        assertTrue(outbox.isFull(), "after a look whether it can be written");
        keep("unreadable", null, "body");
        assertTrue(outbox.isFull(), "after a dead letter");
        assertRepeated(append("lane", "g", "1", null, "1"));
        assertTrue(outbox.isFull(), "after an event that was known");

        remove(next("lane"));
        assertFalse(outbox.isFull());
    }

    // many at once

    @Test
    void ofManyThreadsEveryEventIsStoredOnceAndEveryWriteIsToldOnce() throws Exception {
        int threads = 8;
        int events = 900;
        open(PLENTY);
        List<CompletableFuture<Told>> outcomes = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger told = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> running = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            List<Integer> order = new ArrayList<>(IntStream.range(0, events).boxed().toList());
            Collections.shuffle(order, new Random(thread));
            Thread run = new Thread(() -> {
                awaitLatch(start);
                for (int event : order) {
                    CompletableFuture<Told> outcome = append("lane " + event % 2, "g" + event % 3, "key " + event, null,
                            "" + event);
                    outcomes.add(outcome.whenComplete((t, e) -> told.incrementAndGet()));
                }
            });
            run.start();
            running.add(run);
        }
        start.countDown();
        for (Thread thread : running) {
            thread.join(20_000);
        }

        Awaitility.await().until(() -> told.get() == threads * events);
        long stored = 0;
        for (CompletableFuture<Told> outcome : outcomes) {
            Told what = get(outcome);
            assertNull(what.failure());
            stored += what.repeated() ? 0 : 1;
        }
        assertEquals(events, stored);
        assertWaiting("lane 0", events / 2, outbox.lane("lane 0").bytes());
        List<String> lines = new ArrayList<>();
        Stream.of("lane 0", "lane 1").forEach(lane -> drain(lane, 100, ALL).forEach(lines::addAll));
        assertEquals(events, lines.size());
        assertEquals(events, Set.copyOf(lines).size());
    }

    @Test
    void readersAndTheWriterDoNotStopEachOther() throws Exception {
        open(PLENTY);
        int events = 300;
        CompletableFuture<List<String>> delivered = CompletableFuture.supplyAsync(() -> {
            List<String> lines = new ArrayList<>();
            while (lines.size() < events) {
                drain("lane", 7, ALL).forEach(lines::addAll);
            }
            return lines;
        });

        List<CompletableFuture<Told>> outcomes = IntStream.range(0, events)
                .mapToObj(i -> append("lane", "g", "key " + i, null, "" + i)).toList();

        for (CompletableFuture<Told> outcome : outcomes) {
            assertStored(outcome);
        }
        assertEquals(IntStream.range(0, events).mapToObj(i -> "" + i).toList(), delivered.get(20, TimeUnit.SECONDS));
        assertWaiting("lane", 0, 0);
    }

    @Test
    void moreThanTheWriterCanHoldIsRefusedAtOnceAndNothingOfItIsStored() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        byte[] large = "x".repeat(MIB).getBytes(UTF_8);
        List<CompletableFuture<Told>> outcomes = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            CompletableFuture<Told> outcome = new CompletableFuture<>();
            outbox.append("lane", "g", "key " + i, null, large, told(outcome));
            outcomes.add(outcome);
        }

        assertFalse(outcomes.get(0).isDone());
        assertFull(outcomes.get(39));
        release.countDown();

        int stored = 0;
        for (CompletableFuture<Told> outcome : outcomes) {
            stored += get(outcome).failure() == null ? 1 : 0;
        }
        assertEquals(stored, outbox.lane("lane").events());
        assertTrue(stored > 20 && stored < 40, stored + " stored");
        assertStored(append("lane", "g", "there is room again", null, "1"));
    }

    // failures

    @Test
    void ofACommitThatFailsNothingIsStored() throws Exception {
        open(PLENTY);
        store("lane", "g", "0");
        OutboxBatch batch = next("lane");
        execute("CREATE TRIGGER broken BEFORE INSERT ON seen BEGIN SELECT RAISE(ABORT, 'broken for the test'); END");

        CountDownLatch release = holdWriter();
        List<CompletableFuture<Told>> outcomes = new ArrayList<>();
        CompletableFuture<Told> removed = new CompletableFuture<>();
        outbox.remove(batch, told(removed));
        outcomes.add(removed);
        outcomes.add(append("lane", "g", "1", null, "1"));
        outcomes.add(append("other lane", "g", "2", null, "2"));
        outcomes.add(keepOutcome("unreadable", null, "body"));
        release.countDown();

        for (CompletableFuture<Told> outcome : outcomes) {
            Exception failure = get(outcome).failure();
            assertInstanceOf(LaneException.class, failure);
            assertFalse(failure instanceof LaneFullException, "the sender may not be told that it is full");
            assertTrue(failure.getMessage().contains("broken for the test"), failure.getMessage());
        }
        assertWaiting("lane", 1, 2);
        assertWaiting("other lane", 0, 0);
        assertNull(next("other lane"));
        assertEquals(List.of("0"), lines(next("lane")));
        assertEquals(0, number("SELECT count(*) FROM dead_letter"));
        assertEquals(1, number("SELECT count(*) FROM seen"));

        execute("DROP TRIGGER broken");

        store("lane", "g", "1");
        store("other lane", "g", "2");
        remove(batch);
        assertEquals(List.of(List.of("1")), drain("lane", ALL, ALL));
        reopen(PLENTY);
        assertWaiting("lane", 0, 0);
        assertWaiting("other lane", 1, 2);
        assertRepeated(append("lane", "g", "1", null, "1"));
    }

    @Test
    void aTableThatIsGoneAndComesBackDoesNotEndTheWriter() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        execute("ALTER TABLE chunk RENAME TO gone");

        assertInstanceOf(LaneException.class, get(append("lane", "g", "2", null, "2")).failure());
        assertInstanceOf(LaneException.class, get(append("lane", "g", "2", null, "2")).failure());
        assertThrows(SQLException.class, () -> next("lane"));
        assertWaiting("lane", 1, 2);

        execute("ALTER TABLE gone RENAME TO chunk");

        store("lane", "g", "2");
        assertEquals(List.of(List.of("1", "2")), drain("lane", ALL, ALL));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aReaderThatCanNotBeOpenedLeavesNoFileOpen() throws Exception {
        open(PLENTY);
        execute("ALTER TABLE chunk RENAME TO gone");
        assertThrows(SQLException.class, outbox::reader);
        long before = openFiles();

        for (int i = 0; i < 20; i++) {
            assertThrows(SQLException.class, outbox::reader);
            assertThrows(SQLException.class, () -> outbox.age("lane"));
        }

        assertEquals(before, openFiles());
    }

    @Test
    void anOutcomeThatThrowsDoesNotKeepTheOthersFromBeingTold() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        CompletableFuture<Told> before = append("lane", "g", "1", null, "1");
        outbox.append("lane", "g", "2", null, "2".getBytes(UTF_8), (repeated, failure) -> {
            throw new IllegalStateException("thrown for the test");
        });
        CompletableFuture<Told> after = append("lane", "g", "3", null, "3");
        release.countDown();

        assertStored(before);
        assertStored(after);
        assertStored(append("lane", "g", "4", null, "4"));
    }

    enum Damage {
        GARBAGE {
            @Override
            byte[] done(byte[] file) {
                new Random(3).nextBytes(file);
                return file;
            }
        },
        TEXT {
            @Override
            byte[] done(byte[] file) {
                return "This is not a database. ".repeat(500).getBytes(UTF_8);
            }
        },
        HALF_OF_IT_GONE {
            @Override
            byte[] done(byte[] file) {
                return Arrays.copyOf(file, file.length / 2);
            }
        },
        LAST_PAGE_GONE {
            @Override
            byte[] done(byte[] file) {
                return Arrays.copyOf(file, file.length - PAGE);
            }
        },
        ALL_BUT_THE_HEADER_GONE {
            @Override
            byte[] done(byte[] file) {
                return Arrays.copyOf(file, 100);
            }
        },
        ALL_BUT_TEN_BYTES_GONE {
            @Override
            byte[] done(byte[] file) {
                return Arrays.copyOf(file, 10);
            }
        },
        FIRST_PAGE_ZEROED {
            @Override
            byte[] done(byte[] file) {
                Arrays.fill(file, 0, PAGE, (byte) 0);
                return file;
            }
        },
        MIDDLE_PAGE_ZEROED {
            @Override
            byte[] done(byte[] file) {
                return zeroMiddlePage(file);
            }
        },
        HEADER_CHANGED {
            @Override
            byte[] done(byte[] file) {
                file[3] ^= 1;
                return file;
            }
        };

        abstract byte[] done(byte[] file);
    }

    @ParameterizedTest
    @EnumSource
    void aCorruptFileIsSetAsideByteForByteAndANewOneIsBegun(Damage damage) throws Exception {
        storeBacklog();
        closeOutbox();
        byte[] corrupt = damage.done(Files.readAllBytes(directory.resolve("outbox.db")));
        Files.write(directory.resolve("outbox.db"), corrupt);

        open(PLENTY);

        assertEquals(1, setAside(directory).size());
        assertArrayEquals(corrupt, Files.readAllBytes(setAside(directory).get(0)));
        assertWaiting("lane", 0, 0);
        assertNull(next("lane"));
        store("lane", "g", "new");
        reopen(PLENTY);
        assertEquals(List.of(List.of("new")), drain("lane", ALL, ALL));
        assertEquals(1, setAside(directory).size());
    }

    @Test
    void ofACorruptFileWhatWasNotYetInItIsSetAsideToo() throws Exception {
        storeBacklog();
        reopen(PLENTY);
        store("lane", "g", "in the write-ahead log");
        Path copy = copyFiles("copy");
        closeOutbox();
        Path file = copy.resolve("outbox.db");
        byte[] corrupt = zeroMiddlePage(Files.readAllBytes(file));
        byte[] log = Files.readAllBytes(copy.resolve("outbox.db-wal"));
        Files.write(file, corrupt);

        open(copy, PLENTY);

        List<Path> aside = setAside(copy);
        assertEquals(1, aside.size());
        assertArrayEquals(corrupt, Files.readAllBytes(aside.get(0)));
        assertArrayEquals(log, Files.readAllBytes(Path.of(aside.get(0) + "-wal")));
        store("lane", "g", "new");
        assertEquals(List.of("new"), lines(next("lane")));
    }

    // the disk

    @Test
    void readersWriteNothing() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        byte[] log = Files.readAllBytes(directory.resolve("outbox.db-wal"));

        next("lane");
        outbox.age("lane");

        assertArrayEquals(log, Files.readAllBytes(directory.resolve("outbox.db-wal")));
    }

    @Test
    void afterABacklogTheDiskIsGivenBack() throws Exception {
        open(PLENTY);
        Path file = directory.resolve("outbox.db");
        for (int i = 0; i < 24; i++) {
            store("lane", "g", i + "x".repeat(MIB));
        }
        reopen(PLENTY);
        assertTrue(Files.size(file) > 24 * MIB);

        drain("lane", ALL, ALL);

        // 16 MiB are kept for reuse
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> Files.size(file) < 17 * MIB);
        store("lane", "g", "and on");
        assertEquals(List.of("and on"), lines(next("lane")));
    }

    // the end

    @Test
    void aClosedOutboxRefusesEverything() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        OutboxBatch batch = next("lane");
        closeOutbox();

        CompletableFuture<Told> removed = new CompletableFuture<>();
        outbox.remove(batch, told(removed));
        for (CompletableFuture<Told> outcome : List.of(append("lane", "g", "2", null, "2"), removed, probe(),
                keepOutcome("unreadable", null, "body"))) {
            Exception failure = get(outcome).failure();
            assertInstanceOf(LaneException.class, failure);
            assertTrue(failure.getMessage().contains("is closed"), failure.getMessage());
        }
        open(PLENTY);
        assertEquals(List.of("1"), lines(next("lane")));
        assertEquals(0, number("SELECT count(*) FROM dead_letter"));
    }

    @Test
    void whatWaitsIsStoredBeforeTheFileIsClosed() throws Exception {
        open(PLENTY);
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Told>> outcomes = IntStream.range(0, 3000)
                .mapToObj(i -> append("lane", "g", "key " + i, null, "" + i)).toList();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(outbox::close);
        Awaitility.await().until(() -> get(append("lane", "g", "too late", null, "too late")).failure() != null);
        assertFalse(closed.isDone());

        release.countDown();

        closed.get(10, TimeUnit.SECONDS);
        for (CompletableFuture<Told> outcome : outcomes) {
            assertTrue(outcome.isDone());
            assertStored(outcome);
        }
        open(PLENTY);
        assertEquals(IntStream.range(0, 3000).mapToObj(i -> "" + i).toList(), lines(next("lane")));
    }

    @Test
    void everyWriteIsToldWhateverMomentTheFileIsClosedAt() throws Exception {
        byte[] event = "1".getBytes(UTF_8);
        AtomicLong sent = new AtomicLong();
        AtomicLong told = new AtomicLong();
        for (int i = 0; i < 40; i++) {
            open(directory.resolve("" + i % 2), PLENTY);
            AtomicBoolean stop = new AtomicBoolean();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                Thread thread = new Thread(() -> {
                    while (!stop.get()) {
                        // the same event again and again is soon answered, so the queue is never full
                        outbox.append("lane", "g", "key", null, event, (repeated, failure) -> told.incrementAndGet());
                        sent.incrementAndGet();
                    }
                });
                thread.start();
                threads.add(thread);
            }
            long before = told.get();
            Awaitility.await().pollInterval(Duration.ofMillis(1)).until(() -> told.get() > before + 1000);

            outbox.close();
            stop.set(true);

            for (Thread thread : threads) {
                thread.join(20_000);
            }
            assertEquals(sent.get(), told.get(), "after close " + i);
        }
    }

    // helpers

    private static OutboxFile.DeadLetterBounds deadLetters(long count) {
        return new OutboxFile.DeadLetterBounds(count, 1L << 32, Long.MAX_VALUE, 3_600_000);
    }

    private void open(Bounds bounds) throws LaneException {
        open(directory, bounds);
    }

    /** Outcomes are told by the writer itself, so that a test can hold it up. */
    private void open(Path place, Bounds bounds) throws LaneException {
        outbox = OutboxFile.open(place, bounds, Runnable::run);
    }

    private void closeOutbox() throws SQLException {
        if (reader != null) {
            reader.close();
            reader = null;
        }
        if (outbox != null) {
            outbox.close();
        }
    }

    private void reopen(Bounds bounds) throws Exception {
        closeOutbox();
        open(bounds);
    }

    private Outcome told(CompletableFuture<Told> outcome) {
        return (repeated, failure) -> {
            if (!outcome.complete(new Told(repeated, failure))) {
                toldAgain.incrementAndGet();
            }
        };
    }

    private CompletableFuture<Told> append(String lane, String group, String key, String alert, String text) {
        CompletableFuture<Told> outcome = new CompletableFuture<>();
        outbox.append(lane, group, key, alert, text.getBytes(UTF_8), told(outcome));
        return outcome;
    }

    private CompletableFuture<Told> keepOutcome(String reason, String detail, String body) {
        CompletableFuture<Told> outcome = new CompletableFuture<>();
        outbox.keep(new Undeliverable(reason, detail, null, null, null, null, null, null, null, body.getBytes(UTF_8)),
                told(outcome));
        return outcome;
    }

    private CompletableFuture<Told> probe() throws InterruptedException {
        CompletableFuture<Told> outcome = new CompletableFuture<>();
        outbox.probe(told(outcome));
        return outcome;
    }

    private void store(String lane, String group, String text) throws Exception {
        assertStored(append(lane, group, text, null, text));
    }

    private void keep(String reason, String detail, String body) throws Exception {
        assertStored(keepOutcome(reason, detail, body));
    }

    private void storeAll(boolean inOneCommit, String... texts) throws Exception {
        Event[] events = Stream.of(texts).map(text -> new Event("lifecycle", null, text)).toArray(Event[]::new);
        if (inOneCommit) {
            commit("lane", events);
        } else {
            for (Event event : events) {
                commit("lane", event);
            }
        }
    }

    private void commit(String lane, Event... events) throws Exception {
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Told>> outcomes = Stream.of(events)
                .map(event -> append(lane, event.group(), event.text(), event.alert(), event.text())).toList();
        release.countDown();
        for (CompletableFuture<Told> outcome : outcomes) {
            assertStored(outcome);
        }
    }

    /** 200 events on many pages, in the file itself once it is closed. */
    private void storeBacklog() throws Exception {
        open(PLENTY);
        for (int i = 0; i < 20; i++) {
            int first = 10 * i;
            storeAll(true,
                    IntStream.range(first, first + 10).mapToObj(n -> n + "x".repeat(300)).toArray(String[]::new));
        }
    }

    /** Holds the writer up: all that is written until the latch is released is one commit. */
    private CountDownLatch holdWriter() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        outbox.probe((repeated, failure) -> {
            held.countDown();
            awaitLatch(release);
        });
        awaitLatch(held);
        return release;
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private CompletableFuture<Boolean> waitFor(String lane, long events, long bytes) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return outbox.lane(lane).await(events, bytes, 60_000);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    private OutboxBatch next(String lane) throws SQLException {
        return next(lane, ALL, ALL);
    }

    private OutboxBatch next(String lane, int maxEvents, int maxBytes) throws SQLException {
        if (reader == null) {
            reader = outbox.reader();
        }
        return reader.next(lane, maxEvents, maxBytes);
    }

    private void remove(OutboxBatch batch) throws Exception {
        CompletableFuture<Told> outcome = new CompletableFuture<>();
        outbox.remove(batch, told(outcome));
        assertStored(outcome);
    }

    /** Removes batch for batch, and returns the lines of each. */
    private List<List<String>> drain(String lane, int maxEvents, int maxBytes) {
        try {
            List<List<String>> batches = new ArrayList<>();
            for (OutboxBatch batch = next(lane, maxEvents, maxBytes); batch != null; batch = next(lane, maxEvents,
                    maxBytes)) {
                batches.add(lines(batch));
                remove(batch);
            }
            return batches;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> lines(OutboxBatch batch) {
        return List.of(new String(batch.body(), UTF_8).split("\n", -1));
    }

    private static String withoutBody(String batch) {
        return batch.replaceFirst("body=[^,]*", "");
    }

    private static Told get(CompletableFuture<Told> outcome) {
        try {
            return outcome.get(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("An outcome was not told", e);
        }
    }

    private static void assertStored(CompletableFuture<Told> outcome) {
        assertEquals(new Told(false, null), get(outcome));
    }

    private static void assertRepeated(CompletableFuture<Told> outcome) {
        assertEquals(new Told(true, null), get(outcome));
    }

    private static void assertFull(CompletableFuture<Told> outcome) {
        assertInstanceOf(LaneFullException.class, get(outcome).failure());
    }

    private void assertWaiting(String lane, long events, long bytes) {
        assertEquals(events, outbox.lane(lane).events(), "events waiting in " + lane);
        assertEquals(bytes, outbox.lane(lane).bytes(), "bytes waiting in " + lane);
    }

    private static byte[] zeroMiddlePage(byte[] file) {
        int page = file.length / PAGE / 2;
        Arrays.fill(file, page * PAGE, (page + 1) * PAGE, (byte) 0);
        return file;
    }

    /** The files as a crash would leave them. */
    private Path copyFiles(String name) throws IOException {
        Path copy = Files.createDirectory(directory.resolve(name));
        for (String file : List.of("outbox.db", "outbox.db-wal")) {
            Files.copy(directory.resolve(file), copy.resolve(file));
        }
        return copy;
    }

    private static List<Path> setAside(Path place) throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            return files
                    .filter(file -> file.getFileName().toString().matches("outbox\\.db\\.corrupt-[^-]+-[^-]+-[^-]+"))
                    .toList();
        }
    }

    private long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.filter(file -> {
                try {
                    return Files.readSymbolicLink(file).startsWith(directory.toRealPath());
                } catch (IOException e) {
                    // the one that lists them
                    return false;
                }
            }).count();
        }
    }

    private static Connection connect(Path place) throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + place.resolve("outbox.db"));
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = connect(directory); Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private long number(String query) throws SQLException {
        return number(directory, query);
    }

    private static long number(Path place, String query) throws SQLException {
        try (Connection connection = connect(place);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            return row.next() ? row.getLong(1) : 0;
        }
    }
}
