package io.ilertsumo.bridge.metrics;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;

import io.ilertsumo.bridge.outbox.Batch;
import io.ilertsumo.bridge.outbox.OutboxConstants;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;

/** Counts what becomes of events, where the routes say so. Thread-safe. */
@ApplicationScoped
public class EventMetrics {

    private static final String NONE = "none";

    private final MeterRegistry registry;
    private final Map<Received, Counter> received = new ConcurrentHashMap<>();

    EventMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    private record Received(String result, String group, String lane) {
    }

    /** Counts a call of the webhook that ended before it reached a route. */
    public void received(String result) {
        received(new Received(result, NONE, NONE));
    }

    private void received(Received what) {
        received.computeIfAbsent(what, w -> Counter.builder("bridge.events.received")
                .description("Calls of the webhook, by what became of them")
                .tags("result", w.result, "group", w.group, "lane", w.lane)
                .register(registry)).increment();
    }

    /** Counts an event by the headers {@code result}, {@code group} and {@code lane}. */
    @Produces
    @ApplicationScoped
    @Named("countReceived")
    Processor countReceived() {
        return exchange -> {
            Message message = exchange.getMessage();
            received(new Received(text(message, "result"), text(message, OutboxConstants.GROUP),
                    text(message, OutboxConstants.LANE)));
        };
    }

    private static String text(Message message, String header) {
        return message.getHeader(header) instanceof String text ? text : NONE;
    }

    /** Counts a batch that Sumo Logic has taken, and how long its events took from their acceptance. */
    @Produces
    @ApplicationScoped
    @Named("countDelivered")
    Processor countDelivered() {
        return exchange -> {
            Batch batch = exchange.getProperty(OutboxConstants.BATCH, Batch.class);
            Tags tags = Tags.of("group", batch.group(), "lane", batch.lane());
            registry.counter("bridge.delivered.batches", tags).increment();
            registry.counter("bridge.delivered.events", tags).increment(batch.events());
            registry.counter("bridge.delivered.bytes", tags).increment(batch.body().length);
            Timer latency = Timer.builder("bridge.delivery.latency")
                    .description("From an event's acceptance to Sumo Logic's 200")
                    .tags("lane", batch.lane())
                    .serviceLevelObjectives(Duration.ofMillis(10), Duration.ofMillis(50), Duration.ofMillis(100),
                            Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(30),
                            Duration.ofMinutes(5), Duration.ofHours(1))
                    .register(registry);
            long now = System.currentTimeMillis();
            for (Batch.Part part : batch.parts()) {
                Duration taken = Duration.ofMillis(Math.max(0, now - part.accepted()));
                for (int i = 0; i < part.events(); i++) {
                    latency.record(taken);
                }
            }
        };
    }

    /** Counts that a batch is sent again. */
    @Produces
    @ApplicationScoped
    @Named("countRetry")
    Processor countRetry() {
        return exchange -> registry.counter("bridge.delivery.retries", Tags.of("lane", lane(exchange))).increment();
    }

    private static String lane(Exchange exchange) {
        return text(exchange.getMessage(), OutboxConstants.LANE);
    }
}
