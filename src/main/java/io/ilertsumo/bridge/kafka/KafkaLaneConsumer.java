package io.ilertsumo.bridge.kafka;

import java.util.Map;

import org.apache.camel.Processor;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;

import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneConsumer;

/** Hands out the lane's events, of the partitions that this process has. */
class KafkaLaneConsumer extends LaneConsumer<KafkaBatch> {

    /** A process that was killed is missed after that time, and others go on with its partitions. */
    private static final int SESSION_TIMEOUT_MILLIS = 10_000;
    private static final int HEARTBEAT_MILLIS = 3_000;

    private KafkaLane lane;

    KafkaLaneConsumer(KafkaLaneEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
    }

    @Override
    public KafkaLaneEndpoint getEndpoint() {
        return (KafkaLaneEndpoint) super.getEndpoint();
    }

    @Override
    protected void doStart() throws Exception {
        lane = getEndpoint().getComponent().getLanes().claim(getEndpoint().getLane());
        super.doStart();
    }

    @Override
    protected void doStop() throws Exception {
        super.doStop();
        if (lane != null) {
            getEndpoint().getComponent().getLanes().release(lane);
            lane = null;
        }
    }

    @Override
    protected BatchSource<KafkaBatch> open() throws Exception {
        KafkaLanes lanes = getEndpoint().getComponent().getLanes();
        while (!lanes.isThere(lane.topic())) {
            if (!isToGoOn()) {
                throw new InterruptedException();
            }
            Thread.sleep(100);
        }
        int maxBytes = getEndpoint().getMaxBytes();
        return new KafkaSource(lane, lanes.clients().consumer(Map.of(
                ConsumerConfig.GROUP_ID_CONFIG, lane.group(),
                ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MILLIS,
                ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, HEARTBEAT_MILLIS,
                // a change in the group stops only what changes hands
                ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName(),
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG, getEndpoint().getMaxEvents(),
                ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, maxBytes,
                ConsumerConfig.FETCH_MAX_BYTES_CONFIG, (int) Math.min(Integer.MAX_VALUE, 2L * maxBytes))),
                getEndpoint().getMaxEvents(), maxBytes);
    }
}
