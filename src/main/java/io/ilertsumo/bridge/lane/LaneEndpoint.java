package io.ilertsumo.bridge.lane;

import org.apache.camel.Component;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/** A lane as its consumer hands it out, wherever its events wait. */
public abstract class LaneEndpoint extends DefaultEndpoint {

    @UriPath(description = "The name of the lane. A lane has one consumer in a process.")
    @Metadata(required = true)
    private final String lane;
    @UriParam(label = "consumer", defaultValue = "5000", description = "How many events a batch holds at most.")
    private int maxEvents = 5000;
    @UriParam(label = "consumer", defaultValue = "1000000", description = "How many bytes a batch holds at most. A single event that is larger goes alone.")
    private int maxBytes = 1_000_000;
    @UriParam(label = "consumer", defaultValue = "0", javaType = "java.time.Duration", description = "How long a batch that is not full waits for more events.")
    private long linger;
    @UriParam(label = "consumer", defaultValue = "1000", javaType = "java.time.Duration", description = "How long to wait before a batch whose exchange failed is handed out again, unless a route policy has suspended the consumer.")
    private long retryDelay = 1000;
    @UriParam(label = "consumer", description = "The name of a lane that goes first: as long as that one's last batch could not be delivered, this lane hands out one batch every 10 seconds only.")
    private String giveWayTo;

    protected LaneEndpoint(String uri, Component component, String lane) {
        super(uri, component);
        this.lane = lane;
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        if (maxEvents < 1 || maxBytes < 1 || linger < 0) {
            throw new IllegalArgumentException("A batch holds at least one event and one byte: " + getEndpointUri());
        }
        Consumer consumer = createLaneConsumer(processor);
        configureConsumer(consumer);
        return consumer;
    }

    protected abstract LaneConsumer<?> createLaneConsumer(Processor processor);

    public String getLane() {
        return lane;
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

    public long getLinger() {
        return linger;
    }

    public void setLinger(long linger) {
        this.linger = linger;
    }

    public long getRetryDelay() {
        return retryDelay;
    }

    public void setRetryDelay(long retryDelay) {
        this.retryDelay = retryDelay;
    }

    public String getGiveWayTo() {
        return giveWayTo;
    }

    public void setGiveWayTo(String giveWayTo) {
        this.giveWayTo = giveWayTo;
    }
}
