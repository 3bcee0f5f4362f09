package io.ilertsumo.bridge.observability;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;

import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.LaneConstants;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;

/**
 * Counts and logs what becomes of events, where the routes say so. What is logged has the event's or the batch's
 * coordinates in the MDC, for the JSON log, and never its content. Thread-safe.
 */
@ApplicationScoped
public class EventObserver {

    private static final Logger LOG = LoggerFactory.getLogger(EventObserver.class);
    private static final String NONE = "none";

    private final MeterRegistry registry;
    private final Map<Received, Counter> received = new ConcurrentHashMap<>();

    EventObserver(MeterRegistry registry) {
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

    /** Counts an event by the headers {@code result}, {@code group} and {@code lane}; logs it at DEBUG. */
    @Produces
    @ApplicationScoped
    @Named("observeReceived")
    Processor observeReceived() {
        return exchange -> {
            Message message = exchange.getMessage();
            if (LOG.isDebugEnabled()) {
                log(message, "Received: " + text(message, "result"), LaneConstants.EVENT_ID, "eventType",
                        LaneConstants.GROUP, LaneConstants.LANE, "result");
            }
            received(new Received(text(message, "result"), text(message, LaneConstants.GROUP),
                    text(message, LaneConstants.LANE)));
        };
    }

    private static String text(Message message, String header) {
        return message.getHeader(header) instanceof String text ? text : NONE;
    }

    /** Counts a batch that Sumo Logic has taken, and how long its events took from their acceptance. */
    @Produces
    @ApplicationScoped
    @Named("observeDelivered")
    Processor observeDelivered() {
        return exchange -> {
            Batch batch = exchange.getProperty(LaneConstants.BATCH, Batch.class);
            Tags tags = Tags.of("group", batch.group(), "lane", batch.lane());
            registry.counter("bridge.delivered.batches", tags).increment();
            registry.counter("bridge.delivered.events", tags).increment(batch.events());
            registry.counter("bridge.delivered.bytes", tags).increment(batch.body().length);
            Timer latency = Timer.builder("bridge.delivery.latency")
                    .description("From an event's acceptance to Sumo Logic's 200")
                    .tags("lane", batch.lane())
                    .serviceLevelObjectives(Duration.ofMillis(10), Duration.ofMillis(50), Duration.ofMillis(100),
                            Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(5),
                            Duration.ofSeconds(30),
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

    /** Counts a batch that Sumo Logic has not taken, by the header {@code reason}; logs it at DEBUG. */
    @Produces
    @ApplicationScoped
    @Named("observeNotTaken")
    Processor observeNotTaken() {
        return exchange -> {
            Batch batch = exchange.getProperty(LaneConstants.BATCH, Batch.class);
            String reason = text(exchange.getMessage(), "reason");
            registry.counter("bridge.delivery.failures", "lane", batch.lane(), "reason", reason).increment();
            LOG.debug("A batch of {} events of the lane {} was not taken: {}", batch.events(), batch.lane(), reason);
        };
    }

    private static void log(Message message, String text, String... headers) {
        StringBuilder line = new StringBuilder(text);
        for (String header : headers) {
            String value = message.getHeader(header, String.class);
            if (value != null) {
                MDC.put(header, value);
                line.append(", ").append(header).append(' ').append(value);
            }
        }
        LOG.debug(line.toString());
        for (String header : headers) {
            MDC.remove(header);
        }
    }
}
