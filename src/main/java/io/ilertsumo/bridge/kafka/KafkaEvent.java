package io.ilertsumo.bridge.kafka;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.LaneConstants;

/** An event that was read from its lane's topic and is not delivered yet. */
final class KafkaEvent implements Batch.Part {

    final TopicPartition partition;
    final long offset;
    final String group;
    /** The key of the record, which the events of one alert share. */
    final String key;
    final byte[] line;
    private final long accepted;

    KafkaEvent(ConsumerRecord<String, byte[]> event) {
        this.partition = new TopicPartition(event.topic(), event.partition());
        this.offset = event.offset();
        String of = EventHeaders.text(event.headers(), LaneConstants.GROUP);
        // whoever wrote it was not the bridge
        this.group = of == null ? "other" : of;
        this.key = event.key();
        this.line = event.value() == null ? new byte[0] : event.value();
        this.accepted = event.timestamp();
    }

    @Override
    public int events() {
        return 1;
    }

    @Override
    public long accepted() {
        return accepted;
    }
}
