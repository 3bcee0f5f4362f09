package io.ilertsumo.bridge.observability;

import java.time.Duration;
import java.util.function.ToDoubleFunction;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Route;
import org.apache.camel.quarkus.main.events.AfterStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.delivery.CircuitBreaker;
import io.ilertsumo.bridge.event.Event;
import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchListener;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.log.LogLimit;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter.MeterProvider;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.quarkus.arc.Unremovable;

/** The metrics of lanes: what became of their batches, how long delivery takes, and their backlogs. Thread-safe. */
@ApplicationScoped
@Unremovable
public class LaneMetrics implements BatchListener {

    private static final Duration[] LATENCIES = { Duration.ofMillis(10), Duration.ofMillis(50), Duration.ofMillis(100),
            Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(30),
            Duration.ofMinutes(5), Duration.ofHours(1) };

    private static final Logger LOG = LoggerFactory.getLogger(LaneMetrics.class);

    private final MeterRegistry registry;
    private final LaneStore store;
    private final BridgeSettings settings;
    private final MeterProvider<Counter> failures;
    private final MeterProvider<Timer> latency;
    private final MeterProvider<Counter> sliced;
    private final LogLimit log = new LogLimit();

    LaneMetrics(MeterRegistry registry, LaneStore store, BridgeSettings settings) {
        this.registry = registry;
        this.settings = settings;
        this.store = store;
        failures = Counter.builder("bridge.delivery.failures")
                .description("Requests with a batch that did not deliver it").withRegistry(registry);
        latency = Timer.builder("bridge.delivery.latency").description("From an event's acceptance to its delivery")
                .serviceLevelObjectives(LATENCIES).withRegistry(registry);
        sliced = Counter.builder("bridge.delivered.sliced")
                .description("Delivered events over 65,536 bytes, which Sumo Logic slices").withRegistry(registry);
    }

    @Override
    public void done(LaneEndpoint lane, Batch batch, Result result, Exchange exchange) {
        switch (result) {
            case DELIVERED -> delivered(batch);
            case FAILED ->
                failed(batch, exchange.getMessage().getHeader(CircuitBreaker.REASON, "failed", String.class));
            default -> failed(batch, "rejected");
        }
    }

    private void failed(Batch batch, String reason) {
        failures.withTags("lane", batch.lane(), "reason", reason).increment();
    }

    private void delivered(Batch batch) {
        Tags tags = Tags.of("group", batch.group(), "lane", batch.lane());
        registry.counter("bridge.delivered.batches", tags).increment();
        registry.counter("bridge.delivered.events", tags).increment(batch.events());
        registry.counter("bridge.delivered.bytes", tags).increment(batch.body().length);
        Timer timer = latency.withTags("lane", batch.lane());
        long now = System.currentTimeMillis();
        for (Batch.Part part : batch.parts()) {
            Duration waited = Duration.ofMillis(Math.max(0, now - part.accepted()));
            for (int i = 0; i < part.events(); i++) {
                timer.record(waited);
            }
        }
        countSliced(batch.lane(), batch.body());
    }

    private void countSliced(String lane, byte[] body) {
        for (int start = 0, end = 0; body.length - start > Event.MAX_MESSAGE_BYTES; start = ++end) {
            while (end < body.length && body[end] != '\n') {
                end++;
            }
            if (end - start > Event.MAX_MESSAGE_BYTES) {
                sliced.withTags("lane", lane).increment();
                long count = log.count(lane);
                if (count > 0) {
                    LOG.warn(
                            "Sumo Logic slices an event of {} bytes that the lane {} has delivered, since it is over {}"
                                    + " bytes, {} since the last such line. See BRIDGE_OVERSIZED",
                            end - start, lane, Event.MAX_MESSAGE_BYTES, count);
                }
            }
        }
    }

    /** All lanes with a consumer, which may be about to open them. Of others the store refuses the start, or logs them. */
    void register(@Observes AfterStart started, CamelContext context) {
        register(context);
        if (settings.store() == BridgeSettings.Store.OUTBOX) {
            Gauge.builder("bridge.outbox.damaged.events", () -> store.damage().events())
                    .description("Events and dead letters with a wrong checksum").register(registry);
            Gauge.builder("bridge.outbox.corrupt.files", () -> store.damage().files())
                    .description("Corrupt files of the outbox, which were set aside").register(registry);
        }
    }

    /** Registers the lanes of routes that were added since. */
    public void register(CamelContext context) {
        for (Route route : context.getRoutes()) {
            if (route.getEndpoint() instanceof LaneEndpoint lane
                    && registry.find("bridge.pending.events").tag("lane", lane.getLane()).gauge() == null) {
                register(lane.getLane());
            }
        }
    }

    private void register(String lane) {
        sliced.withTags("lane", lane);
        registry.counter("bridge.delivery.warnings", "lane", lane);
        gauge("bridge.pending.events", "Stored events that are not delivered yet", null, lane, LaneStatus::events);
        if (settings.store() == BridgeSettings.Store.OUTBOX) {
            gauge("bridge.pending.bytes", "Bytes of stored events that are not delivered yet", null, lane,
                    LaneStatus::bytes);
        }
        gauge("bridge.pending.oldest.age", "Age of the oldest pending event", "seconds", lane,
                status -> status.age() / 1000.0);
    }

    private void gauge(String meter, String description, String unit, String name, ToDoubleFunction<LaneStatus> value) {
        Gauge.builder(meter, store, all -> all.lanes().stream().filter(lane -> lane.name().equals(name)).findAny()
                .map(value::applyAsDouble).orElse(0.0))
                .description(description).baseUnit(unit).tags("lane", name).register(registry);
    }
}
