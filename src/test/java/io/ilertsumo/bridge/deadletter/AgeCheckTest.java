package io.ilertsumo.bridge.deadletter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

/** Dead letters are evicted by age only while the clock runs evenly. */
class AgeCheckTest {

    private static final long HOUR = TimeUnit.HOURS.toMillis(1);
    private static final long DAY = TimeUnit.DAYS.toMillis(1);

    private final AgeCheck check = new AgeCheck(DAY, 0);

    @Test
    void aClockThatIsSetEvictsNothingForAnHour() {
        isDue(false, HOUR - 1, DAY + HOUR - 1);
        isDue(true, HOUR, DAY + HOUR);
        isDue(false, HOUR + 1, 9 * DAY);
        isDue(false, 2 * HOUR, 9 * DAY);
        isDue(false, 3 * HOUR, 8 * DAY);
        isDue(true, 4 * HOUR, 8 * DAY + HOUR);
    }

    private void isDue(boolean expected, long elapsedMillis, long nowMillis) {
        assertEquals(expected, check.isDue(nowMillis, TimeUnit.MILLISECONDS.toNanos(elapsedMillis)));
    }
}
