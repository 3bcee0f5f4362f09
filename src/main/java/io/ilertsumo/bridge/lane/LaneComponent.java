package io.ilertsumo.bridge.lane;

import java.util.List;
import java.util.Map;

import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;

/** Durable FIFO queues of events, in one store. */
@Component("lane")
public class LaneComponent extends DefaultComponent {

    @Metadata(required = true, autowired = true, description = "The store of all lanes.")
    private LaneStore store;

    private volatile List<BatchListener> listeners = List.of();

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        LaneEndpoint endpoint = new LaneEndpoint(uri, this, remaining);
        setProperties(endpoint, parameters);
        return endpoint;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        listeners = List.copyOf(getCamelContext().getRegistry().findByType(BatchListener.class));
    }

    List<BatchListener> listeners() {
        return listeners;
    }

    public LaneStore getStore() {
        return store;
    }

    public void setStore(LaneStore store) {
        this.store = store;
    }
}
