package io.ilertsumo.bridge.store.sqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.StoreException;

/**
 * Bytes flipped, pages zeroed and ends cut off, in the database and its write-ahead log, by random seeds: one damage, or
 * three for a third of the seeds. With {@code -Ddamage.seeds} for more of them than a build wants to wait for, with
 * {@code -Ddamage.seed} for one.
 */
class OutboxDamageTest extends OutboxFixture {

    /** See https://www.sqlite.org/fileformat2.html#b_tree_pages. */
    private static final byte TABLE_LEAF = 0x0D;

    private static final Logger LOG = LoggerFactory.getLogger(OutboxDamageTest.class);
    private static final List<String> LANES = List.of("express", "bulk");
    private static final int EVENTS = 1500;
    private static final int EVENTS_OF_A_COMMIT = 5;
    private static final int DEAD_LETTERS = 30;

    /** What damages did; forgotten are events whose duplicates are not detected. */
    private record Loss(int events, int deadLetters, int forgotten) {

        Loss plus(Loss other) {
            return new Loss(events + other.events, deadLetters + other.deadLetters, forgotten + other.forgotten);
        }
    }

    @Test
    @Timeout(3600)
    void whatIsDeliveredIsAsItWasAcceptedAndADamageCostsLittle() throws Exception {
        Path place = damageable();
        Long given = Long.getLong("damage.seed");
        int seeds = given != null ? 1 : Integer.getInteger("damage.seeds", 60);
        int damages = 0;
        Loss lost = new Loss(0, 0, 0);
        for (int i = 0; i < seeds; i++) {
            long seed = given != null ? given : System.nanoTime();
            Random random = new Random(seed);
            Path damaged = copyOf(place);
            List<String> done = new ArrayList<>();
            try {
                for (int left = random.nextInt(3) == 0 ? 3 : 1; left > 0; left--) {
                    done.add(damage(damaged, random));
                }
                Loss loss = loss(damaged);
                LOG.info("Seed {}: {}: {}", seed, done, loss);
                if (done.stream().noneMatch(damage -> damage.contains("cut off"))) {
                    damages += done.size();
                    lost = lost.plus(loss);
                }
            } catch (Exception | AssertionError e) {
                throw new AssertionError("Seed " + seed + ": " + done, e);
            } finally {
                closeOutbox();
            }
        }

        // a page has 13 events, or 13 dead letters, or the keys of 100 commits; a root page costs more, but is hit seldom
        String result = seeds + " seeds, of which " + damages + " damages, without those that cut a file off, cost "
                + lost;
        assertTrue(lost.events <= 40 * damages, result);
        assertTrue(lost.deadLetters <= damages, result);
        assertTrue(lost.forgotten <= 40 * damages, result);
        LOG.info("Damage: {}", result);
    }

    /** By a start, on the first page, or by the lane, on the second one. */
    @ParameterizedTest
    @CsvSource({ "1,0xFF", "1,0xAF", "2,0xFF", "2,0xAF" })
    void aRowOutOfOrderHidesNoOthers(int page, String highest) throws Exception {
        Loss loss = loss(outOfOrder(page, Integer.decode(highest)));

        assertTrue(loss.events > 0 && loss.events <= EVENTS_OF_A_COMMIT, loss.toString());
    }

    @Test
    void aRowOutOfOrderHidesNoNewEvents() throws Exception {
        Path place = outOfOrder(2, 0xFF);
        // so that no event seems to be missing once those before that row are delivered
        execute(place, "UPDATE queue SET events = 1");
        Set<String> later = new HashSet<>();

        Loss loss = loss(place, later);

        assertTrue(loss.events > EVENTS_OF_A_COMMIT, "the file was replaced before the new events came");
        assertTrue(loss.events - later.size() <= EVENTS_OF_A_COMMIT, later.size() + " of " + loss.events);
    }

    /**
     * A file of which a page of queue 1 begins with an ID above those of the others, which a search misses then.
     *
     * @param number  of the page, among those of the queue
     * @param highest bits of the ID, 0xAF for one of queue 1, 0xFF for one of queue 3
     */
    private Path outOfOrder(int number, int highest) throws Exception {
        damageable();
        Path copy = Files.createDirectory(directory.resolve("closed"));
        Files.copy(directory.resolve("outbox.db"), copy.resolve("outbox.db"));
        byte[] file = Files.readAllBytes(copy.resolve("outbox.db"));
        int pages = 0;
        for (int page = PAGE; page < file.length && pages < number; page += PAGE) {
            ByteBuffer leaf = ByteBuffer.wrap(file, page, PAGE).slice();
            // behind the length of the row, of two bytes
            int id = leaf.getShort(8) + 2;
            // of queue 1: the highest bits of a number of 41 bits, with the mark that more follow
            if (leaf.get(0) == TABLE_LEAF && leaf.getShort(3) > 2 && leaf.get(id) == (byte) 0xA0 && ++pages == number) {
                leaf.put(id, (byte) highest);
            }
        }
        Files.write(copy.resolve("outbox.db"), file);
        assertEquals(number, pages);
        return copy;
    }

