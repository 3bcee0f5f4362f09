package io.ilertsumo.bridge.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.util.ObjectHelper;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A lane has one consumer, whose batches grow again after a failure. */
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

    /** One event after another, and the limits that were asked for. */
    private static final class Batches implements BatchSource {

        private final List<Integer> limits = new CopyOnWriteArrayList<>();

        @Override
        public boolean await(int events, int bytes, long millis) {
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
