package io.ilertsumo.bridge.delivery;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.Route;
import org.apache.camel.support.RoutePolicySupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.LaneConsumer;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.Unremovable;

/**
 * A circuit breaker on a lane's consumer, like Camel's {@code ThrottlingExceptionRoutePolicy} but for how long it stays
 * open: an exchange that fails opens it, and the consumer is suspended; after a while it is half open, and the consumer
 * is resumed for a try; an exchange that does not fail closes it.
 *
 * <p>
 * How long: what the message's header {@code Retry-After} says, as far as there is one, else a delay that doubles with
 * each failure, by chance up to a fifth shorter or longer. There is no limit to the number of tries.
 *
 * <p>
 * One for all lanes, each with a circuit of its own. Thread-safe.
 */
@Singleton
@Unremovable
@Named("laneCircuit")
public class LaneCircuit extends RoutePolicySupport {

    /** The message header that says in one word why a batch was not taken. */
    static final String REASON = "reason";
    /** The reason that somebody has to see to. */
    static final String MISCONFIGURED = "misconfigured";

    private static final String RETRY_AFTER = "Retry-After";
    private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final Logger LOG = LoggerFactory.getLogger(LaneCircuit.class);

    private final long delay;
    private final long maxDelay;
    private final Duration maxRetryAfter;
    private final TokenMask mask;
    private final MeterRegistry registry;
    private final Map<String, Circuit> circuits = new ConcurrentHashMap<>();
    private final Map<String, Long> logged = new ConcurrentHashMap<>();
    private ScheduledExecutorService scheduler;

    LaneCircuit(BridgeSettings settings, TokenMask mask, MeterRegistry registry) {
        this.mask = mask;
        this.delay = settings.retryDelay().toMillis();
        this.maxDelay = settings.retryMaxDelay().toMillis();
        this.maxRetryAfter = settings.retryMaxRetryAfter();
        this.registry = registry;
    }

    /**
     * What holds up a lane.
     *
     * @param since    when the first try failed
     * @param failures how many tries have failed since
     * @param reason   why the last one did, in one word
     * @param message  and in more of them
     */
    public record Trouble(Instant since, int failures, String reason, String message) {
    }

    private static final class Circuit {

        private final Route route;
        private volatile Trouble trouble;
        private boolean isTold;
        private Future<?> halfOpening;

        private Circuit(Route route) {
            this.route = route;
        }

        /** What holds up the lane; {@code null} if nothing does, or what it held up is somebody else's by now. */
        private Trouble trouble() {
            return route.getConsumer() instanceof LaneConsumer<?> consumer && !consumer.isFailing() ? null : trouble;
        }
    }

    /** What holds up the lanes, by the ids of their routes; lanes that nothing holds up are not there. */
    public Map<String, Trouble> troubles() {
        Map<String, Trouble> troubles = new TreeMap<>();
        circuits.forEach((lane, circuit) -> {
            Trouble trouble = circuit.trouble();
            if (trouble != null) {
                troubles.put(lane, trouble);
            }
        });
        return troubles;
    }

    @Override
    public void onInit(Route route) {
        Circuit circuit = circuits.computeIfAbsent(route.getRouteId(), id -> new Circuit(route));
        Gauge.builder("bridge.circuit.open", circuit, c -> c.trouble() == null ? 0 : 1).tags("lane", route.getRouteId())
                .description("1 while the lane is held up, since its last batch was not taken").register(registry);
        synchronized (this) {
            if (scheduler == null) {
                scheduler = route.getCamelContext().getExecutorServiceManager().newSingleThreadScheduledExecutor(this,
                        "LaneCircuit");
            }
        }
    }

    @Override
    public void onExchangeDone(Route route, Exchange exchange) {
        Circuit circuit = circuits.get(route.getRouteId());
        synchronized (circuit) {
            if (exchange.getException() == null) {
                close(route, circuit);
                tryWhoGoesFirst(route);
            } else if (!route.getCamelContext().isStopping()) {
                open(route, circuit, exchange);
            }
        }
    }

