package io.ilertsumo.bridge.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.Proxy;

import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.util.ObjectHelper;
import org.junit.jupiter.api.Test;

/** A lane has one consumer. */
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

    private static <T> T proxy(Class<T> type, Object result) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{ type },
                (proxy, method, arguments) -> method.getReturnType() == void.class ? null : result));
    }
}
