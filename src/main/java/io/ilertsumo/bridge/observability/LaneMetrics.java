package io.ilertsumo.bridge.observability;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.quarkus.main.events.AfterStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.lane.Lane;
import io.ilertsumo.bridge.lane.LaneStore;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

/** Shows how much waits in each lane, and how many dead letters there are. */
@ApplicationScoped
public class LaneMetrics {

    private static final Logger LOG = LoggerFactory.getLogger(LaneMetrics.class);

    private final MeterRegistry registry;
    private final LaneStore lanes;
    private final DeadLetterStore deadLetters;

    LaneMetrics(MeterRegistry registry, LaneStore lanes, DeadLetterStore deadLetters) {
        this.registry = registry;
        this.lanes = lanes;
        this.deadLetters = deadLetters;
    }

    void register(@Observes AfterStart started) {
        // read from here on, not from the first call on
        deadLetters.kept();
        Gauge.builder("bridge.dead.letters.kept", deadLetters, DeadLetterStore::kept)
                .description("Dead letters that somebody has to look at").register(registry);
        FunctionCounter.builder("bridge.dead.letters.dropped", deadLetters, DeadLetterStore::dropped)
                .description("Dead letters thrown away for one of their bounds").register(registry);
        for (Lane lane : lanes.lanes()) {
            if (!lane.isConsumed()) {
                LOG.error("No route reads the lane {}: {} events wait in it and are NOT delivered", lane.name(),
                        lane.events());
            }
            Tags tags = Tags.of("lane", lane.name());
            Gauge.builder("bridge.outbox.events", lane, Lane::events).tags(tags)
                    .description("Events that wait for their delivery").register(registry);
            if (lane.bytes() >= 0) {
                Gauge.builder("bridge.outbox.bytes", lane, Lane::bytes).tags(tags)
                        .description("The size of the events that wait, in bytes").register(registry);
            }
            Gauge.builder("bridge.outbox.oldest.age", () -> age(lane)).tags(tags).baseUnit("seconds")
                    .description("How long the oldest event has waited").register(registry);
        }
    }

    private static double age(Lane lane) {
        try {
            return lane.age() / 1000.0;
        } catch (Exception e) {
            LOG.warn("The age of the oldest event can't be read: {}", e.getMessage());
            return Double.NaN;
        }
    }
}
