package io.ilertsumo.bridge.store.sqlite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Random;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.event.EventKey;
import io.ilertsumo.bridge.store.sqlite.IdempotencyWindow.Key;

class IdempotencyWindowTest {

    private static final long NEVER = Long.MAX_VALUE;
    private int rows;

    @Test
    void anEmptyWindowHasNoKeys() {
        IdempotencyWindow window = new IdempotencyWindow(10, NEVER);

        assertFalse(window.contains(key(1)));
        assertEquals(0, window.size());
    }

    @Test
    void allKeysOfACommitAreInTheWindow() {
        IdempotencyWindow window = new IdempotencyWindow(10, NEVER);

        add(window, keys(1, 4), 0);

        assertRemembered(window, 1, 4);
        assertFalse(window.contains(key(4)));
        assertEquals(3, window.size());
    }

    @Test
    void aKeyThatComesTwiceIsCountedOnce() {
        IdempotencyWindow window = new IdempotencyWindow(10, NEVER);

        add(window, keys(1, 4), 0);
        add(window, keys(2, 5), 0);

        assertEquals(4, window.size());
        assertRemembered(window, 1, 5);
    }

    @Test
    void aFullGenerationEndsWithTheNextCommit() {
        IdempotencyWindow window = new IdempotencyWindow(3, NEVER);

        assertFalse(add(window, keys(1, 4), 0), "the first generation");
        assertTrue(add(window, keys(4, 5), 0), "the second");
        assertFalse(add(window, keys(5, 7), 0), "still the second");
        assertRemembered(window, 1, 7);

        assertTrue(add(window, keys(7, 8), 0), "the third");
        assertForgotten(window, 1, 4);
        assertRemembered(window, 4, 8);
        assertEquals(4, window.size());
    }

    @Test
    void atLeastTheLatestKeysAreRememberedAndNeverManyMore() {
        int generation = 100;
        int largestCommit = 40;
        Random random = new Random(7);
        IdempotencyWindow window = new IdempotencyWindow(generation, NEVER);
        int end = 0;
        int generations = 0;
        while (end < 2000) {
            int begin = end;
            end += 1 + random.nextInt(largestCommit);
            generations += add(window, keys(begin, end), 0) ? 1 : 0;

            assertRemembered(window, Math.max(0, end - generation), end);
            assertTrue(window.size() < 2 * (generation + largestCommit), "keys: " + window.size());
            assertForgotten(window, 0, end - 2 * (generation + largestCommit));
        }
        assertTrue(generations > 2000 / (generation + largestCommit) - 1, "generations: " + generations);
    }

    @Test
    void aKeyIsRememberedForThePeriodAtLeastAndForgottenAfterTwoGenerations() {
        IdempotencyWindow window = new IdempotencyWindow(1000, 60_000);
        long start = 1_700_000_000_000L;

        assertFalse(add(window, keys(1, 2), start));
        assertFalse(add(window, keys(2, 3), start + 59_999));
        assertTrue(add(window, keys(3, 4), start + 60_000));
        assertRemembered(window, 1, 4);

        assertFalse(add(window, keys(4, 5), start + 119_998));
        assertTrue(window.contains(key(2)), "not a minute old");
        assertTrue(add(window, keys(5, 6), start + 120_000));
        assertForgotten(window, 1, 3);
        assertRemembered(window, 3, 6);
    }

    @Test
    void theTimeBeginsWithTheFirstKeyAndNotWithTheEpoch() {
        IdempotencyWindow window = new IdempotencyWindow(1000, 60_000);

        assertFalse(add(window, keys(1, 2), 1_700_000_000_000L));
        assertFalse(add(window, keys(2, 3), 1_700_000_000_001L));
    }

    @Test
    void afterALongSilenceOneGenerationIsForgottenAndNotBoth() {
        IdempotencyWindow window = new IdempotencyWindow(1000, 60_000);
        add(window, keys(1, 2), 0);

        assertTrue(add(window, keys(2, 3), 10_000_000));

        assertRemembered(window, 1, 3);
    }

    @Test
    void aClockSetBackForgetsNothing() {
        IdempotencyWindow window = new IdempotencyWindow(1000, 60_000);
        add(window, keys(1, 2), 10_000_000);

        assertFalse(add(window, keys(2, 3), 5_000_000));

        assertRemembered(window, 1, 3);
    }

