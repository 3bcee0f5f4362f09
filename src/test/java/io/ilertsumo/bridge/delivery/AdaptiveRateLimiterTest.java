package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.delivery.AdaptiveRateLimiter.Rate;

/** The rate of a lane halves after a 429 and grows back, within its bounds. */
class AdaptiveRateLimiterTest {

    private static final long SECOND = 1_000_000_000;

    private final Rate rate = new Rate(100);
    private long now = 123 * SECOND;

    @Test
    void theRequestsOfASecondMayBeSentAtAnyTimeWithinIt() {
        for (int i = 0; i < 100; i++) {
            assertEquals(0, rate.delay(now), "request " + i);
        }
        assertEquals(10, rate.delay(now), 1, "the next one waits");

        now += 10 * SECOND;
        assertEquals(0, rate.delay(now));
    }

    @Test
    void noMoreThanTheMaximumIsSentForLong() {
        long end = now + 10 * SECOND;
        int sent = 0;
        while (now < end) {
            now += rate.delay(now) * 1_000_000;
            sent++;
        }

        assertTrue(sent >= 1000 && sent <= 1102, sent + " requests in 10 seconds");
    }

    @Test
    void theRateOfRecentRequestsIsHalvedAndNotTheLimit() {
        sendRequests(40, 20);

        rate.slowDown(now);

        assertEquals(10, rate.current(), 0.5);
    }

    @Test
    void afterA429RequestsAreEvenlySpaced() {
        sendRequests(40, 20);
        rate.slowDown(now);
        double limit = rate.current();

        long waited = 0;
        for (int i = 0; i < 11; i++) {
            waited = rate.delay(now);
        }

        assertEquals(10_000 / limit, waited, 2);
    }

    @Test
    void theRateHasAMinimum() {
        sendRequests(10, 100);
        for (int i = 0; i < 20; i++) {
            rate.slowDown(now);
        }

        assertEquals(2, rate.current(), "a fiftieth of the maximum");
    }

    @Test
    void theRateGrowsByTwoASecondUpToTheMaximum() {
        sendRequests(10, 100);
        rate.slowDown(now);
        double before = rate.current();

        for (int i = 0; i < 30; i++) {
            now += SECOND / 10;
            rate.speedUp(now);
        }
        assertEquals(before + 6, rate.current(), 0.01);
        for (int i = 0; i < 100; i++) {
            now += SECOND;
            rate.speedUp(now);
        }

        assertEquals(100, rate.current());
        assertEquals(0, rate.delay(now));
    }

    @Test
    void aLaneWithoutRequestsDoesNotRaiseItsRate() {
        sendRequests(10, 10);
        rate.slowDown(now);
        double before = rate.current();

        now += 3600 * SECOND;
        rate.speedUp(now);

        assertTrue(rate.current() <= before + 2);
    }

    private void sendRequests(int count, int perSecond) {
        for (int i = 0; i < count; i++) {
            now += SECOND / perSecond;
            rate.delay(now);
        }
    }
}
