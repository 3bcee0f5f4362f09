package io.ilertsumo.bridge.kafka;

import org.apache.camel.Category;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.UriEndpoint;

import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.LaneConsumer;
import io.ilertsumo.bridge.lane.LaneEndpoint;

/**
 * Hand out the events of a Kafka topic in batches of one group.
 *
 * A batch is committed once its exchange has completed. A batch whose exchange is marked for rollback comes again at
 * once, by half; one whose exchange failed comes again as well, a single event first. While the consumer is suspended
 * it stays in its consumer group. Events are written with the component <code>kafka</code>.
 */
@UriEndpoint(firstVersion = "1.0.0", scheme = "kafka-lane", title = "Kafka Lane", syntax = "kafka-lane:lane", consumerOnly = true, category = {
        Category.MESSAGING }, headersClass = LaneConstants.class)
public class KafkaLaneEndpoint extends LaneEndpoint {

    public KafkaLaneEndpoint(String uri, KafkaLaneComponent component, String lane) {
        super(uri, component, lane);
    }

    @Override
    public KafkaLaneComponent getComponent() {
        return (KafkaLaneComponent) super.getComponent();
    }

    @Override
    public Producer createProducer() {
        throw new UnsupportedOperationException("Write to a lane's topic with kafka:, not " + getEndpointUri());
    }

    @Override
    protected LaneConsumer<?> createLaneConsumer(Processor processor) {
        return new KafkaLaneConsumer(this, processor);
    }
}
