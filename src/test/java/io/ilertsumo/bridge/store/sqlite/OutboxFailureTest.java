package io.ilertsumo.bridge.store.sqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.testing.LoggedLines;

/** What fails does so alone, and what is damaged is set aside. */
class OutboxFailureTest extends OutboxFixture {

    private static final String BREAK = "BEGIN SELECT RAISE(ABORT, 'broken for the test'); END";

    // writes that fail

    @Test
    void ofACommitThatFailsNothingIsStored() throws Exception {
        open(PLENTY);
        store("lane", "g", "0");
        assertStored(keep(unreadable("kept")));
        Batch batch = next("lane");
        execute("CREATE TRIGGER broken BEFORE INSERT ON seen " + BREAK);

        CountDownLatch release = holdWriter();
        List<CompletableFuture<Result>> results = List.of(append("lane", "g", "1", "1"),
                append("other lane", "g", "2", "2"), keep(unreadable("body")), discard(1L));
        release.countDown();

        for (CompletableFuture<Result> result : results) {
            Exception failure = get(result).failure();
            assertInstanceOf(StoreException.class, failure);
            assertTrue(failure.getMessage().contains("broken for the test"), failure.getMessage());
        }
        assertPending("lane", 1, 2);
        assertPending("other lane", 0, 0);
        assertNull(next("other lane"));
        assertEquals(List.of("0"), lines(next("lane")));
        assertEquals(1, number("SELECT count(*) FROM dead_letter"));
        assertEquals(1, number("SELECT count(*) FROM seen"));

        execute("DROP TRIGGER broken");

        store("lane", "g", "1");
        store("other lane", "g", "2");
        assertEquals(1, outbox.deadLetters().count());
        acknowledge(batch);
        assertEquals(List.of(List.of("1")), drain("lane", ALL, ALL));
        reopen(PLENTY);
        assertPending("lane", 0, 0);
        assertPending("other lane", 1, 2);
        assertDuplicate(append("lane", "g", "1", "1"));
    }

    @Test
    void oneBadWriteOfManyFailsAlone() throws Exception {
        open(PLENTY);
        store("lane", "g", "acknowledged");
        execute("CREATE TRIGGER broken BEFORE INSERT ON dead_letter WHEN NEW.reason = 'bad' " + BREAK);
        Batch batch = next("lane");
        DeadLetter.Content bad = new DeadLetter.Content("bad", null, null, null, null, null, null, null, null,
                new byte[1]);
        CountDownLatch release = holdWriter();
        List<CompletableFuture<Result>> good = new ArrayList<>();
        List<CompletableFuture<Result>> failing = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            good.add(append("lane", "g" + i % 3, "" + i, "" + i));
            if (i % 100 == 50) {
                failing.add(keep(bad));
                good.add(keep(unreadable("" + i)));
            }
        }
        CompletableFuture<Void> acknowledged = CompletableFuture.runAsync(() -> {
            try {
                acknowledge(batch);
            } catch (StoreException e) {
                throw new AssertionError(e);
            }
        });
        release.countDown();

