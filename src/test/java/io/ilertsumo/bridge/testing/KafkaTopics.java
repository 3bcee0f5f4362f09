package io.ilertsumo.bridge.testing;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The topics of a bridge over Kafka as the broker knows them, now: what the bridge itself says of them is as of a moment
 * ago.
 *
 * @param prefix what the topics' names begin with
 */
public record KafkaTopics(KafkaBroker broker, String prefix) {

    /** How many events of the lane wait for their delivery. */
    public long waiting(String lane) {
        return broker.lag(prefix + lane, prefix + lane);
    }

    /** The records of each topic, by the topic's name without its prefix. */
    public Map<String, List<ConsumerRecord<String, String>>> records() {
        return Stream.of("express", "bulk", "seen", "dead-letters")
                .collect(Collectors.toMap(Function.identity(), name -> broker.records(prefix + name)));
    }
}
