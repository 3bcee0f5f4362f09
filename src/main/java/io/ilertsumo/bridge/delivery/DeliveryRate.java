package io.ilertsumo.bridge.delivery;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.support.ExpressionAdapter;

import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * How many requests a second a lane may make at present: less by half after each answer that there were too many
 * (multiplicative decrease), a little more with each second in which all was well (additive increase), never less and
 * never more than the headers {@code minRequestsPerSecond} and {@code maxRequestsPerSecond} say. Thread-safe.
 */
@Singleton
public class DeliveryRate {

    private final double increase;
    private final MeterRegistry registry;
    private final Map<String, Rate> rates = new ConcurrentHashMap<>();

    DeliveryRate(BridgeSettings settings, MeterRegistry registry) {
        this.increase = settings.requestsPerSecondIncrease();
        this.registry = registry;
    }

    /** For how many milliseconds the next request of the lane that the variable {@code lane} names has to wait. */
    @Produces
    @Singleton
    @Named("deliveryDelay")
    Expression deliveryDelay() {
        return new ExpressionAdapter() {
            @Override
            public Object evaluate(Exchange exchange) {
                Message message = exchange.getMessage();
                return rate(exchange).delay(message.getHeader("minRequestsPerSecond", Integer.class),
                        message.getHeader("maxRequestsPerSecond", Integer.class), System.nanoTime());
            }
        };
    }

    /** Halves the rate of the lane. */
    @Produces
    @Singleton
    @Named("slowDown")
    Processor slowDown() {
        return exchange -> rate(exchange).slowDown(System.nanoTime());
    }

    /** Lets the rate of the lane grow. */
    @Produces
    @Singleton
    @Named("speedUp")
    Processor speedUp() {
        return exchange -> rate(exchange).speedUp(System.nanoTime());
    }

    private Rate rate(Exchange exchange) {
        return rates.computeIfAbsent(exchange.getVariable(LaneConstants.LANE, String.class), lane -> {
            Rate rate = new Rate(increase);
            Gauge.builder("bridge.delivery.rate.limit", rate, Rate::current).tags("lane", lane)
                    .description("Requests a second that the lane may make at present").register(registry);
            return rate;
        });
    }

    /** The rate of one lane. Times are in nanoseconds from anywhere. */
    static final class Rate {

        private static final long SECOND = 1_000_000_000;

        private final double increase;
        private int min = 1;
        private int max = 1;
        private double limit = Double.MAX_VALUE;
        private long grownAt;
        /** When the latest request was, or is to be, made. */
        private long latest;
        /** How far apart the requests were of late, the latest counting most. */
        private double distance = SECOND;

        Rate(double increase) {
            this.increase = increase;
        }

        /** Counts a request and returns for how many milliseconds it has to wait. */
        synchronized long delay(int newMin, int newMax, long now) {
            max = Math.max(1, newMax);
            min = Math.max(1, Math.min(max, newMin));
            limit = Math.max(min, Math.min(max, limit));
            // at its full rate a lane may make its requests whenever it likes within the second
            long next = limit < max ? Math.max(now, latest + (long) (SECOND / limit)) : now;
            distance += (Math.min(SECOND, next - latest) - distance) / 4;
            latest = next;
            return (next - now) / 1_000_000;
        }

        /** Halves what there was of late, which may be much less than the limit was. */
        synchronized void slowDown(long now) {
            limit = Math.max(min, Math.min(limit, SECOND / distance) / 2);
            grownAt = now;
        }

        synchronized void speedUp(long now) {
            // a second at most, since a lane that made no requests has learned nothing
            limit = Math.min(max, limit + increase * Math.min(SECOND, now - grownAt) / SECOND);
            grownAt = now;
        }

        synchronized double current() {
            return Math.min(limit, max);
        }
    }
}
