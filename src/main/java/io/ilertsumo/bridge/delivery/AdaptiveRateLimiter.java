package io.ilertsumo.bridge.delivery;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.support.ExpressionAdapter;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchListener;
import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.Unremovable;

/**
 * Limits the requests per second of each lane: half as many after a batch that was throttled (multiplicative decrease), a
 * few more with each second without a failure (additive increase), up to the maximum of the settings. The step
 * {@code delay} of the route {@code deliver} waits for the delay that this expression returns. Thread-safe.
 */
@Singleton
@Unremovable
@Named("rateLimit")
public class AdaptiveRateLimiter extends ExpressionAdapter implements BatchListener {

    private final BridgeSettings settings;
    private final MeterRegistry registry;
    private final Map<String, Rate> rates = new ConcurrentHashMap<>();

    AdaptiveRateLimiter(BridgeSettings settings, MeterRegistry registry) {
        this.settings = settings;
        this.registry = registry;
    }

    /** Milliseconds until the next request of the lane in the variable {@code lane}. */
    @Override
    public Object evaluate(Exchange exchange) {
        return rate(exchange.getVariable(LaneConstants.LANE, String.class)).delay(System.nanoTime());
    }

    @Override
    public void done(LaneEndpoint lane, Batch batch, Result result, Exchange exchange) {
        if (result == Result.DELIVERED) {
            rate(lane.getLane()).speedUp(System.nanoTime());
        } else if (result == Result.FAILED
                && "throttled".equals(exchange.getMessage().getHeader(CircuitBreaker.REASON))) {
            rate(lane.getLane()).slowDown(System.nanoTime());
        }
    }

    private Rate rate(String name) {
        return rates.computeIfAbsent(name, lane -> {
            Rate rate = new Rate("express".equals(lane)
                    ? settings.expressMaxRequestsPerSecond()
                    : settings.bulkMaxRequestsPerSecond());
            Gauge.builder("bridge.delivery.rate.limit", rate, Rate::current).tags("lane", lane)
                    .description("Requests per second that the lane may send now").register(registry);
            return rate;
        });
    }

    /** The rate of one lane. Times are nanoseconds from an arbitrary origin. */
    static final class Rate {

        private static final long SECOND = 1_000_000_000;
        /** Increase in requests per second, each second. */
        private static final double INCREASE = 2;
        private static final int MAX_BY_MIN = 50;

        private final int max;
        private final double min;
        private double limit;
        private long grownAt;
        /** When the next request is due at an even rate. */
        private long due = Long.MIN_VALUE / 2;
        private long latest = Long.MIN_VALUE / 2;
        /** The distance between recent requests, the latest counting most. */
        private double distance = SECOND;

        Rate(int max) {
            this.max = max;
            this.min = Math.max(1, max / MAX_BY_MIN);
            this.limit = max;
        }

        /** Counts a request and returns the milliseconds until it may be sent. */
        synchronized long delay(long now) {
            long interval = (long) (SECOND / limit);
            // at the full rate the requests of a second may be sent at any time within it
            long burst = limit < max ? 0 : SECOND - interval;
            long at = Math.max(now, due - burst);
            due = Math.max(due, at) + interval;
            distance += (Math.min(SECOND, at - latest) - distance) / 4;
            latest = at;
            return (at - now + 999_999) / 1_000_000;
        }

        /** Halves the rate of recent requests, which may be much lower than the limit. */
        synchronized void slowDown(long now) {
            limit = Math.max(min, Math.min(limit, SECOND / distance) / 2);
            due = now;
            grownAt = now;
        }

        synchronized void speedUp(long now) {
            // at most a second's increase, since a lane without requests has no measured rate
            limit = Math.min(max, limit + INCREASE * Math.min(SECOND, now - grownAt) / SECOND);
            grownAt = now;
        }

        synchronized double current() {
            return limit;
        }
    }
}
