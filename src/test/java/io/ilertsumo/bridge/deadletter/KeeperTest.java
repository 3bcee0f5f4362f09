package io.ilertsumo.bridge.deadletter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.lane.StoreException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** A dead letter has a reason and the whole body, or the exchange fails. */
class KeeperTest {

    private final DeadLettersInMemory store = new DeadLettersInMemory();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Keeper keeper = new Keeper(store, registry, null);
    private final Exchange exchange = new DefaultExchange(new DefaultCamelContext());
    private final AtomicInteger calls = new AtomicInteger();

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

    private DeadLetter.Content kept() {
        keep();
        assertNull(exchange.getException());
        return store.letters.lastEntry().getValue().content();
    }

    private void keep() {
        keeper.process(exchange, doneSync -> calls.incrementAndGet());
        assertEquals(1, calls.get());
    }
}
