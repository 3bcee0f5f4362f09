package io.ilertsumo.bridge.lane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Random;

import org.junit.jupiter.api.Test;

class KeyWindowTest {

    private static final long NEVER = Long.MAX_VALUE;

    @Test
    void aKeyIsTheSameForTheSameIdentityOnly() {
        assertEquals(KeyWindow.KEY_BYTES, KeyWindow.key("e1").length);
        assertArrayEquals(KeyWindow.key("e1"), KeyWindow.key("e1"));
        assertNotEquals(ByteBuffer.wrap(KeyWindow.key("e1")), ByteBuffer.wrap(KeyWindow.key("e2")));
        assertNotEquals(ByteBuffer.wrap(KeyWindow.key("é")), ByteBuffer.wrap(KeyWindow.key("è")));
        assertEquals(KeyWindow.KEY_BYTES, KeyWindow.key("").length);
    }

    @Test
    void anEmptyWindowKnowsNothing() {
        KeyWindow window = new KeyWindow(10, NEVER);

        assertFalse(window.contains(key(1)));
        assertEquals(0, window.size());
    }

    @Test
    void allKeysOfACommitAreKnown() {
        KeyWindow window = new KeyWindow(10, NEVER);

        window.add(keys(1, 4), 0);

        assertKnown(window, 1, 4);
        assertFalse(window.contains(key(4)));
        assertEquals(3, window.size());
    }

    @Test
    void lookingUpAKeyDoesNotConsumeItsBuffer() {
        KeyWindow window = new KeyWindow(10, NEVER);
        ByteBuffer key = key(1);

        window.contains(key);

        assertEquals(KeyWindow.KEY_BYTES, key.remaining());
    }

    @Test
    void aKeyThatComesTwiceIsCountedOnce() {
        KeyWindow window = new KeyWindow(10, NEVER);

        window.add(keys(1, 4), 0);
        window.add(keys(2, 5), 0);

        assertEquals(4, window.size());
        assertKnown(window, 1, 5);
    }

    @Test
    void aFullGenerationTurnsWithTheNextCommit() {
        KeyWindow window = new KeyWindow(3, NEVER);

        assertFalse(window.add(keys(1, 4), 0), "the first generation");
        assertTrue(window.add(keys(4, 5), 0), "the second");
        assertFalse(window.add(keys(5, 7), 0), "still the second");
        assertKnown(window, 1, 7);

        assertTrue(window.add(keys(7, 8), 0), "the third");
        assertForgotten(window, 1, 4);
        assertKnown(window, 4, 8);
        assertEquals(4, window.size());
    }

    @Test
    void atLeastTheLatestKeysAreKnownAndNeverManyMore() {
        int generation = 100;
        int largestCommit = 40;
        Random random = new Random(7);
        KeyWindow window = new KeyWindow(generation, NEVER);
        int end = 0;
        int turns = 0;
        while (end < 2000) {
            int begin = end;
            end += 1 + random.nextInt(largestCommit);
            turns += window.add(keys(begin, end), 0) ? 1 : 0;

            assertKnown(window, Math.max(0, end - generation), end);
            assertTrue(window.size() < 2 * (generation + largestCommit), "knows " + window.size());
            assertForgotten(window, 0, end - 2 * (generation + largestCommit));
        }
        assertTrue(turns > 2000 / (generation + largestCommit) - 1, "turned " + turns + " times");
    }

    @Test
    void aKeyIsKnownForItsTimeAtLeastAndForgottenAfterTwoGenerations() {
        KeyWindow window = new KeyWindow(1000, 60_000);
        long start = 1_700_000_000_000L;

        assertFalse(window.add(keys(1, 2), start));
        assertFalse(window.add(keys(2, 3), start + 59_999));
        assertTrue(window.add(keys(3, 4), start + 60_000));
        assertKnown(window, 1, 4);

        assertFalse(window.add(keys(4, 5), start + 119_998));
        assertTrue(window.contains(key(2)), "not a minute old");
        assertTrue(window.add(keys(5, 6), start + 120_000));
        assertForgotten(window, 1, 3);
        assertKnown(window, 3, 6);
    }

    @Test
    void theTimeBeginsWithTheFirstKeyAndNotWithTheEpoch() {
        KeyWindow window = new KeyWindow(1000, 60_000);

        assertFalse(window.add(keys(1, 2), 1_700_000_000_000L));
        assertFalse(window.add(keys(2, 3), 1_700_000_000_001L));
    }

