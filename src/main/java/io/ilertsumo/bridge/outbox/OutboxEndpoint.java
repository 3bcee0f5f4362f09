package io.ilertsumo.bridge.outbox;

import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * Keep events on disk, lane by lane, until they are delivered.
 *
 * The producer stores the message body (one line of JSON) and is done once it is safely on disk. The consumer hands out
 * the events of its lane in batches and removes a batch once its exchange has completed. A batch whose exchange is
 * marked for rollback comes again at once, by half; one whose exchange failed comes again as well, a single event first.
 */
@UriEndpoint(firstVersion = "1.0.0", scheme = "outbox", title = "Outbox", syntax = "outbox:lane", category = {
        Category.MESSAGING, Category.DATABASE }, headersClass = OutboxConstants.class)
public class OutboxEndpoint extends DefaultEndpoint {

    @UriPath(description = "The name of the lane. A lane has one consumer.")
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

    public OutboxEndpoint(String uri, OutboxComponent component, String lane) {
        super(uri, component);
        this.lane = lane;
    }

    @Override
    public OutboxComponent getComponent() {
        return (OutboxComponent) super.getComponent();
    }

    @Override
    public Producer createProducer() {
        return new OutboxProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        if (maxEvents < 1 || maxBytes < 1 || linger < 0) {
            throw new IllegalArgumentException("A batch holds at least one event and one byte: " + getEndpointUri());
        }
        Consumer consumer = new OutboxConsumer(this, processor);
        configureConsumer(consumer);
        return consumer;
    }

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
