package io.ilertsumo.bridge.store.sqlite;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.testing.LoggedLines;

/** One frame of the log is damaged, as a kill leaves it, or its last commit is cut off. */
class WriteAheadLogTest extends OutboxFixture {

    private static final int COMMITS = 20;
    /** Without the repair half of all on average. A root page costs more than any other. */
    private static final int AVERAGE_LOSS = 1;
    private static final int HEADER = 32;
    private static final int FRAME_HEADER = 24;
    private static final int FRAME = FRAME_HEADER + PAGE;

    /** Where a frame is damaged. */
    enum Damage {
        PAGE_NUMBER(0), COMMIT(4), SALT(8), CHECKSUM(16), DATA(FRAME_HEADER + PAGE - 5);

        private final int at;

        Damage(int at) {
            this.at = at;
        }
    }

    private Path killed;
    /** As the outbox with the last damaged log had it. */
    private LaneStore.Damage damage;
    private List<String> logged;
    private byte[] log;

    @BeforeEach
    void fillALog() throws Exception {
        open(PLENTY);
        for (int i = 0; i < COMMITS; i++) {
            commit("lane", new Event("group", text(i)));
        }
        killed = copyFiles("killed");
        log = Files.readAllBytes(killed.resolve("outbox.db-wal"));
        closeOutbox();
    }

