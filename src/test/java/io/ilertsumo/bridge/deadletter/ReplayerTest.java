package io.ilertsumo.bridge.deadletter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.deadletter.Replayer.Result;
import io.ilertsumo.bridge.event.Event;
import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.StoreException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** A dead letter is discarded once the route has stored its event, and stays whatever else the route does. */
class ReplayerTest {

    private static final Processor STORE = exchange -> exchange.getMessage().setHeader(LaneConstants.RESULT,
            LaneConstants.ACCEPTED);

    private final DefaultCamelContext context = new DefaultCamelContext();
    private final DeadLettersInMemory store = new DeadLettersInMemory();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Queue<String> sent = new ConcurrentLinkedQueue<>();
    private volatile Processor route = STORE;
    private Replayer replayer;

    @BeforeEach
    void start() throws Exception {
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from(Replayer.ROUTE).errorHandler(noErrorHandler()).process(exchange -> {
                    sent.add(exchange.getMessage().getBody(String.class));
                    route.process(exchange);
                });
            }
        });
        context.start();
        replayer = new Replayer(store, context.createProducerTemplate(), registry);
    }

    @AfterEach
    void stop() {
        context.stop();
    }

    @Test
    void aStoredEventIsNoDeadLetterAnyMore() {
        long id = store.keep("rejected", "e", "body");
        route = exchange -> {
            assertEquals(id, exchange.getMessage().getHeader(LaneConstants.DEAD_LETTER));
            assertEquals("rejected", exchange.getMessage().getHeader("reason"));
            STORE.process(exchange);
        };

        assertEquals(Result.REPLAYED, replayer.replay(id));

        assertEquals(List.of("body"), List.copyOf(sent));
        assertEquals(0, store.count());
        assertEquals(1, registry.counter("bridge.dead.letters.replayed", "result", "replayed").count());
        assertEquals(Result.GONE, replayer.replay(id));
    }

    @Test
    void anEventThatOneBranchStoresBeforeTheRouteFailsStays() {
        long id = store.keep("rejected", "e", "body");
        route = exchange -> {
            STORE.process(exchange);
            throw new IllegalStateException("the second branch");
        };

        assertEquals(Result.FAILED, replayer.replay(id));
        assertEquals(1, store.count());
    }

    @Test
    void whatIsUnreadableDroppedKeptOrForgottenByTheRouteStays() {
        long id = store.keep("unreadable", null, "body");

        route = exchange -> Event.read(exchange.getMessage().getBody(byte[].class));
        assertEquals(Result.UNREADABLE, replayer.replay(id));
        assertEquals(2, store.letters.get(id).attempts());
        route = exchange -> exchange.getMessage().setHeader(LaneConstants.RESULT, LaneConstants.DROPPED);
        assertEquals(Result.DROPPED, replayer.replay(id));
        route = exchange -> exchange.getMessage().setHeader(LaneConstants.RESULT, "oversized");
        assertEquals(Result.KEPT, replayer.replay(id));
        route = exchange -> exchange.getMessage().removeHeaders("*");
        assertEquals(Result.FAILED, replayer.replay(id));
        assertEquals(1, store.count());
    }

    @Test
    void ifItCanNotBeDiscardedItHasFailed() {
        long id = store.keep("rejected", "e", "body");
        store.failure = new StoreException("The disk is full");

        assertEquals(Result.FAILED, replayer.replay(id));
        assertEquals(1, store.count());
    }

    @Test
    void concurrentReplaysOfOneDeadLetterSendItOnce() throws Exception {
        long id = store.keep("rejected", "e", "body");
        ExecutorService operators = Executors.newFixedThreadPool(8);
        try {
            Callable<Result> replay = () -> replayer.replay(id);
            long replayed = 0;
            for (Future<Result> result : operators.invokeAll(Collections.nCopies(8, replay))) {
                assertTrue(List.of(Result.REPLAYED, Result.GONE).contains(result.get()));
                replayed += result.get() == Result.REPLAYED ? 1 : 0;
            }
            assertEquals(1, replayed);
        } finally {
            operators.shutdown();
        }
        assertEquals(1, sent.size());
    }

    @Test
    void manyAreReplayedAndTheRestIsNotTriedOnceSomeHaveFailed() {
        List<Long> ids = LongStream.range(0, 250).map(i -> store.keep("rejected", "e" + i, "body " + i)).boxed()
                .toList();
        route = exchange -> {
            if ("body 120".equals(exchange.getMessage().getBody(String.class))) {
                throw new StoreException("The outbox is full");
            }
            STORE.process(exchange);
        };

        assertEquals(Map.of(Result.REPLAYED, 199, Result.FAILED, 1), replayer.replay(ids));
        assertEquals(51, store.count());
        assertEquals(Map.of(), replayer.replay(List.of()));
    }

    @Test
    void ofAStoreThatCanNotBeReadOneIsTried() {
        List<Long> ids = LongStream.range(0, 50).map(i -> store.keep("rejected", "e" + i, "body")).boxed().toList();
        store.unreadableFrom = ids.get(2);

        assertEquals(Map.of(Result.REPLAYED, 2, Result.FAILED, 1), replayer.replay(ids));
        assertEquals(3, store.reads);
    }

    @Test
    void theBodyGoesWithItsEncoding() {
        store.keep(new DeadLetter.Content("unreadable", null, null, null, null, null, null, null, "gzip",
                new byte[]{ 1 }), (duplicate, failure) -> {
                });
        route = exchange -> {
            assertEquals("gzip", exchange.getMessage().getHeader(Exchange.CONTENT_ENCODING));
            STORE.process(exchange);
        };

        assertEquals(Result.REPLAYED, replayer.replay(1));
    }
}
