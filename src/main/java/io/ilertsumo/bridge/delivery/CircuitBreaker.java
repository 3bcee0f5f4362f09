package io.ilertsumo.bridge.delivery;

import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.util.TimeUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchListener;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.ilertsumo.bridge.log.LogLimit;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.Unremovable;

/**
 * A circuit breaker for each lane. A batch that fails opens the circuit; after a delay it is half-open, and the lane
 * tries one event; a batch that succeeds closes it. The delay is the setting {@code bridge.retry.misconfigured-after} for
 * the reason {@code misconfigured}, else that of the header {@code Retry-After}, at most an hour, else it doubles with
 * each failure, randomly up to a fifth shorter or longer. The number of tries is not limited. Many rejected events in a
 * row, without one that is delivered, are a misconfiguration too.
 *
 * <p>
 * While the circuit of a lane is open, a lane that yields to it delivers one batch every 10 seconds. If that succeeds,
 * the other circuit is half-open at once. Thread-safe.
 */
@Singleton
@Unremovable
public class CircuitBreaker implements BatchListener {

    /** The message header with the reason of a failure, in one word. */
    public static final String REASON = "reason";

    private static final String MISCONFIGURED = "misconfigured";
    /** This many rejected events in a row are a misconfiguration. */
    private static final int MAX_REJECTED_IN_A_ROW = 20;
    private static final Duration MAX_RETRY_AFTER = Duration.ofHours(1);
    /** 31 years: the year of a date may have nine digits. */
    private static final Duration LONGEST_RETRY_AFTER = Duration.ofSeconds(999_999_999);
    private static final long YIELD_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final Logger LOG = LoggerFactory.getLogger(CircuitBreaker.class);

    private final long delay;
    private final long maxDelay;
    private final Duration misconfiguredAfter;
    private final SecretMasker masker;
    private final MeterRegistry registry;
    private final Map<String, Circuit> circuits = new ConcurrentHashMap<>();

    CircuitBreaker(BridgeSettings settings, SecretMasker masker, MeterRegistry registry) {
        this.delay = settings.retryDelay().toMillis();
        this.maxDelay = settings.retryMaxDelay().toMillis();
        this.misconfiguredAfter = settings.retryMisconfiguredAfter();
        this.masker = masker;
        this.registry = registry;
    }

    /**
     * The failures that keep a circuit open.
     *
     * @param since    when the first of the failures was
     * @param count    their number
     * @param reason   the reason of the last one, in one word
     * @param message  the message of the last one, without secrets
     */
    public record Failures(Instant since, int count, String reason, String message) {
    }

    private static final class Circuit {

        private volatile Failures failures;
        private volatile long retryAt = System.nanoTime();
        private volatile long lastBatch = System.nanoTime();
        private final LogLimit log = new LogLimit();
        private boolean isLogged;
        private int rejectedInARow;
    }

    /** The open circuits by lane. */
    public Map<String, Failures> open() {
        Map<String, Failures> open = new TreeMap<>();
        circuits.forEach((lane, circuit) -> open.computeIfAbsent(lane, name -> circuit.failures));
        return open;
    }

    /** Makes each open circuit half-open: routes or secrets have changed. */
    public void retry() {
        circuits.values().forEach(circuit -> circuit.retryAt = System.nanoTime());
    }

    private Circuit circuit(String name) {
        return circuits.computeIfAbsent(name, lane -> {
            Circuit circuit = new Circuit();
            Gauge.builder("bridge.circuit.open", circuit, c -> c.failures == null ? 0 : 1).tags("lane", lane)
                    .description("1 while the lane's circuit breaker is open or half-open").register(registry);
            return circuit;
        });
    }

    /** The circuit of the lane that this one yields to; {@code null} if there is none. */
    private Circuit yieldTo(LaneEndpoint lane) {
        return lane.getYieldTo() == null ? null : circuits.get(lane.getYieldTo());
    }

    @Override
    public long delayMillis(LaneEndpoint lane) {
        long now = System.nanoTime();
        Circuit own = circuit(lane.getLane());
        long nanos = own.failures == null ? 0 : own.retryAt - now;
        Circuit first = yieldTo(lane);
        if (first != null && first.failures != null) {
            nanos = Math.max(nanos, own.lastBatch + YIELD_NANOS - now);
        }
        return nanos <= 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(nanos) + 1;
    }

