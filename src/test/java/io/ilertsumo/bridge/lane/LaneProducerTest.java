package io.ilertsumo.bridge.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.apache.camel.ProducerTemplate;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;

/** An event is stored with the trace context of its message. */
class LaneProducerTest {

    private static final String TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    @Test
    void theTraceContextIsThatOfTheMessageUnlessItIsMalformed() throws Exception {
        List<String> stored = new ArrayList<>();
        LaneStore store = (LaneStore) Proxy.newProxyInstance(LaneStore.class.getClassLoader(),
                new Class<?>[]{ LaneStore.class }, (proxy, method, arguments) -> {
                    stored.add(((LaneEvent) arguments[0]).traceparent());
                    ((StoreCallback) arguments[1]).done(false, null);
                    return null;
                });
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            LaneComponent component = new LaneComponent();
            component.setStore(store);
            context.addComponent("lane", component);
            context.start();
            ProducerTemplate template = context.createProducerTemplate();
            for (String traceparent : Arrays.asList(TRACEPARENT, null, TRACEPARENT + "\n", "x".repeat(5000))) {
                Map<String, Object> headers = new HashMap<>(Map.of("group", "g", "eventId", "id"));
                headers.put("traceparent", traceparent);
                template.sendBodyAndHeaders("lane:one", new byte[1], headers);
            }
        }

        assertEquals(Arrays.asList(TRACEPARENT, null, null, null), stored);
    }
}
