package io.ilertsumo.bridge.store.kafka;

import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

import io.ilertsumo.bridge.event.EventKey;
import io.ilertsumo.bridge.lane.LaneEvent;
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
    /** Why the consumer can't read; {@code null} if it is a member of its group. */
    volatile String failure;

    KafkaLane(String name, String topic) {
        this.name = name;
        this.topic = topic;
    }

    /** The record of an event. Its key is that of the events whose order is kept. */
    ProducerRecord<String, byte[]> record(LaneEvent event) {
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic,
                event.alertId() == null ? event.eventId() : event.alertId(), Objects.requireNonNull(event.line()));
        KafkaHeaders.put(record.headers(), KafkaHeaders.GROUP, event.group());
        KafkaHeaders.put(record.headers(), KafkaHeaders.EVENT_ID, event.eventId());
        KafkaHeaders.put(record.headers(), KafkaHeaders.EVENT_KEY,
                event.replay() ? null : HexFormat.of().formatHex(EventKey.of(event.eventId())));
        KafkaHeaders.put(record.headers(), KafkaHeaders.TRACEPARENT, event.traceparent());
        return record;
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
    public String failure() {
        return failure;
    }

    @Override
    public boolean isConsumed() {
        return consumed.get();
    }
}
