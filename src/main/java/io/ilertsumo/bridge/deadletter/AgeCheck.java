package io.ilertsumo.bridge.deadletter;

import java.util.concurrent.TimeUnit;

/**
 * Decides when dead letters are evicted by age: once an hour, unless the clock was set since, which would evict new ones.
 * Times are milliseconds since the epoch and nanoseconds of a clock that is never set. Not thread-safe.
 */
public final class AgeCheck {

    private long millis;
    private long nanos;

    public AgeCheck(long nowMillis, long nowNanos) {
        millis = nowMillis;
        nanos = nowNanos;
    }

    /** Whether to evict now. */
    public boolean isDue(long nowMillis, long nowNanos) {
        long elapsed = TimeUnit.NANOSECONDS.toMillis(nowNanos - nanos);
        if (elapsed < TimeUnit.HOURS.toMillis(1)) {
            return false;
        }
        boolean isClockEven = Math.abs(nowMillis - millis - elapsed) <= TimeUnit.MINUTES.toMillis(1);
        millis = nowMillis;
        nanos = nowNanos;
        return isClockEven;
    }
}
