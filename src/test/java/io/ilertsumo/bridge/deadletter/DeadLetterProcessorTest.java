package io.ilertsumo.bridge.deadletter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.http.RoutePool;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.testing.LoggedLines;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** A dead letter has a reason and the whole body, or the exchange fails. */
class DeadLetterProcessorTest {

    private final DeadLettersInMemory store = new DeadLettersInMemory();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final DeadLetterProcessor processor = new DeadLetterProcessor(store, registry, null, new Pool());
    private final DefaultCamelContext context = new DefaultCamelContext();
    private final Exchange exchange = new DefaultExchange(context);
    private final AtomicInteger calls = new AtomicInteger();
    private boolean isPoolOccupied;

    /** A pool that runs tasks at once, or never. */
    private final class Pool extends RoutePool {

        Pool() {
            super((BridgeSettings) Proxy.newProxyInstance(BridgeSettings.class.getClassLoader(),
                    new Class<?>[]{ BridgeSettings.class }, (proxy, method, none) -> 1));
        }

        @Override
        public void execute(Runnable task) {
            if (!isPoolOccupied) {
                task.run();
            }
        }
    }

    @Test
    void headersSayWhatItIs() {
        exchange.getMessage().setHeaders(Map.of("reason", "rejected", "detail", "Sumo Logic answered 400", "status",
                "400", "eventId", "e", "eventType", "alert-created", "lane", "express", "group", "lifecycle",
                Exchange.CONTENT_ENCODING, "gzip"));
        exchange.getMessage().setBody("body");

        DeadLetter.Content content = kept();

        assertArrayEquals("body".getBytes(), content.body());
        assertEquals(new DeadLetter.Content("rejected", "Sumo Logic answered 400", 400, null, "e", "alert-created",
                "express", "lifecycle", "gzip", content.body()), content);
        assertEquals(1, registry.counter("bridge.dead.letters", "reason", "rejected").count());
    }

    @Test
    void aBatchHasLaneAndGroupAsVariables() {
        exchange.setVariable("lane", "bulk");
        exchange.setVariable("group", "other");
        exchange.getMessage().setBody(new byte[0]);

        DeadLetter.Content content = kept();

        assertEquals("bulk", content.lane());
        assertEquals("other", content.group());
    }

    @Test
    void withoutAReasonTheRouteHasFailed() {
        exchange.getMessage().setHeader("status", "not a number");

        DeadLetter.Content content = kept();

        assertEquals("route-failed", content.reason());
        assertNull(content.status());
        assertArrayEquals(new byte[0], content.body());
    }

    @Test
    void aBodyThatHasNoBytesIsNotKept() {
        exchange.getMessage().setBody(Map.of("an", "object"));

        keep();

        assertTrue(exchange.isFailed());
        assertEquals(0, store.count());
    }

    @Test
    void aStoreThatFailsFailsTheExchange() {
        exchange.getMessage().setBody("body");
        store.failure = new StoreException("The disk is full");

        keep();

        assertSame(store.failure, exchange.getException());
        assertEquals(0, registry.counter("bridge.dead.letters", "reason", "route-failed").count());
    }

    @Test
    void theThreadOfALaneContinuesWhileThePoolIsOccupied() {
        isPoolOccupied = true;
        exchange.getMessage().setBody("body");
        exchange.getExchangeExtension().setFromEndpoint(new LaneEndpoint("lane:bulk", null, "bulk"));

        kept();

        assertEquals(1, registry.counter("bridge.dead.letters", "reason", "route-failed").count());
        store.failure = new StoreException("The disk is full");
        processor.process(exchange, doneSync -> calls.incrementAndGet());
        assertEquals(2, calls.get());
        assertSame(store.failure, exchange.getException());
    }

    @Test
    void ofALetterOfACallNoStepRunsOnAThreadOfTheStore() {
        isPoolOccupied = true;
        exchange.getMessage().setBody("body");

        processor.process(exchange, doneSync -> calls.incrementAndGet());

        assertEquals(1, store.count());
        assertEquals(0, calls.get());
    }

    @Test
    void aLaneSuppressesNoLineOfAnother() {
        try (LoggedLines logged = new LoggedLines(DeadLetterProcessor.class)) {
            for (int i = 0; i < 3; i++) {
                for (String lane : List.of("express", "bulk")) {
                    exchange.getMessage().setHeaders(Map.of("reason", "rejected", "lane", lane));
                    processor.process(exchange, doneSync -> calls.incrementAndGet());
                }
            }

            assertEquals(1, logged.matching(".*lane express.*").size());
            assertEquals(1, logged.matching(".*lane bulk.*").size());
        }
    }

    private DeadLetter.Content kept() {
        keep();
        assertNull(exchange.getException());
        return store.letters.lastEntry().getValue().content();
    }

    private void keep() {
        processor.process(exchange, doneSync -> calls.incrementAndGet());
        assertEquals(1, calls.get());
    }
}
