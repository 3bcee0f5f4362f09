package io.ilertsumo.bridge.store.kafka;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

import org.apache.kafka.common.TopicPartition;

import io.ilertsumo.bridge.lane.LaneStatus;

/** A lane in Kafka. Thread-safe. */
final class KafkaLane implements LaneStatus {

    private final String name;
    /** The name of the topic, and of the consumer group. */
    final String topic;
    final AtomicBoolean consumed = new AtomicBoolean();
    /** Empty as long as the topic does not exist. */
    volatile List<TopicPartition> partitions = List.of();
    /** Pending events, whichever process reads them, some seconds ago. */
    volatile long pending;
    /** When the oldest event that this process has read was accepted; 0 if none is pending. */
    volatile long oldest;

    KafkaLane(String name, String topic) {
        this.name = name;
        this.topic = topic;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long events() {
        return pending;
    }

    @Override
    public long bytes() {
        return -1;
    }

    @Override
    public long oldest() {
        return oldest;
    }

    @Override
    public boolean isConsumed() {
        return consumed.get();
    }
}
