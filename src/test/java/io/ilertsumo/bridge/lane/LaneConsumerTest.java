package io.ilertsumo.bridge.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.camel.Processor;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.util.ObjectHelper;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A lane has one consumer, whose batches grow again after a failure, and whose thread ends with its start. */
class LaneConsumerTest {

    /** A store whose lanes have no pending events. */
    private static final LaneStore STORE = proxy(LaneStore.class, proxy(BatchSource.class, false));

    @Test
    void twoRoutesDoNotConsumeFromOneLane() throws Exception {
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            LaneComponent component = new LaneComponent();
            component.setStore(STORE);
            context.addComponent("lane", component);
            context.addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    from("lane:one").log("1");
                    from("lane:two").log("2");
                    from("lane:one?linger=1000").log("3");
                }
            });

            Exception failure = assertThrows(Exception.class, context::start);

            assertEquals("Two routes consume from the lane one",
                    ObjectHelper.getException(StoreException.class, failure).getMessage());
        }
    }

    @Test
    void afterAFailureTheBatchesGrowUpToAnyMaximum() throws Exception {
        Batches batches = new Batches();
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            LaneComponent component = new LaneComponent();
            component.setStore(proxy(LaneStore.class, batches));
            component.setMaxEvents(Integer.MAX_VALUE);
            context.addComponent("lane", component);
            context.addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    from("lane:one").process(exchange -> {
                        if (batches.limits.size() == 1) {
                            throw new IllegalStateException("The first batch fails");
                        }
                    });
                }
            });
            context.start();

            Awaitility.await().until(() -> batches.limits.size() > 40);
        }
        assertEquals(1, batches.limits.get(1));
        assertEquals(2, batches.limits.get(2));
        assertEquals(1 << 30, batches.limits.get(31));
        assertEquals(Set.of(Integer.MAX_VALUE), Set.copyOf(batches.limits.subList(32, 40)));
    }

    @Test
    void aSourceThatIsOpenedDuringAStopIsClosedAndDeliversNothing() throws Exception {
        Starts starts = new Starts();
        CountDownLatch isOpening = new CountDownLatch(1);
        CountDownLatch mayOpen = new CountDownLatch(1);
        starts.opening = () -> {
            isOpening.countDown();
            awaitUninterruptibly(mayOpen);
        };
        try (DefaultCamelContext context = starts.context(exchange -> {
        })) {
            assertTrue(isOpening.await(10, TimeUnit.SECONDS));

            context.getRouteController().stopRoute("lane");
            mayOpen.countDown();

            starts.awaitEnd(0);
            assertEquals(0, starts.sources.get(0).batches.get());
            starts.opening = () -> {
            };
            context.getRouteController().startRoute("lane");
            Awaitility.await().until(() -> starts.sources.size() == 2 && starts.sources.get(1).batches.get() > 0);
        }
        starts.awaitEnd(1);
    }

    @Test
    void aBatchThatOutlivesAStopIsTheLastOneOfItsStart() throws Exception {
        Starts starts = new Starts();
        CountDownLatch mayEnd = new CountDownLatch(1);
        try (DefaultCamelContext context = starts.context(exchange -> awaitUninterruptibly(mayEnd))) {
            Awaitility.await().until(() -> starts.sources.size() == 1 && starts.sources.get(0).batches.get() == 1);

            context.getRouteController().stopRoute("lane");
            context.getRouteController().startRoute("lane");
            Awaitility.await().until(() -> starts.sources.size() == 2 && starts.sources.get(1).batches.get() == 1);
            mayEnd.countDown();

            starts.awaitEnd(0);
            assertEquals(1, starts.sources.get(0).batches.get());
            Awaitility.await().until(() -> starts.sources.get(1).batches.get() > 1);
            context.getRouteController().stopRoute("lane");
            assertTrue(starts.sources.get(1).isWoken, "a stop wakes the source of the last start");
        }
        starts.awaitEnd(1);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                // as a call that can't be interrupted
            }
        }
    }

    /** A store of one lane, each of whose sources has events without end. */
    private static final class Starts {

        private final List<Source> sources = new CopyOnWriteArrayList<>();
        private volatile Runnable opening = () -> {
        };

        /** With a route {@code lane}, whose stop does not wait for long. */
        private DefaultCamelContext context(Processor route) throws Exception {
            DefaultCamelContext context = new DefaultCamelContext();
            context.getShutdownStrategy().setTimeUnit(TimeUnit.MILLISECONDS);
            context.getShutdownStrategy().setTimeout(50);
            LaneComponent component = new LaneComponent();
            component.setStore((LaneStore) Proxy.newProxyInstance(getClass().getClassLoader(),
                    new Class<?>[]{ LaneStore.class }, (proxy, method, arguments) -> {
                        opening.run();
                        sources.add(new Source());
                        return sources.get(sources.size() - 1);
                    }));
            context.addComponent("lane", component);
            context.addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    from("lane:one").routeId("lane").process(route);
                }
            });
            context.start();
            return context;
        }

        private void awaitEnd(int start) {
            Awaitility.await().until(() -> sources.size() > start && sources.get(start).isClosed
                    && !sources.get(start).thread.isAlive());
        }
    }

    private static final class Source extends Batches {

        private final Thread thread = Thread.currentThread();
        private final AtomicInteger batches = new AtomicInteger();
        private volatile boolean isWoken;
        private volatile boolean isClosed;

        @Override
        public Batch next(int maxEvents, int maxBytes) {
            batches.incrementAndGet();
            return super.next(maxEvents, maxBytes);
        }

        @Override
        public void wake() {
            isWoken = true;
        }

        @Override
        public void close() {
            isClosed = true;
        }
    }

    /** One event after another, and the limits that were asked for. */
    private static class Batches implements BatchSource {

        private final List<Integer> limits = new CopyOnWriteArrayList<>();

        @Override
        public boolean await(long events, long bytes, long millis) {
            return true;
        }

        @Override
        public void idle(long millis) {
            // goes on at once
        }

        @Override
        public long oldest() {
            return 0;
        }

        @Override
        public Batch next(int maxEvents, int maxBytes) {
            limits.add(maxEvents);
            return proxy(Batch.class, null, Map.of("lane", "one", "group", "other", "events", 1, "body", new byte[0]));
        }

        @Override
        public void acknowledge(Batch batch) {
            // nothing is stored
        }

        @Override
        public void wake() {
            // nothing is pending
        }

        @Override
        public void close() {
            // nothing is open
        }
    }

    private static <T> T proxy(Class<T> type, Object result) {
        return proxy(type, result, Map.of());
    }

    private static <T> T proxy(Class<T> type, Object result, Map<String, Object> results) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{ type },
                (proxy, method, arguments) -> method.getReturnType() == void.class
                        ? null
                        : results.getOrDefault(method.getName(), result)));
    }
}
