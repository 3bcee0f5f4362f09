package io.ilertsumo.bridge.testing;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * The topics of a bridge whose store is Kafka, read from the broker: the bridge's own metrics are some seconds old.
 *
 * @param prefix the beginning of the topics' names
 */
public record KafkaTopics(KafkaBroker broker, String prefix) {

    /** The number of the lane's pending events. */
    public long pending(String lane) {
        return broker.lag(prefix + lane, prefix + lane);
    }

    /** The number of pending events. */
    public long pending() {
        try (Admin admin = broker.admin()) {
            return Stream.of("express", "bulk")
                    .mapToLong(lane -> KafkaBroker.lag(admin, prefix + lane, prefix + lane)).sum();
        }
    }

    /** The pending events of the lane. */
    public List<ConsumerRecord<String, String>> uncommitted(String lane) {
        Map<TopicPartition, OffsetAndMetadata> committed;
        try (Admin admin = broker.admin()) {
            committed = KafkaBroker.committed(admin, prefix + lane);
        }
        return broker.records(prefix + lane).stream().filter(event -> {
            OffsetAndMetadata first = committed.get(new TopicPartition(event.topic(), event.partition()));
            // without a value it is a probe
            return event.value() != null && (first == null || event.offset() >= first.offset());
        }).toList();
    }

    /** The records of each topic, by the topic's name without its prefix. */
    public Map<String, List<ConsumerRecord<String, String>>> records() {
        return Stream.of("express", "bulk", "dead-letters")
                .collect(Collectors.toMap(Function.identity(), name -> broker.records(prefix + name)));
    }
}
