package io.ilertsumo.bridge.lane;

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
 * Store events in durable FIFO queues and deliver them in batches.
 *
 * The producer stores the message body, one line of JSON, and the exchange continues once the event is durable. The
 * consumer creates an exchange for each batch of events of one group, one event a line, and removes the batch from the
 * store once the exchange is complete. A batch whose exchange is marked for rollback is retried with half as many
 * events; one whose exchange failed is retried with a single event first.
 */
@UriEndpoint(firstVersion = "1.0.0", scheme = "lane", title = "Lane", syntax = "lane:lane", category = {
        Category.MESSAGING }, headersClass = LaneConstants.class)
public class LaneEndpoint extends DefaultEndpoint {

    @UriPath(description = "The name of the lane. A lane has one consumer in a process.")
    @Metadata(required = true)
    private final String lane;
    @UriParam(label = "consumer", defaultValue = "0", javaType = "java.time.Duration", description = "How long a batch that is not full waits for more events.")
    private long linger;
    @UriParam(label = "consumer", description = "The lane that this one yields to: while batches of that lane fail, this lane delivers a batch only every 10 seconds.")
    private String yieldTo;

    public LaneEndpoint(String uri, LaneComponent component, String lane) {
        super(uri, component);
        this.lane = lane;
    }

    @Override
    public LaneComponent getComponent() {
        return (LaneComponent) super.getComponent();
    }

    @Override
    public Producer createProducer() {
        return new LaneProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        Consumer consumer = new LaneConsumer(this, processor);
        configureConsumer(consumer);
        return consumer;
    }

    public String getLane() {
        return lane;
    }

    public long getLinger() {
        return linger;
    }

    public void setLinger(long linger) {
        this.linger = linger;
    }

    public String getYieldTo() {
        return yieldTo;
    }

    public void setYieldTo(String yieldTo) {
        this.yieldTo = yieldTo;
    }
}