    /** Files with a backlog in both, as a kill leaves them. */
    private Path damageable() throws Exception {
        open(PLENTY);
        for (int i = 0; i < EVENTS; i += EVENTS_OF_A_COMMIT) {
            commit(lane(i), IntStream.range(i, i + EVENTS_OF_A_COMMIT)
                    .mapToObj(number -> new Event(group(number), text(number))).toArray(Event[]::new));
            if (i % (EVENTS / DEAD_LETTERS) == 0) {
                assertStored(keep(rejected("dead" + i, text(i))));
            }
        }
        Path copy = copyFiles("killed");
        closeOutbox();
        return copy;
    }

    private static String text(int number) {
        return number + "x".repeat(600);
    }

    private static String lane(int number) {
        return LANES.get(number / EVENTS_OF_A_COMMIT % LANES.size());
    }

    private static String group(int number) {
        return "group" + number % 3;
    }

    private Path copyOf(Path place) throws Exception {
        Path copy = Files.createTempDirectory(directory, "damaged");
        for (String file : List.of("outbox.db", "outbox.db-wal", "outbox.db-shm")) {
            Files.copy(place.resolve(file), copy.resolve(file));
        }
        return copy;
    }

    private static String damage(Path place, Random random) throws Exception {
        String name = random.nextBoolean() ? "outbox.db" : "outbox.db-wal";
        int length = (int) Files.size(place.resolve(name));
        int at = random.nextInt(Math.max(1, length));
        int kind = random.nextInt(3);
        return damage(place, name, length == 0 ? 2 : kind, at, random.nextInt(8));
    }

    /** @param kind 0 to flip a bit, 1 to zero a page, 2 to cut the file off */
    private static String damage(Path place, String name, int kind, int at, int bit) throws Exception {
        byte[] file = Files.readAllBytes(place.resolve(name));
        String damage = switch (kind) {
            case 0 -> {
                file[at] ^= (byte) (1 << bit);
                yield "flipped";
            }
            case 1 -> {
                Arrays.fill(file, at / PAGE * PAGE, Math.min(file.length, at / PAGE * PAGE + PAGE), (byte) 0);
                yield "zeroed";
            }
            default -> {
                file = Arrays.copyOf(file, at);
                yield "cut off";
            }
        };
        Files.write(place.resolve(name), file);
        return name + " " + damage + " at " + at;
    }

    private Loss loss(Path place) throws Exception {
        return loss(place, new HashSet<>());
    }

    /** @param later gets the events that are delivered only after new ones of the same group have come */
    private Loss loss(Path place, Set<String> later) throws Exception {
        open(place, PLENTY);
        Set<String> delivered = new HashSet<>();
        // as the consumer, which tries again after an error
        eventually(() -> {
            for (String lane : LANES) {
                for (Batch batch = next(lane, 100, ALL); batch != null; batch = next(lane, 100, ALL)) {
                    for (String text : lines(batch)) {
                        assertSent(text, lane, batch.group());
                        delivered.add(text);
                    }
                    acknowledge(batch);
                }
            }
            return LANES.stream().allMatch(lane -> status(lane).events() == 0);
        });
        // a page that can't be read is found by a read, and the next commit replaces the file
        int[] letters = new int[1];
        eventually(() -> {
            letters[0] = letters();
            return true;
        });
        List<CompletableFuture<Result>> again = IntStream.range(0, EVENTS)
                .mapToObj(number -> append(lane(number), group(number), text(number), text(number))).toList();
        again.forEach(result -> assertNull(get(result).failure()));
        drain("express", ALL, ALL);
        drain("bulk", ALL, ALL);
        for (String text : List.of("new", "newer", "newest")) {
            assertStored(append("express", "group0", text, text));
            // beside others that were behind a damage
            eventually(() -> {
                drain("express", ALL, ALL).forEach(later::addAll);
                return later.remove(text);
            });
        }
        later.forEach(OutboxDamageTest::numberOf);
        return new Loss(EVENTS - delivered.size(), DEAD_LETTERS - letters[0],
                (int) again.stream().filter(result -> !get(result).duplicate()).count());
    }

    private static void eventually(Callable<Boolean> condition) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).ignoreExceptionsInstanceOf(StoreException.class)
                .until(condition);
    }

    private static int numberOf(String text) {
        String number = text.replaceFirst("x.*", "");
        assertTrue(number.matches("\\d{1,4}") && text.equals(text(Integer.parseInt(number))), "an event is changed");
        return Integer.parseInt(number);
    }

    private static void assertSent(String text, String lane, String group) {
        int number = numberOf(text);
        assertEquals(List.of(lane(number), group(number)), List.of(lane, group), "lane and group of an event");
    }

    /** Dead letters that can be read; none of them is changed. */
    private int letters() throws StoreException {
        int letters = 0;
        for (DeadLetter listed : outbox.deadLetters().list(DeadLetter.Filter.ALL, 0, ALL)) {
            Optional<DeadLetter.Content> read = outbox.deadLetters().get(listed.id()).map(DeadLetter::content);
            if (read.isPresent()) {
                String text = new String(read.get().body(), UTF_8);
                assertEquals(fields(rejected("dead" + numberOf(text), text)), fields(read.get()),
                        "a changed dead letter was read");
                letters++;
            }
        }
        return letters;
    }

    private static List<Object> fields(DeadLetter.Content content) {
        return Arrays.asList(content.reason(), content.detail(), content.status(), content.answer(), content.eventId(),
                content.eventType(), content.lane(), content.group(), content.encoding());
    }
}
