package io.ilertsumo.bridge.http;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.enterprise.context.ApplicationScoped;

import org.apache.camel.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Counts webhook calls by result, group and lane, and logs those that reached a route at DEBUG, without the event's
 * content. Thread-safe.
 */
@ApplicationScoped
public class ReceivedEvents {

    private static final Logger LOG = LoggerFactory.getLogger(ReceivedEvents.class);
    private static final String NONE = "none";

    private final MeterRegistry registry;
    private final Map<List<String>, Counter> counters = new ConcurrentHashMap<>();

    ReceivedEvents(MeterRegistry registry) {
        this.registry = registry;
    }

    /** Counts a call that ended before a route. */
    void count(String result) {
        count(List.of(result, NONE, NONE));
    }

    /** Counts a call by the headers that its route has left. */
    void count(Message message, boolean failed) {
        List<String> labels = List.of(text(message, "result", failed ? "route-failed" : NONE),
                text(message, "group", NONE), text(message, "lane", NONE));
        LOG.debug("Received event {}: {}", message.getHeader("eventId"), labels);
        count(labels);
    }

    private static String text(Message message, String header, String otherwise) {
        return message.getHeader(header) instanceof String text ? text : otherwise;
    }

    private void count(List<String> labels) {
        counters.computeIfAbsent(labels, key -> Counter.builder("bridge.events.received")
                .description("Webhook calls by result")
                .tags("result", key.get(0), "group", key.get(1), "lane", key.get(2))
                .register(registry)).increment();
    }
}