    @Test
    void afterALongSilenceOneGenerationIsForgottenAndNotBoth() {
        KeyWindow window = new KeyWindow(1000, 60_000);
        window.add(keys(1, 2), 0);

        assertTrue(window.add(keys(2, 3), 10_000_000));

        assertKnown(window, 1, 3);
    }

    @Test
    void aClockSetBackForgetsNothing() {
        KeyWindow window = new KeyWindow(1000, 60_000);
        window.add(keys(1, 2), 10_000_000);

        assertFalse(window.add(keys(2, 3), 5_000_000));

        assertKnown(window, 1, 3);
    }

    @Test
    void aClockThatLeapsAheadForgetsNothing() {
        KeyWindow window = new KeyWindow(1000, 60_000);
        long days = 30L * 24 * 3600 * 1000;
        window.add(keys(1, 2), 10_000_000);
        window.add(keys(2, 3), 10_010_000);

        assertTrue(window.add(keys(3, 4), 10_020_000 + days));
        assertFalse(window.add(keys(4, 5), 10_079_999 + days));

        assertKnown(window, 1, 5);
    }

    @Test
    void aClockThatLeapsToAndFroForgetsNothing() {
        KeyWindow window = new KeyWindow(1000, 60_000);
        long days = 30L * 24 * 3600 * 1000;
        int end = 1;
        for (long now = 10_000_000; now < 10_030_000; now += 10_000) {
            window.add(keys(end, ++end), now);
            window.add(keys(end, ++end), now + days);
            window.add(keys(end, ++end), now - days);
        }

        assertKnown(window, 1, end);
    }

    @Test
    void aClockThatWasAheadDoesNotKeepMoreThanTwoGenerations() {
        KeyWindow window = new KeyWindow(10, 60_000);
        window.add(keys(0, 10), Long.MAX_VALUE / 2);
        for (int i = 10; i < 1000; i += 10) {
            window.add(keys(i, i + 10), i);

            assertTrue(window.size() <= 20, "knows " + window.size());
            assertKnown(window, i - 10, i + 10);
        }
    }

    @Test
    void amongManyRandomKeysNoneIsMissedAndNoneIsMistaken() {
        int many = 200_000;
        KeyWindow window = new KeyWindow(many, NEVER);
        for (int i = 0; i < many; i += 1000) {
            window.add(keys(i, i + 1000), 0);
        }

        assertEquals(many, window.size());
        assertKnown(window, 0, many);
        assertForgotten(window, many, 2 * many);
    }

    @Test
    void keysThatShareOneHalfAreToldApart() {
        KeyWindow window = new KeyWindow(10_000, NEVER);
        ByteBuffer keys = ByteBuffer.allocate(3 * 1500 * KeyWindow.KEY_BYTES);
        for (long i = 1; i <= 1500; i++) {
            // all of the first kind want the same place, and so do many of the third
            keys.putLong(i).putLong(0);
            keys.putLong(0).putLong(i);
            keys.putLong(i).putLong(i << 40);
        }

        window.add(keys.array(), 0);
        window.add(keys.array(), 0);

        assertEquals(3 * 1500, window.size());
        for (long i = 1; i <= 1500; i++) {
            assertTrue(window.contains(pair(i, 0)));
            assertTrue(window.contains(pair(0, i)));
            assertTrue(window.contains(pair(i, i << 40)));
            assertFalse(window.contains(pair(i, i)));
            assertFalse(window.contains(pair(i + 1500, 0)));
            assertFalse(window.contains(pair(0, -i)));
            assertFalse(window.contains(pair(i, i + 1 << 40)));
        }
    }

    private static void assertKnown(KeyWindow window, int from, int to) {
        for (int i = from; i < to; i++) {
            assertTrue(window.contains(key(i)), "key " + i + " is not known");
        }
    }

    private static void assertForgotten(KeyWindow window, int from, int to) {
        for (int i = from; i < to; i++) {
            assertFalse(window.contains(key(i)), "key " + i + " is known");
        }
    }

    private static ByteBuffer key(int number) {
        return ByteBuffer.wrap(KeyWindow.key("event " + number));
    }

    private static ByteBuffer pair(long high, long low) {
        return ByteBuffer.allocate(KeyWindow.KEY_BYTES).putLong(high).putLong(low).flip();
    }

    private static byte[] keys(int from, int to) {
        ByteBuffer keys = ByteBuffer.allocate((to - from) * KeyWindow.KEY_BYTES);
        for (int i = from; i < to; i++) {
            keys.put(key(i));
        }
        return keys.array();
    }
}
