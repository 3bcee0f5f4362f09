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
    @Metadata(defaultValue = "5000", description = "The largest number of events in a batch.")
    private int maxEvents = 5000;
    @Metadata(defaultValue = "1000000", description = "The largest size of a batch in bytes. A larger event is a batch of its own.")
    private int maxBytes = 1_000_000;

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

    public int getMaxEvents() {
        return maxEvents;
    }

    public void setMaxEvents(int maxEvents) {
        this.maxEvents = maxEvents;
    }

    public int getMaxBytes() {
        return maxBytes;
    }

    public void setMaxBytes(int maxBytes) {
        this.maxBytes = maxBytes;
    }
}