    @Override
    public void empty(LaneEndpoint lane) {
        circuit(lane.getLane()).failures = null;
    }

    @Override
    public void done(LaneEndpoint lane, Batch batch, Result result, Exchange exchange) {
        Circuit circuit = circuit(lane.getLane());
        circuit.lastBatch = System.nanoTime();
        if (result == Result.SPLIT || lane.getCamelContext().isStopping()) {
            return;
        } else if (result == Result.DELIVERED) {
            circuit.rejectedInARow = 0;
        } else if (result == Result.REJECTED) {
            circuit.rejectedInARow++;
        }
        if (result == Result.FAILED || circuit.rejectedInARow >= MAX_REJECTED_IN_A_ROW) {
            open(lane.getLane(), circuit, exchange);
        } else {
            close(lane.getLane(), circuit);
            Circuit first = yieldTo(lane);
            if (first != null) {
                first.retryAt = circuit.lastBatch;
            }
        }
    }

    private static void close(String lane, Circuit circuit) {
        Failures failures = circuit.failures;
        circuit.failures = null;
        if (failures != null && circuit.isLogged) {
            circuit.isLogged = false;
            LOG.info("The lane {} delivers again after {} failures since {}", lane, failures.count(),
                    failures.since());
        }
    }

    private void open(String lane, Circuit circuit, Exchange exchange) {
        Exception failure = exchange.getException() != null
                ? exchange.getException()
                : exchange.getProperty(ExchangePropertyKey.EXCEPTION_CAUGHT, Exception.class);
        String message = failure == null
                ? "The route rolls back a single event"
                : masker.mask(String.valueOf(failure.getMessage()));
        String reason = circuit.rejectedInARow >= MAX_REJECTED_IN_A_ROW
                ? MISCONFIGURED
                : exchange.getMessage().getHeader(REASON, "failed", String.class);
        boolean isMisconfigured = MISCONFIGURED.equals(reason);
        Failures before = circuit.failures;
        Failures failures = new Failures(before == null ? Instant.now() : before.since(),
                before == null ? 1 : before.count() + 1, reason, message);
        Duration requested = isMisconfigured
                ? misconfiguredAfter
                : retryAfter(exchange.getMessage().getHeader("Retry-After", String.class), Instant.now());
        long wait = requested.isZero() ? backOff(failures.count()) : asRequested(requested);
        circuit.retryAt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(wait);
        circuit.failures = failures;
        if (circuit.log.count(reason) > 0) {
            circuit.isLogged = true;
            LOG.atLevel(isMisconfigured ? Level.ERROR : Level.WARN)
                    .log("The circuit of the lane {} is open, its events "
                            + "stay pending. {} ({}). {} failures since {}, next retry in {}{}", lane, message,
                            reason, failures.count(), failures.since(), TimeUtils.printDuration(wait, true),
                            isMisconfigured ? ". Check SUMOLOGIC_URL, SUMOLOGIC_TOKEN and the proxy" : "");
        }
    }

    /**
     * The wait that the header {@code Retry-After} (RFC 9110, 10.2.3) asks for, a number of seconds or a date.
     *
     * @param  header may be {@code null}
     * @param  now    what a date is compared with
     * @return        zero if the header is missing or malformed
     */
    static Duration retryAfter(String header, Instant now) {
        String text = header == null ? "" : header.trim();
        if (text.matches("[0-9]+")) {
            return text.length() > 9 ? LONGEST_RETRY_AFTER : Duration.ofSeconds(Long.parseLong(text));
        }
        try {
            Duration wait = Duration.between(now, ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME));
            return wait.isNegative()
                    ? Duration.ZERO
                    : wait.compareTo(LONGEST_RETRY_AFTER) > 0 ? LONGEST_RETRY_AFTER : wait;
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }

    /** Not earlier, and not all lanes at once. */
    private static long asRequested(Duration requested) {
        long wait = Math.min(requested.toMillis(), MAX_RETRY_AFTER.toMillis());
        return wait + ThreadLocalRandom.current().nextLong(Math.min(wait, 10_000) / 10 + 1);
    }

    private long backOff(int failures) {
        // 2^20 times the shortest delay is longer than any longest one
        long wait = Math.min(maxDelay, delay << Math.min(failures - 1, 20));
        return Math.round(wait * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
    }
}
