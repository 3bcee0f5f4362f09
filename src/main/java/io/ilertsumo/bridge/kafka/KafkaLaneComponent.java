package io.ilertsumo.bridge.kafka;

import java.util.Map;

import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;

/** Lanes of events over Kafka, one topic a lane. */
@Component("kafka-lane")
public class KafkaLaneComponent extends DefaultComponent {

    @Metadata(required = true, autowired = true, description = "What the lanes of this process share.")
    private KafkaLanes lanes;

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        KafkaLaneEndpoint endpoint = new KafkaLaneEndpoint(uri, this, remaining);
        setProperties(endpoint, parameters);
        return endpoint;
    }

    public KafkaLanes getLanes() {
        return lanes;
    }

    public void setLanes(KafkaLanes lanes) {
        this.lanes = lanes;
    }
}
