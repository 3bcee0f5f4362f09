package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchListener.Result;
import io.ilertsumo.bridge.store.sqlite.Outbox;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** What became of each batch is counted. */
class LaneMetricsTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final LaneMetrics metrics = new LaneMetrics(registry, null, null);
    private final Exchange exchange = new DefaultExchange(new DefaultCamelContext());

    private record Part(int events, long accepted) implements Batch.Part {
    }

    private record TestBatch(String lane, String group, int events, byte[] body, List<Part> parts) implements Batch {
        @Override
        public List<String> traceparents() {
            return List.of();
        }
    }

    @Test
    void aDeliveredBatchIsCountedWithItsSizeAndTheLatencyOfEachEvent() {
        long now = System.currentTimeMillis();
        Batch batch = new TestBatch("express", "escalation", 3, new byte[42],
                List.of(new Part(2, now - 60_000), new Part(1, now + 60_000)));

        metrics.done(null, batch, Result.DELIVERED, exchange);
        metrics.done(null, batch, Result.DELIVERED, exchange);

        String[] tags = { "group", "escalation", "lane", "express" };
        assertEquals(2, registry.get("bridge.delivered.batches").tags(tags).counter().count());
        assertEquals(6, registry.get("bridge.delivered.events").tags(tags).counter().count());
        assertEquals(84, registry.get("bridge.delivered.bytes").tags(tags).counter().count());
        assertEquals(6, registry.get("bridge.delivery.latency").tags("lane", "express").timer().count());
        double total = registry.get("bridge.delivery.latency").timer().totalTime(TimeUnit.SECONDS);
        assertTrue(total >= 240 && total < 260, "a clock that was set back makes no latency negative: " + total);
    }

    @Test
    void afterAFailureItsReasonIsCounted() {
        Batch batch = new TestBatch("bulk", "other", 1, new byte[1], List.of());

        metrics.done(null, batch, Result.FAILED, exchange);
        exchange.getMessage().setHeader("reason", "throttled");
        metrics.done(null, batch, Result.FAILED, exchange);
        metrics.done(null, batch, Result.FAILED, exchange);
        metrics.done(null, batch, Result.SPLIT, exchange);
        metrics.done(null, batch, Result.REJECTED, exchange);

        assertEquals(1, failures("failed"));
        assertEquals(2, failures("throttled"));
        assertEquals(2, failures("rejected"));
    }

    @Test
    void whatIsDamagedIsMeasured(@TempDir Path directory) throws Exception {
        try (Outbox outbox = DamagedOutbox.open(directory)) {
            new LaneMetrics(registry, outbox, DamagedOutbox.settings(directory)).register(null,
                    new DefaultCamelContext());

            assertEquals(4, registry.get("bridge.outbox.damaged.events").gauge().value());
            assertEquals(1, registry.get("bridge.outbox.corrupt.files").gauge().value());
        }
    }

    private double failures(String reason) {
        return registry.get("bridge.delivery.failures").tags("lane", "bulk", "reason", reason).counter().count();
    }
}
