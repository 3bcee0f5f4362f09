package io.ilertsumo.bridge.observability;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.quarkus.main.events.AfterStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchListener;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.quarkus.arc.Unremovable;

/** The metrics of lanes: what became of their batches, how long delivery takes, and their backlogs. Thread-safe. */
@ApplicationScoped
@Unremovable
public class LaneMetrics implements BatchListener {

    private static final Logger LOG = LoggerFactory.getLogger(LaneMetrics.class);
    private static final Duration[] LATENCIES = { Duration.ofMillis(10), Duration.ofMillis(50), Duration.ofMillis(100),
            Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(30),
            Duration.ofMinutes(5), Duration.ofHours(1) };

    private final MeterRegistry registry;
    private final LaneStore store;
    private final BridgeSettings settings;
    /** By lane and group. */
    private final Map<List<String>, Delivered> delivered = new ConcurrentHashMap<>();
    /** By lane and reason. */
    private final Map<List<String>, Counter> failures = new ConcurrentHashMap<>();

    LaneMetrics(MeterRegistry registry, LaneStore store, BridgeSettings settings) {
        this.registry = registry;
        this.settings = settings;
        this.store = store;
    }

    /** The meters of one lane and group; the groups of a lane share the timer. */
    private record Delivered(Counter events, Counter batches, Counter bytes, Timer latency) {
    }

    @Override
    public void done(LaneEndpoint lane, Batch batch, Result result, Exchange exchange) {
        switch (result) {
            case DELIVERED -> delivered(batch);
            case FAILED -> failed(batch.lane(), exchange.getMessage().getHeader("reason", "failed", String.class));
            default -> failed(batch.lane(), "rejected");
        }
    }

    private void failed(String lane, String reason) {
        failures.computeIfAbsent(List.of(lane, reason), failure -> Counter.builder("bridge.delivery.failures")
                .description("Requests with a batch that did not deliver it")
                .tags("lane", lane, "reason", reason).register(registry)).increment();
    }

    private void delivered(Batch batch) {
        Delivered meters = delivered.computeIfAbsent(List.of(batch.lane(), batch.group()),
                key -> meters(batch.lane(), batch.group()));
        meters.batches.increment();
        meters.events.increment(batch.events());
        meters.bytes.increment(batch.body().length);
        long now = System.currentTimeMillis();
        for (Batch.Part part : batch.parts()) {
            Duration latency = Duration.ofMillis(Math.max(0, now - part.accepted()));
            for (int i = 0; i < part.events(); i++) {
                meters.latency.record(latency);
            }
        }
    }

    private Delivered meters(String lane, String group) {
        Tags tags = Tags.of("group", group, "lane", lane);
        return new Delivered(registry.counter("bridge.delivered.events", tags),
                registry.counter("bridge.delivered.batches", tags), registry.counter("bridge.delivered.bytes", tags),
                Timer.builder("bridge.delivery.latency").description("From an event's acceptance to its delivery")
                        .tags("lane", lane).serviceLevelObjectives(LATENCIES).register(registry));
    }

    /** Lanes with a consumer, which may be about to open them, and lanes with pending events. */
    void register(@Observes AfterStart started, CamelContext context) {
        Set<String> names = new TreeSet<>();
        context.getRoutes().forEach(route -> {
            if (route.getEndpoint() instanceof LaneEndpoint lane) {
                names.add(lane.getLane());
            }
        });
        for (LaneStatus lane : store.lanes()) {
            if (names.add(lane.name())) {
                LOG.error("No route consumes from lane {}: its {} events are NOT delivered", lane.name(),
                        lane.events());
            }
        }
        for (String name : names) {
            gauge("bridge.pending.events", "Stored events that are not delivered yet", null, name, LaneStatus::events);
            if (settings.store() == BridgeSettings.Store.OUTBOX) {
                gauge("bridge.pending.bytes", "Bytes of stored events that are not delivered yet", null, name,
                        LaneStatus::bytes);
            }
            gauge("bridge.pending.oldest.age", "Age of the oldest pending event", "seconds", name,
                    lane -> lane.age() / 1000.0);
        }
    }

    private void gauge(String meter, String description, String unit, String name, ToDoubleFunction<LaneStatus> value) {
        Gauge.builder(meter, store, all -> all.lanes().stream().filter(lane -> lane.name().equals(name)).findAny()
                .map(value::applyAsDouble).orElse(0.0))
                .description(description).baseUnit(unit).tags("lane", name).register(registry);
    }
}