    @Test
    void aClockThatLeapsAheadForgetsNothing() {
        IdempotencyWindow window = new IdempotencyWindow(1000, 60_000);
        long days = 30L * 24 * 3600 * 1000;
        add(window, keys(1, 2), 10_000_000);
        add(window, keys(2, 3), 10_010_000);

        assertTrue(add(window, keys(3, 4), 10_020_000 + days));
        assertFalse(add(window, keys(4, 5), 10_079_999 + days));

        assertRemembered(window, 1, 5);
    }

    @Test
    void aClockThatLeapsBackAndForthForgetsNothing() {
        IdempotencyWindow window = new IdempotencyWindow(1000, 60_000);
        long days = 30L * 24 * 3600 * 1000;
        int end = 1;
        for (long now = 10_000_000; now < 10_030_000; now += 10_000) {
            add(window, keys(end, ++end), now);
            add(window, keys(end, ++end), now + days);
            add(window, keys(end, ++end), now - days);
        }

        assertRemembered(window, 1, end);
    }

    @Test
    void aClockThatWasAheadDoesNotKeepMoreThanTwoGenerations() {
        IdempotencyWindow window = new IdempotencyWindow(10, 60_000);
        add(window, keys(0, 10), Long.MAX_VALUE / 2);
        for (int i = 10; i < 1000; i += 10) {
            add(window, keys(i, i + 10), i);

            assertTrue(window.size() <= 20, "keys: " + window.size());
            assertRemembered(window, i - 10, i + 10);
        }
    }

    @Test
    void ofManyRandomKeysAllAreFoundAndNoOthers() {
        int many = 200_000;
        IdempotencyWindow window = new IdempotencyWindow(many, NEVER);
        for (int i = 0; i < many; i += 1000) {
            add(window, keys(i, i + 1000), 0);
        }

        assertEquals(many, window.size());
        assertRemembered(window, 0, many);
        assertForgotten(window, many, 2 * many);
    }

    @Test
    void keysDifferByTheirFirstHalfAndByTheirLastByte() {
        IdempotencyWindow window = new IdempotencyWindow(10_000, NEVER);
        ByteBuffer keys = ByteBuffer.allocate(2 * 1500 * EventKey.BYTES);
        for (long i = 1; i <= 1500; i++) {
            keys.putLong(i).putLong(1);
            // many of them want the same place
            keys.putLong(i << 40).putLong(2);
        }

        add(window, keys.array(), 0);
        add(window, keys.array(), 0);

        assertEquals(2 * 1500, window.size());
        for (long i = 1; i <= 1500; i++) {
            assertTrue(window.contains(new Key(i, 1)));
            assertTrue(window.contains(new Key(i << 40, 2)));
            assertFalse(window.contains(new Key(i, 2)));
            assertFalse(window.contains(new Key(i << 40, 1)));
            assertFalse(window.contains(new Key(i + 1500, 1)));
            assertFalse(window.contains(new Key(-i, 1)));
            assertFalse(window.contains(new Key(0, i)));
        }
    }

    @Test
    void ofTwoKeysWithTheSameFirstHalfTheLatterIsRemembered() {
        IdempotencyWindow window = new IdempotencyWindow(10, NEVER);

        add(window, ByteBuffer.allocate(2 * EventKey.BYTES).putLong(1).putLong(2).putLong(1).putLong(3).array(), 0);

        assertTrue(window.contains(new Key(1, 3)));
        assertFalse(window.contains(new Key(1, 2)), "an event that comes again is better than one that is lost");
    }

    private boolean add(IdempotencyWindow window, byte[] keys, long now) {
        return window.remember(++rows, now, keys);
    }

    private static void assertRemembered(IdempotencyWindow window, int from, int to) {
        for (int i = from; i < to; i++) {
            assertTrue(window.contains(key(i)), "key " + i + " is forgotten");
        }
    }

    private static void assertForgotten(IdempotencyWindow window, int from, int to) {
        for (int i = from; i < to; i++) {
            assertFalse(window.contains(key(i)), "key " + i + " is remembered");
        }
    }

    private static Key key(int number) {
        return Key.of(EventKey.of("event " + number));
    }

    private static byte[] keys(int from, int to) {
        ByteBuffer keys = ByteBuffer.allocate((to - from) * EventKey.BYTES);
        for (int i = from; i < to; i++) {
            keys.put(EventKey.of("event " + i));
        }
        return keys.array();
    }
}