        good.forEach(OutboxFixture::assertStored);
        failing.forEach(result -> assertTrue(get(result).failure().getMessage().contains("broken for the test")));
        acknowledged.get(10, TimeUnit.SECONDS);
        assertEquals(400, status("lane").events());
        assertEquals(4, outbox.deadLetters().count());
        assertEquals(1, number("SELECT count(DISTINCT accepted) FROM event"), "one commit");
        int delivered = drain("lane", ALL, ALL).stream().mapToInt(List::size).sum();
        assertEquals(400, delivered);
    }

    @Test
    void aTableThatIsGoneAndComesBackDoesNotEndTheWriter() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        execute("ALTER TABLE event RENAME TO gone");

        assertInstanceOf(StoreException.class, get(append("lane", "g", "2", "2")).failure());
        assertInstanceOf(StoreException.class, get(append("lane", "g", "2", "2")).failure());
        assertThrows(StoreException.class, () -> next("lane"));
        assertPending("lane", 1, 2);

        execute("ALTER TABLE gone RENAME TO event");

        store("lane", "g", "2");
        assertEquals(List.of(List.of("1", "2")), drain("lane", ALL, ALL));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void failuresLeaveNoFileOpen() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        execute("ALTER TABLE event RENAME TO gone");
        execute("ALTER TABLE dead_letter RENAME TO gone_too");
        BatchSource source = source("lane");
        fail(source);
        long before = openFiles();

        for (int i = 0; i < 20; i++) {
            fail(source);
        }

        assertEquals(before, openFiles());
    }

    private void fail(BatchSource source) {
        assertThrows(StoreException.class, () -> source.next(1, 1));
        assertThrows(StoreException.class, () -> outbox.deadLetters().get(1));
        assertInstanceOf(StoreException.class, get(append("lane", "g", "2", "2")).failure());
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

    // batches that are delivered, but can't be removed

    @Test
    void aBatchThatCanNotBeRemovedIsRemovedBeforeTheNextOneComes() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2");
        execute("CREATE TRIGGER broken BEFORE UPDATE ON queue " + BREAK);
        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            acknowledge(next("lane", 1, ALL));

            assertEquals(1, logged.matching("ERROR A batch of the lane lane is delivered, but not removed.*").size());
        }
        assertPending("lane", 2, 4);
        assertThrows(StoreException.class, () -> next("lane"));
        // as the consumer, which opens the lane again after an error
        closeSource("lane");
        assertThrows(StoreException.class, () -> next("lane"));

        execute("DROP TRIGGER broken");

        assertEquals(List.of(List.of("2")), drain("lane", ALL, ALL));
        assertPending("lane", 0, 0);
        assertEquals(0, number("SELECT count(*) FROM event"));
    }

    @Test
    void aBatchThatCanNotBeRemovedDoesNotLoseTheTurnOfItsGroup() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2");
        store("lane", "other", "3");
        execute("CREATE TRIGGER broken BEFORE UPDATE ON queue " + BREAK);
        acknowledge(next("lane", 1, ALL));
        execute("DROP TRIGGER broken");

        assertEquals(List.of(List.of("3"), List.of("2")), drain("lane", ALL, ALL));
    }

    // damaged rows

    @Test
    void aDamagedRowIsNeverDeliveredAndSetAsideAlone() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2");
        storeAll(true, "333", "444", "555");
        storeAll(true, "6");
        execute("UPDATE event SET body = CAST(replace(body, '4', 'x') AS BLOB) WHERE id = (1 << 40) + 1");

        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            assertEquals(List.of(List.of("1", "2"), List.of("6")), drain("lane", ALL, ALL));
            assertEquals(1,
                    logged.matching(
                            "ERROR The row 1099511627777 of the outbox .* is damaged .* 3 events of the lane lane "
                                    + "are NOT delivered")
                            .size());
        }
        assertPending("lane", 0, 0);
        assertEquals(0, number("SELECT count(*) FROM event"));
        assertEquals(1,
                number("SELECT count(*) FROM damaged WHERE id = (1 << 40) + 1 AND lane = 'lane' AND grp = 'lifecycle'"
                        + " AND events = 3 AND CAST(body AS TEXT) LIKE '333%xxx%555%'"));
        assertEquals(new LaneStore.Damage(3, 0), outbox.damage());
        reopen(PLENTY);
        assertEquals(new LaneStore.Damage(3, 0), outbox.damage());
        assertPending("lane", 0, 0);
        store("lane", "lifecycle", "7");
        assertEquals(List.of(List.of("7")), drain("lane", ALL, ALL));
    }

    @ParameterizedTest
    @ValueSource(strings = { "body = CAST('X' || substr(body, 2) AS BLOB)", "id = id + 1", "id = (2 << 40)",
            "checksum = 0" })
    void aDamagedRowIsDeliveredInNoLaneOrGroup(String damage) throws Exception {
        open(PLENTY);
        store("lane", "lifecycle", "1");
        store("other lane", "other", "2");
        acknowledge(next("other lane"));
        closeOutbox();
        execute("UPDATE event SET " + damage);

        open(PLENTY);

        assertEquals(List.of(), drain("lane", ALL, ALL));
        assertEquals(List.of(), drain("other lane", ALL, ALL));
        assertEquals(new LaneStore.Damage(1, 0), outbox.damage());
    }

    /** A flipped bit in the head of a row makes a column null that has a constraint against it. */
    @Test
    void aDamagedRowWithoutACountIsSetAside() throws Exception {
        open(PLENTY);
        store("lane", "lifecycle", "1");
        closeOutbox();
        execute("ALTER TABLE event RENAME TO former");
        execute("CREATE TABLE event (id INTEGER PRIMARY KEY, lane, grp, accepted, events, checksum, traceparents, body)");
        execute("INSERT INTO event SELECT id, lane, grp, accepted, NULL, checksum, traceparents, x'00' FROM former");

        open(PLENTY);

        assertEquals(List.of(), drain("lane", ALL, ALL));
        assertEquals(1, number("SELECT count(*) FROM damaged"));
        assertEquals(new LaneStore.Damage(1, 0), outbox.damage());
    }

    @Test
    void eventsThatAreNotFoundAreLogged() throws Exception {
        open(PLENTY);
        store("lane", "lifecycle", "1");
        closeOutbox();
        execute("DELETE FROM event");

        open(PLENTY);
        assertPending("lane", 1, 2);

        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            assertEquals(List.of(), drain("lane", ALL, ALL));
            assertEquals(1, logged.matching("ERROR 1 events of the lane lane are not found .* NOT delivered").size());
        }
        assertPending("lane", 0, 0);
    }

    @ParameterizedTest
    @ValueSource(strings = { "grp = 'other'", "lane = 'lame'" })
    void aDamagedNameOfAQueueIsCorrectedByItsRows(String damage) throws Exception {
        open(PLENTY);
        store("lane", "lifecycle", "1");
        store("lane", "other", "2");
        closeOutbox();
        execute("UPDATE queue SET " + damage + " WHERE id = 1");

        open(PLENTY);
        store("lane", "lifecycle", "3");

        List<List<String>> delivered = new ArrayList<>();
        for (Batch batch = next("lane", 1, ALL); batch != null; batch = next("lane", 1, ALL)) {
            delivered.add(List.of(batch.group(), lines(batch).get(0)));
            acknowledge(batch);
        }
        assertEquals(List.of(List.of("lifecycle", "1"), List.of("other", "2"), List.of("lifecycle", "3")), delivered);
    }

    @Test
    void ofACorruptFileALostQueueIsRestored() throws Exception {
        storeBacklog();
        closeOutbox();
        execute("DELETE FROM queue");
        Path file = directory.resolve("outbox.db");
        Files.write(file, Damage.LAST_PAGE_GONE.done(Files.readAllBytes(file)));

        open(PLENTY);

        List<String> recovered = drain("lane", ALL, ALL).stream().flatMap(List::stream).toList();
        assertTrue(recovered.size() >= 160, recovered.size() + " events recovered");
    }

    @ParameterizedTest
    @ValueSource(strings = { "0", "-1", "''", "'x'" })
    void aDamagedTimeHidesNoRow(String time) throws Exception {
        open(PLENTY);
        for (String text : List.of("1", "2", "3")) {
            store("lane", "lifecycle", text);
        }
        closeOutbox();
        execute("UPDATE event SET accepted = " + time);

        open(PLENTY);

        assertEquals(List.of(List.of("1"), List.of("2"), List.of("3")), drain("lane", 1, ALL));
        assertEquals(List.of(), setAside(directory));
    }

    /** Its ID is that of an earlier row: the IDs behind it are taken. */
    @ParameterizedTest
    @ValueSource(strings = { "event", "seen" })
    void aDamagedLastIdKeepsNoEventOut(String table) throws Exception {
        open(PLENTY);
        storeAll(false, "1", "2", "3", "4");
        closeOutbox();
        int page = (int) (number("SELECT rootpage FROM sqlite_master WHERE name = '" + table + "'") - 1) * PAGE;
        byte[] file = Files.readAllBytes(directory.resolve("outbox.db"));
        int last = page + ByteBuffer.wrap(file).getShort(page + 8 + 2 * 3);
        // behind the length of the row, which is one byte, the ID has as many as it needs
        file[last + (table.equals("event") ? 6 : 1)] -= 3;
        Files.write(directory.resolve("outbox.db"), file);

        open(PLENTY);
        Awaitility.await().until(() -> get(append("lane", "lifecycle", "5", "5")).failure() == null);

        List<String> delivered = drain("lane", ALL, ALL).stream().flatMap(List::stream).toList();
        assertTrue(delivered.containsAll(List.of("1", "2", "3", "5")), delivered.toString());
    }

    /** The name was damaged while no event was pending: later events have a queue of their own. */
    @Test
    void twoQueuesOfOneNameAreDelivered() throws Exception {
        open(PLENTY);
        store("lane", "lifecycle", "1");
        acknowledge(next("lane"));
        closeOutbox();
        execute("UPDATE queue SET grp = 'lifecyclf'");
        open(PLENTY);
        store("lane", "lifecycle", "2");
        closeOutbox();
        execute("UPDATE queue SET grp = 'lifecycle'");

        open(PLENTY);
        store("lane", "lifecycle", "3");
        execute("CREATE TRIGGER broken BEFORE INSERT ON seen " + BREAK);
        assertInstanceOf(StoreException.class, get(append("lane", "lifecycle", "4", "4")).failure());
        execute("DROP TRIGGER broken");
        store("lane", "lifecycle", "5");

        assertPending("lane", 3, 6);
        List<String> delivered = drain("lane", ALL, ALL).stream().flatMap(List::stream).sorted().toList();
        assertEquals(List.of("2", "3", "5"), delivered);
        assertPending("lane", 0, 0);
    }

    @ParameterizedTest
    @ValueSource(strings = { "events = 0", "events = -7", "bytes = 0", "first = first + 2", "first = 0",
            "first = 1 << 50",
            "offset = 3", "offset = -1", "offset = 100000" })
    void damagedCountsAndPositionsHideNoEvent(String damage) throws Exception {
        open(PLENTY);
        storeAll(false, "1", "2", "3");
        closeOutbox();
        execute("UPDATE queue SET " + damage);

        open(PLENTY);
        store("lane", "lifecycle", "4");

        List<String> delivered = drain("lane", ALL, ALL).stream().flatMap(List::stream).toList();
        assertTrue(delivered.containsAll(List.of("2", "3", "4")), delivered.toString());
        assertTrue(damage.startsWith("offset") || delivered.contains("1"), delivered.toString());
        assertPending("lane", 0, 0);
        store("lane", "lifecycle", "5");
        reopen(PLENTY);
        assertEquals(List.of(List.of("5")), drain("lane", ALL, ALL));
    }

    @Test
    void aDamagedPositionDeliversNoEventForEver() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "2", "3");
        closeOutbox();
        execute("UPDATE queue SET offset = 5");

        open(PLENTY);

        assertEquals(List.of(List.of("1"), List.of("2"), List.of("3")), drain("lane", 1, ALL));
    }

    @Test
    void eventsWhoseQueueIsLostAreNotDeliveredAsThoseOfAnother() throws Exception {
        open(PLENTY);
        storeAll(false, "1", "2");
        closeOutbox();
        execute("DELETE FROM queue");

        open(PLENTY);
        commit("lane", new Event("other", "3"));

        assertEquals(List.of(List.of("3")), drain("lane", ALL, ALL));
        assertEquals(2, number("SELECT count(*) FROM event"));
    }

    @Test
    void aReplacementThatAKillHasInterruptedIsFinished() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        closeOutbox();
        Files.move(directory.resolve("outbox.db"), directory.resolve("outbox.db.new"));

        open(PLENTY);

        assertEquals(List.of(List.of("1")), drain("lane", ALL, ALL));
    }

    @Test
    void theFormerLogIsNotThatOfTheFileThatReplacesIt() throws Exception {
        open(PLENTY);
        storeAll(false, backlog().toArray(String[]::new));
        Path killed = copyFiles("killed");
        closeOutbox();
        Path place = Files.createDirectory(directory.resolve("place"));
        open(place, PLENTY);
        store("lane", "g", "1");
        closeOutbox();
        Files.move(place.resolve("outbox.db"), place.resolve("outbox.db.new"));
        Files.copy(killed.resolve("outbox.db-wal"), place.resolve("outbox.db-wal"));

        open(place, PLENTY);

        assertEquals(List.of(List.of("1")), drain("lane", ALL, ALL));
        try (Stream<Path> files = Files.list(place)) {
            assertEquals(1, files.filter(file -> file.toString().matches(".*\\.corrupt-.*-wal")).count());
        }
    }

    @Test
    void aRowThatIsDamagedBehindItsPositionIsSetAsideWithTheCountsOfTheRest() throws Exception {
        open(PLENTY);
        storeAll(true, "1", "22", "333");
        storeAll(true, "4444");
        acknowledge(next("lane", 2, ALL));
        assertPending("lane", 2, 9);
        execute("UPDATE event SET body = CAST(replace(body, '3', 'x') AS BLOB)");

        Batch batch = next("lane");

        assertEquals(List.of("4444"), lines(batch));
        assertPending("lane", 1, 5);
        acknowledge(batch);
        assertPending("lane", 0, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = { 0, 1, 2, 100 })
    void aDamagedRowOfAnyLengthIsSetAside(int length) throws Exception {
        open(PLENTY);
        storeAll(true, "1", "22", "333");
        storeAll(true, "4444");
        acknowledge(next("lane", 1, ALL));
        execute("UPDATE event SET events = 0, body = zeroblob(" + length + ") WHERE id = 1 << 40");

        assertEquals(List.of(List.of("4444")), drain("lane", ALL, ALL));

        assertPending("lane", 0, 0);
        assertEquals(length, number("SELECT length(body) FROM damaged"));
    }

    @Test
    void aDamagedRowOfOneGroupDoesNotDelayAnother() throws Exception {
        open(PLENTY);
        store("lane", "damaged", "1");
        store("lane", "good", "2");
        execute("UPDATE event SET checksum = checksum + 1 WHERE id = 1 << 40");

        assertEquals(List.of(List.of("2")), drain("lane", ALL, ALL));
        assertEquals(1, number("SELECT count(*) FROM damaged"));
    }

    // corrupt files

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
    void aCorruptFileIsSetAsideByteForByteAndReplaced(Damage damage) throws Exception {
        storeBacklog();
        closeOutbox();
        byte[] corrupt = damage.done(Files.readAllBytes(directory.resolve("outbox.db")));
        Files.write(directory.resolve("outbox.db"), corrupt);

        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            open(PLENTY);

            assertEquals(1, logged.matching("ERROR The outbox .*/outbox\\.db is corrupt \\(.+\\). It is kept as .*"
                    + setAside(directory).get(0).getFileName() + "; the rows that can be read are copied.*").size());
            long rows = number("SELECT (SELECT count(*) FROM queue) + (SELECT count(*) FROM event)"
                    + " + (SELECT count(*) FROM seen)");
            assertEquals(1, logged.matching("ERROR The outbox .* is replaced by a new file with " + rows
                    + " rows. Events of other rows are NOT delivered").size(), rows + " rows");
        }
        assertEquals(1, setAside(directory).size());
        assertArrayEquals(corrupt, Files.readAllBytes(setAside(directory).get(0)));
        Awaitility.await().until(() -> outbox.damage().files() == 1);
        List<String> recovered = drain("lane", ALL, ALL).stream().flatMap(List::stream).toList();
        assertTrue(backlog().containsAll(recovered));
        if (damage == Damage.LAST_PAGE_GONE) {
            assertTrue(recovered.size() >= 160, recovered.size() + " events recovered");
        }
        assertPending("lane", 0, 0);
        store("lane", "g", "new");
        reopen(PLENTY);
        assertEquals(List.of(List.of("new")), drain("lane", ALL, ALL));
        assertEquals(1, setAside(directory).size());
    }

    @Test
    void ofACorruptFileTheWriteAheadLogIsSetAsideToo() throws Exception {
        storeBacklog();
        reopen(PLENTY);
        store("lane", "g", "in the write-ahead log");
        Path copy = copyFiles("copy");
        closeOutbox();
        Path file = copy.resolve("outbox.db");
        byte[] corrupt = Arrays.copyOf(Files.readAllBytes(file), 10);
        byte[] log = Files.readAllBytes(copy.resolve("outbox.db-wal"));
        Files.write(file, corrupt);

        open(copy, PLENTY);

        List<Path> aside = setAside(copy);
        if (!aside.isEmpty()) {
            assertArrayEquals(corrupt, Files.readAllBytes(aside.get(0)));
            assertArrayEquals(log, Files.readAllBytes(Path.of(aside.get(0) + "-wal")));
        }
        store("lane", "g", "new");
        assertTrue(drain("lane", ALL, ALL).stream().flatMap(List::stream).toList().contains("new"));
    }

    @Test
    void aFileThatIsFoundCorruptWhileItIsReadIsReplacedAndAllThatCanBeReadIsDelivered() throws Exception {
        storeBacklog();
        assertStored(keep(unreadable("kept")));
        closeOutbox();
        Path file = directory.resolve("outbox.db");
        Files.write(file, zeroOneRowPage(Files.readAllBytes(file)));

        open(PLENTY);
        List<String> delivered = new ArrayList<>();
        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
                try {
                    drain("lane", 10, ALL).forEach(delivered::addAll);
                    return setAside(directory).size() == 1 && status("lane").events() == 0;
                } catch (StoreException e) {
                    // as the consumer, which tries again later
                    return false;
                }
            });
            assertEquals(1,
                    logged.matching("WARN Rows of the table event from \\d+ on can't be read: .*").size());
        }

        assertTrue(delivered.size() >= 160 && delivered.size() < 200, delivered.size() + " events are delivered");
        assertTrue(backlog().containsAll(delivered));
        assertEquals(1, outbox.deadLetters().count());
        assertDuplicate(append("lane", "g", backlog().get(0), backlog().get(0)));
        store("lane", "g", "new");
        assertEquals(List.of(List.of("new")), drain("lane", ALL, ALL));
        assertEquals(1, setAside(directory).size());
    }

    /** Zeroes a page in the middle of those that hold rows of events: a start reads the first and the last one. */
    private static byte[] zeroOneRowPage(byte[] file) {
        int leafOfATable = 13;
        List<Integer> pages = IntStream.range(0, file.length / PAGE).map(page -> page * PAGE)
                .filter(at -> file[at] == leafOfATable
                        && new String(file, at, PAGE, UTF_8).contains("x".repeat(300) + "\n"))
                .boxed().toList();
        int middle = pages.get(pages.size() / 2);
        Arrays.fill(file, middle, middle + PAGE, (byte) 0);
        return file;
    }

    private static List<String> backlog() {
        return IntStream.range(0, 200).mapToObj(i -> i + "x".repeat(300)).toList();
    }

    /** Stores 200 events on many pages. */
    private void storeBacklog() throws Exception {
        open(PLENTY);
        for (int i = 0; i < 200; i += 10) {
            storeAll(true, backlog().subList(i, i + 10).toArray(String[]::new));
        }
    }

    private static List<Path> setAside(Path place) throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            return files
                    .filter(file -> file.getFileName().toString().matches("outbox\\.db\\.corrupt-[^-]+-[^-]+-[^-]+"))
                    .toList();
        }
    }

    // the disk

    @Test
    void theFreeSpaceIsAskedForOnceASecondAtMost() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        AtomicLong free = new AtomicLong(1000);
        outbox = new Outbox(bounds(100, 1000, 999).in(directory), Runnable::run, () -> {
            asked.incrementAndGet();
            return free.get();
        });
        long start = System.nanoTime();
        for (int i = 0; i < 20; i++) {
            store("lane", "g", "" + i);
        }
        assertTrue(asked.get() <= 1 + (System.nanoTime() - start) / 1_000_000_000, asked + " times");

        free.set(999);
        AtomicInteger id = new AtomicInteger(20);
        Awaitility.await().until(() -> get(append("lane", "g", "" + id.incrementAndGet(), "1")).failure() != null);
        free.set(1000);
        Awaitility.await().until(() -> get(append("lane", "g", "" + id.get(), "1")).failure() == null);
    }

    @Test
    void readingWritesNothing() throws Exception {
        open(PLENTY);
        store("lane", "g", "1");
        byte[] log = Files.readAllBytes(directory.resolve("outbox.db-wal"));

        next("lane");
        status("lane").age();
        outbox.deadLetters().list(DeadLetter.Filter.ALL, 0, 10);

        assertArrayEquals(log, Files.readAllBytes(directory.resolve("outbox.db-wal")));
    }

    @Test
    void afterABacklogTheDiskIsFreed() throws Exception {
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
}