    private void close(Route route, Circuit circuit) {
        Trouble trouble = circuit.trouble;
        if (trouble != null) {
            circuit.trouble = null;
            if (circuit.isTold) {
                circuit.isTold = false;
                LOG.info("The lane {} delivers again, after {} failed tries since {}", route.getRouteId(),
                        trouble.failures(), trouble.since());
            }
        }
    }

    /** Sumo Logic takes something, so the lane that this one gives way to need not wait any longer. */
    private void tryWhoGoesFirst(Route route) {
        if (route.getEndpoint() instanceof LaneEndpoint endpoint && endpoint.getGiveWayTo() != null) {
            Circuit first = circuits.get(endpoint.getGiveWayTo());
            Route firstRoute = route.getCamelContext().getRoute(endpoint.getGiveWayTo());
            if (first != null && firstRoute != null) {
                synchronized (first) {
                    if (first.halfOpening != null && first.halfOpening.cancel(false)) {
                        first.halfOpening = scheduler.schedule(() -> halfOpen(firstRoute), 0, TimeUnit.MILLISECONDS);
                    }
                }
            }
        }
    }

    private void open(Route route, Circuit circuit, Exchange exchange) {
        String reason = exchange.getMessage().getHeader(REASON, "failed", String.class);
        String message = mask.mask(String.valueOf(exchange.getException().getMessage()));
        Trouble before = circuit.trouble();
        Trouble trouble = before == null
                ? new Trouble(Instant.now(), 1, reason, message)
                : new Trouble(before.since(), before.failures() + 1, reason, message);
        circuit.trouble = trouble;
        long wait = RetryAfter.parse(exchange.getMessage().getHeader(RETRY_AFTER, String.class), Instant.now())
                // at once is what it can't mean
                .filter(retryAfter -> !retryAfter.isZero())
                .map(this::asTold).orElseGet(() -> backOff(trouble.failures()));
        circuit.isTold |= log(route, trouble, wait);
        try {
            suspendOrStopConsumer(route.getConsumer());
        } catch (Exception e) {
            handleException(e);
        }
        circuit.halfOpening = scheduler.schedule(() -> halfOpen(route), wait, TimeUnit.MILLISECONDS);
    }

    /** Not a moment earlier, and not all lanes in the same moment. */
    private long asTold(Duration retryAfter) {
        long wait = (retryAfter.compareTo(maxRetryAfter) > 0 ? maxRetryAfter : retryAfter).toMillis();
        return wait + ThreadLocalRandom.current().nextLong(Math.min(wait, 10_000) / 10 + 1);
    }

    private long backOff(int failures) {
        // 2^20 times the shortest delay is longer than any longest one
        long wait = Math.min(maxDelay, delay << Math.min(failures - 1, 20));
        return Math.round(wait * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
    }

    /** Once a minute for each reason; returns whether it did. */
    private boolean log(Route route, Trouble trouble, long wait) {
        long now = System.nanoTime();
        Long last = logged.get(trouble.reason());
        boolean isDue = last == null || now - last >= LOG_NANOS;
        if (isDue) {
            logged.put(trouble.reason(), now);
            String text = "The lane {} is held up, nothing of it is lost. {} ({}). Tried {} times since {}, again in {} ms";
            Object[] facts = { route.getRouteId(), trouble.message(), trouble.reason(), trouble.failures(),
                    trouble.since(), wait };
            if (MISCONFIGURED.equals(trouble.reason())) {
                LOG.error(text + ". Check SUMOLOGIC_URL and SUMOLOGIC_TOKEN", facts);
            } else {
                LOG.warn(text, facts);
            }
        }
        return isDue;
    }

    private void halfOpen(Route route) {
        try {
            // whoever stopped it meanwhile had a reason
            if (route.getCamelContext().getRouteController().getRouteStatus(route.getRouteId()).isStarted()) {
                resumeOrStartConsumer(route.getConsumer());
            }
        } catch (Exception e) {
            handleException(e);
        }
    }

    @Override
    public void onStop(Route route) {
        Circuit circuit = circuits.get(route.getRouteId());
        synchronized (circuit) {
            if (circuit.halfOpening != null) {
                circuit.halfOpening.cancel(false);
            }
        }
    }

    @Override
    protected void doShutdown() throws Exception {
        if (scheduler != null) {
            scheduler.shutdownNow();
        }
        super.doShutdown();
    }
}
