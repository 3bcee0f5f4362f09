package io.ilertsumo.bridge.observability;

import java.sql.SQLException;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.CamelContext;
import org.apache.camel.quarkus.main.events.AfterStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.outbox.Lane;
import io.ilertsumo.bridge.outbox.OutboxComponent;
import io.ilertsumo.bridge.outbox.OutboxFile;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

/** Shows how much waits in each lane, and how many dead letters there are. */
@ApplicationScoped
public class OutboxMetrics {

    private static final Logger LOG = LoggerFactory.getLogger(OutboxMetrics.class);

    private final MeterRegistry registry;
    private final CamelContext context;

    OutboxMetrics(MeterRegistry registry, CamelContext context) {
        this.registry = registry;
        this.context = context;
    }

    void register(@Observes AfterStart started) {
        OutboxFile file = context.getComponent("outbox", OutboxComponent.class).getFile();
        Gauge.builder("bridge.dead.letters.kept", file, OutboxFile::deadLettersKept)
                .description("Dead letters that somebody has to look at").register(registry);
        FunctionCounter.builder("bridge.dead.letters.dropped", file, OutboxFile::deadLettersDropped)
                .description("Dead letters thrown away for one of their bounds").register(registry);
        for (Lane lane : file.lanes()) {
            if (!lane.isConsumed()) {
                LOG.error("No route reads the lane {}: {} events wait in it and are NOT delivered", lane.name(),
                        lane.events());
            }
            Tags tags = Tags.of("lane", lane.name());
            Gauge.builder("bridge.outbox.events", lane, Lane::events).tags(tags)
                    .description("Events that wait for their delivery").register(registry);
            Gauge.builder("bridge.outbox.bytes", lane, Lane::bytes).tags(tags)
                    .description("The size of the events that wait, in bytes").register(registry);
            Gauge.builder("bridge.outbox.oldest.age", () -> age(file, lane)).tags(tags).baseUnit("seconds")
                    .description("How long the oldest event has waited").register(registry);
        }
    }

    private static double age(OutboxFile file, Lane lane) {
        try {
            return lane.events() == 0 ? 0 : file.age(lane.name()) / 1000.0;
        } catch (SQLException e) {
            LOG.warn("The age of the oldest event can't be read: {}", e.getMessage());
            return Double.NaN;
        }
    }
}
