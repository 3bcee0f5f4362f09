package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.delivery.DeliveryRate.Rate;

/** After a 429 a lane's rate comes down, and climbs back, within its bounds. */
class DeliveryRateTest {

    private static final long SECOND = 1_000_000_000;

    private final Rate rate = new Rate(2);
    private long now = 123 * SECOND;

    @Test
    void aLaneThatWasNeverThrottledNeverWaits() {
        for (int i = 0; i < 1000; i++) {
            assertEquals(0, rate.delay(1, 100, now));
            rate.speedUp(now);
        }
        assertEquals(100, rate.current());
    }

    @Test
    void theRateThatWasMadeIsHalvedAndNotOnlyTheOneThatWasAllowed() {
        makeRequests(40, 20);

        rate.slowDown(now);

        assertEquals(10, rate.current(), 0.5);
    }

    @Test
    void fromNowOnRequestsAreThatFarApart() {
        makeRequests(40, 20);
        rate.slowDown(now);
        double limit = rate.current();

        long waited = 0;
        for (int i = 0; i < 10; i++) {
            waited = rate.delay(1, 100, now);
        }

        assertEquals(10_000 / limit, waited, 2);
    }

    @Test
    void itNeverComesDownBelowTheLeast() {
        makeRequests(10, 100);
        for (int i = 0; i < 20; i++) {
            rate.slowDown(now);
        }
        rate.delay(3, 100, now);

        assertEquals(3, rate.current());
    }

    @Test
    void itClimbsBackByTheIncreaseASecondUpToTheMost() {
        makeRequests(10, 100);
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
        assertEquals(0, rate.delay(1, 100, now));
    }

    @Test
    void aLaneThatMadeNoRequestsHasLearnedNothing() {
        makeRequests(10, 10);
        rate.slowDown(now);
        double before = rate.current();

        now += 3600 * SECOND;
        rate.speedUp(now);

        assertTrue(rate.current() <= before + 2);
    }

    private void makeRequests(int count, int perSecond) {
        for (int i = 0; i < count; i++) {
            now += SECOND / perSecond;
            rate.delay(1, 100, now);
        }
    }
}
