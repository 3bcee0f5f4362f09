package io.ilertsumo.bridge.outbox;

import org.apache.camel.Category;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.UriEndpoint;

import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.LaneConsumer;
import io.ilertsumo.bridge.lane.LaneEndpoint;

/**
 * Keep events on disk, lane by lane, until they are delivered.
 *
 * The producer stores the message body (one line of JSON) and is done once it is safely on disk. The consumer hands out
 * the events of its lane in batches and removes a batch once its exchange has completed. A batch whose exchange is
 * marked for rollback comes again at once, by half; one whose exchange failed comes again as well, a single event first.
 */
@UriEndpoint(firstVersion = "1.0.0", scheme = "outbox", title = "Outbox", syntax = "outbox:lane", category = {
        Category.MESSAGING, Category.DATABASE }, headersClass = LaneConstants.class)
public class OutboxEndpoint extends LaneEndpoint {

    public OutboxEndpoint(String uri, OutboxComponent component, String lane) {
        super(uri, component, lane);
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
    protected LaneConsumer<?> createLaneConsumer(Processor processor) {
        return new OutboxConsumer(this, processor);
    }
}
