package io.ilertsumo.bridge.http;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.log.LogLimit;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Calls of iLert's Edge Connector, which skips an event for good after any 4xx but 429 and sends it again after 503: a call
 * that would be answered 4xx is answered 503 until the cause is repaired. Counts these calls, and logs at most one of each
 * reason a minute. Thread-safe.
 */
@ApplicationScoped
public class EdgeConnector {

    /** The header that each of its calls has, and no other call. */
    static final String ITEM_ID = "X-ilert-Edge-Item-Id";
    private static final Logger LOG = LoggerFactory.getLogger(EdgeConnector.class);

    private final MeterRegistry registry;
    private final LogLimit log = new LogLimit();
    private volatile Retries retries;

    EdgeConnector(MeterRegistry registry) {
        this.registry = registry;
    }

    /** The calls that were answered 503 in place of 4xx since the last event that was accepted, with the last one's cause. */
    public record Retries(String reason, String detail, long calls, Instant since) {
    }

    /** Returns the calls that the connector has to repeat until a repair, if there are any. */
    public Optional<Retries> retries() {
        return Optional.ofNullable(retries);
    }

    /**
     * Returns the status to answer a call with.
     *
     * @param itemId header {@value #ITEM_ID} of the call; {@code null} for another sender, whose status stays as it is
     * @param status for another sender
     * @param reason what the call is counted as
     * @param detail what is wrong, without content of an event
     */
    int status(String itemId, int status, String reason, String detail) {
        if (itemId == null || status == 429 || status >= 500) {
            return status;
        } else if (status < 400) {
            retries = null;
            return status;
        }
        count(reason, detail);
        return 503;
    }

    private synchronized void count(String reason, String detail) {
        registry.counter("bridge.edge.connector.retries", "reason", reason).increment();
        Retries last = Objects.requireNonNullElseGet(retries,
                () -> new Retries(reason, detail, 0, Instant.now().truncatedTo(ChronoUnit.SECONDS)));
        retries = new Retries(reason, detail, last.calls + 1, last.since);
        if (log.count(reason) > 0) {
            LOG.warn("The Edge Connector is answered 503 and sends its event again until this is repaired: {} ({}), {} "
                    + "calls since {}. iLert keeps its events for 7 days", detail, reason, last.calls + 1, last.since);
        }
    }
}