    private static String text(int number) {
        return number + "x".repeat(600);
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedFrameCostsLittle(Damage damage) throws Exception {
        int frames = commits().get(COMMITS - 2);
        int lost = 0;
        long setAside = 0;
        for (int frame = 0; frame < frames; frame++) {
            byte[] damaged = log.clone();
            damaged[HEADER + frame * FRAME + damage.at] ^= 0x40;

            lost += lost(damaged).size();
            setAside += this.damage.events();

            // the first: a page that can't be read has the whole outbox replaced
            assertArrayEquals(damaged, Files.readAllBytes(aside().get(0)), "frame " + frame);
            assertRepairIsShown();
        }

        assertTrue(damage != Damage.DATA || setAside > 0, "rows that are set aside");
        assertTrue(lost <= AVERAGE_LOSS * frames, damage + " of " + frames + " frames: " + lost);
    }

    /** The index of the log shows that it was synced. */
    @ParameterizedTest
    @EnumSource
    void aDamagedFrameOfTheLastCommitCostsLittle(Damage damage) throws Exception {
        List<Integer> commits = commits();
        int lost = 0;
        for (int frame = commits.get(COMMITS - 2) + 1; frame <= commits.get(COMMITS - 1); frame++) {
            byte[] damaged = log.clone();
            damaged[HEADER + frame * FRAME + damage.at] ^= 0x40;

            lost += lost(damaged, killed.resolve("outbox.db-shm")).size();

            assertArrayEquals(damaged, Files.readAllBytes(aside().get(0)), "frame " + frame);
            assertRepairIsShown();
        }

        // only the page of the event itself
        assertTrue(lost <= 1, damage + ": " + lost);
    }

    @Test
    void aZeroedFrameCostsLittle() throws Exception {
        int frames = commits().get(COMMITS - 2);
        int lost = 0;
        for (int frame = 0; frame < frames; frame++) {
            byte[] damaged = log.clone();
            Arrays.fill(damaged, HEADER + frame * FRAME, HEADER + (frame + 1) * FRAME, (byte) 0);

            lost += lost(damaged).size();
        }

        assertTrue(lost <= AVERAGE_LOSS * frames, frames + " frames: " + lost);
    }

    @Test
    void aDamagedHeaderCostsNothing() throws Exception {
        for (int i = 0; i < HEADER; i++) {
            byte[] damaged = log.clone();
            damaged[i] ^= 0x10;

            assertEquals(List.of(), lost(damaged), "byte " + i);
        }
    }

    /** It was not synced, and so not acknowledged: its pages may be anything. */
    @Test
    void aLastCommitThatIsCutOffIsNotRead() throws Exception {
        List<Integer> commits = commits();
        for (int frame = commits.get(COMMITS - 2) + 1; frame <= commits.get(COMMITS - 1); frame++) {
            byte[] torn = log.clone();
            Arrays.fill(torn, HEADER + frame * FRAME + FRAME_HEADER + PAGE / 2, HEADER + (frame + 1) * FRAME, (byte) 0);

            assertEquals(List.of(text(COMMITS - 1)), lost(torn), "frame " + frame);
            assertEquals(List.of(), aside());
            assertEquals(new LaneStore.Damage(0, 0), damage);
            assertEquals(List.of(), logged);
        }
    }

    private void assertRepairIsShown() throws Exception {
        assertEquals(1, logged.size());
        // a frame's checksum is a part of the next one's
        assertTrue(logged.get(0).matches("ERROR [12] pages in the write-ahead log "
                + directory.resolve("damaged/outbox.db-wal") + " are damaged. It is kept as " + aside().get(0)
                + "; all commits are read"), logged.get(0));
        // another one if the whole outbox is replaced
        assertTrue(damage.files() >= 1, damage.toString());
    }

    @Test
    void anIntactLogIsLeftAlone() throws Exception {
        assertEquals(0, WriteAheadLog.repair(killed.resolve("outbox.db-wal"), killed.resolve("outbox.db-shm"),
                killed.resolve("aside")));
        assertArrayEquals(log, Files.readAllBytes(killed.resolve("outbox.db-wal")));
    }

    @Test
    void aLogMayBeOfAnyLengthAndContent() throws Exception {
        Random random = new Random(1);
        for (int length : new int[]{ 0, 1, HEADER, HEADER + FRAME - 1, HEADER + FRAME, HEADER + 5 * FRAME + 7 }) {
            byte[] noise = new byte[length];
            random.nextBytes(noise);

            assertEquals(COMMITS - lost(noise).size(), 0, length + " bytes: the log holds all events");
            assertEquals(List.of(), aside());
        }
    }

    /** The last frames of the commits of one event each. */
    private List<Integer> commits() {
        List<Integer> commits = new ArrayList<>();
        for (int frame = 0; HEADER + (frame + 1) * FRAME <= log.length; frame++) {
            if (ByteBuffer.wrap(log).getInt(HEADER + frame * FRAME + 4) != 0) {
                commits.add(frame);
            }
        }
        return commits.subList(commits.size() - COMMITS, commits.size());
    }

    /** The events that are not delivered with that log; none is changed. */
    private List<String> lost(byte[] damaged, Path... index) throws Exception {
        Path place = directory.resolve("damaged");
        if (Files.exists(place)) {
            try (Stream<Path> files = Files.list(place)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        }
        Files.createDirectories(place);
        Files.copy(killed.resolve("outbox.db"), place.resolve("outbox.db"));
        Files.write(place.resolve("outbox.db-wal"), damaged);
        for (Path file : index) {
            Files.copy(file, place.resolve("outbox.db-shm"));
        }
        try (LoggedLines lines = new LoggedLines(Outbox.class)) {
            open(place, PLENTY);
            logged = lines.matching(".* write-ahead log .*");
            List<String> expected = new ArrayList<>(
                    IntStream.range(0, COMMITS).mapToObj(WriteAheadLogTest::text).toList());
            List<String> delivered = drain("lane", ALL, ALL).stream().flatMap(List::stream).toList();
            assertTrue(expected.containsAll(delivered), "a changed event was delivered");
            // the writer lists the files when it begins a transaction, the first of which may find the file corrupt
            Awaitility.await().ignoreExceptions().untilAsserted(() -> outbox.check());
            damage = outbox.damage();
            expected.removeAll(delivered);
            return expected;
        } finally {
            closeOutbox();
        }
    }

    private List<Path> aside() throws Exception {
        try (Stream<Path> files = Files.list(directory.resolve("damaged"))) {
            return files.filter(file -> file.toString().matches(".*\\.corrupt-.*-wal")).sorted().toList();
        }
    }
}
