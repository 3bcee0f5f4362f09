package io.ilertsumo.bridge.store.sqlite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.StoreException;

/**
 * Bytes flipped, pages zeroed and ends cut off, in the database and its write-ahead log, by random seeds. With
 * {@code -Ddamage.seeds} for more of them than a build wants to wait for, with {@code -Ddamage.seed} for one.
 */
class OutboxDamageTest extends OutboxFixture {

    private static final Logger LOG = LoggerFactory.getLogger(OutboxDamageTest.class);
    private static final int EVENTS = 1500;
    private static final int EVENTS_OF_A_COMMIT = 5;
    private static final int DEAD_LETTERS = 30;

    /** What a damage did. */
    private record Loss(int events, int deadLetters) {
    }

    @Test
    @Timeout(300)
    void whatIsDeliveredIsAsItWasAcceptedAndADamageCostsLittle() throws Exception {
        Path place = damageable();
        Long given = Long.getLong("damage.seed");
        int seeds = given != null ? 1 : Integer.getInteger("damage.seeds", 60);
        int damages = 0;
        int lost = 0;
        for (int i = 0; i < seeds; i++) {
            long seed = given != null ? given : System.nanoTime();
            Path damaged = copyOf(place);
            String damage = damage(damaged, new Random(seed));
            try {
                Loss loss = loss(damaged);
                LOG.info("Seed {}: {}: {}", seed, damage, loss);
                if (!damage.contains("cut off")) {
                    damages++;
                    lost += loss.events;
                }
            } catch (Exception | AssertionError e) {
                throw new AssertionError("Seed " + seed + ": " + damage, e);
            } finally {
                closeOutbox();
            }
        }

        // a page has 13 events; a root page costs more, but is hit seldom
        String result = damages + " damages, cuts not among them, cost " + lost + " of " + EVENTS + " events";
        assertTrue(lost <= 40 * damages, result);
        LOG.info(result);
    }

    /** Files with a backlog in both, as a kill leaves them. */
    private Path damageable() throws Exception {
        open(PLENTY);
        for (int i = 0; i < EVENTS; i += EVENTS_OF_A_COMMIT) {
            commit("lane", IntStream.range(i, i + EVENTS_OF_A_COMMIT)
                    .mapToObj(number -> new Event("group" + number % 3, text(number))).toArray(Event[]::new));
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

    private Path copyOf(Path place) throws Exception {
        Path copy = Files.createTempDirectory(directory, "damaged");
        for (String file : List.of("outbox.db", "outbox.db-wal", "outbox.db-shm")) {
            Files.copy(place.resolve(file), copy.resolve(file));
        }
        return copy;
    }

    private static String damage(Path place, Random random) throws Exception {
        String name = random.nextBoolean() ? "outbox.db" : "outbox.db-wal";
        byte[] file = Files.readAllBytes(place.resolve(name));
        int at = random.nextInt(file.length);
        int kind = random.nextInt(3);
        String damage = switch (kind) {
            case 0 -> {
                file[at] ^= (byte) (1 << random.nextInt(8));
                yield "flipped";
            }
            case 1 -> {
                at = at / PAGE * PAGE;
                Arrays.fill(file, at, Math.min(file.length, at + PAGE), (byte) 0);
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
        Set<String> delivered = new HashSet<>();
        open(place, PLENTY);
        // as the consumer, which tries again after an error
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            try {
                for (Batch batch = next("lane", 100, ALL); batch != null; batch = next("lane", 100, ALL)) {
                    delivered.addAll(lines(batch));
                    acknowledge(batch);
                }
                return status("lane").events() == 0;
            } catch (StoreException e) {
                return false;
            }
        });
        Set<String> sent = new HashSet<>(IntStream.range(0, EVENTS).mapToObj(OutboxDamageTest::text).toList());
        assertTrue(sent.containsAll(delivered), "a changed event was delivered");
        // a page that can't be read is found by a read, and the next commit replaces the file
        int[] letters = new int[1];
        Awaitility.await().atMost(Duration.ofSeconds(20)).ignoreExceptionsInstanceOf(StoreException.class).until(() -> {
            letters[0] = letters(sent);
            return true;
        });
        assertStored(append("lane", "group0", "new", "new"));
        assertEquals(List.of(List.of("new")), drain("lane", ALL, ALL));
        return new Loss(EVENTS - delivered.size(), DEAD_LETTERS - letters[0]);
    }

    private int letters(Set<String> sent) throws StoreException {
        int letters = 0;
        for (DeadLetter letter : outbox.deadLetters().list(DeadLetter.Filter.ALL, 0, ALL)) {
            try {
                String body = new String(outbox.deadLetters().get(letter.id()).orElseThrow().content().body(), UTF_8);
                assertTrue(sent.contains(body), "a changed dead letter was read");
                letters++;
            } catch (StoreException e) {
                if (!e.getMessage().endsWith("is damaged")) {
                    throw e;
                }
            }
        }
        return letters;
    }
}
