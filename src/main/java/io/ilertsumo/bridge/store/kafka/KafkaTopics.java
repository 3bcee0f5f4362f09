package io.ilertsumo.bridge.store.kafka;

import static io.ilertsumo.bridge.store.kafka.KafkaClients.get;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.settings.BridgeSettings;

/** Finds the topics of lanes and dead letters, and creates those that are missing. Not thread-safe. */
final class KafkaTopics {

    /** The store deletes events once they are delivered, and Kafka must not delete them before. */
    private static final Map<String, String> LANE = Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE,
            TopicConfig.RETENTION_MS_CONFIG, "-1",
            TopicConfig.RETENTION_BYTES_CONFIG, "-1");
    private static final Map<String, String> DEAD_LETTERS = Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
    private static final Logger LOG = LoggerFactory.getLogger(KafkaTopics.class);

    private final BridgeSettings settings;
    private final int maxRecordBytes;
    private final String deadLetters;
    private final Set<String> checked = new HashSet<>();

    KafkaTopics(BridgeSettings settings, KafkaClients clients) {
        this.settings = settings;
        maxRecordBytes = clients.maxRecordBytes();
        deadLetters = clients.topic(KafkaDeadLetters.TOPIC);
    }

    /** Returns the partitions of a topic; none if it had to be created. */
    List<TopicPartition> find(Admin admin, String topic) {
        Map<String, String> required = topic.equals(deadLetters) ? DEAD_LETTERS : LANE;
        try {
            List<TopicPartition> partitions = get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic)
                    .partitions().stream().map(info -> new TopicPartition(topic, info.partition())).toList();
            if (checked.add(topic)) {
                check(admin, topic, required);
            }
            return partitions;
        } catch (UnknownTopicOrPartitionException e) {
            create(admin, topic, required);
            return List.of();
        }
    }

    private void create(Admin admin, String topic, Map<String, String> required) {
        Map<String, String> configs = new HashMap<>(required);
        // what is deleted frees the disk by segments
        configs.put(TopicConfig.SEGMENT_BYTES_CONFIG, "134217728");
        configs.put(TopicConfig.SEGMENT_MS_CONFIG, "86400000");
        configs.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, String.valueOf(maxRecordBytes));
        int partitions = topic.equals(deadLetters) ? 1 : settings.kafkaPartitions();
        Optional<Short> replicas = Optional.of(settings.kafkaReplicationFactor()).filter(factor -> factor > 0);
        try {
            get(admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), replicas).configs(configs)))
                    .all());
            LOG.info("Created the Kafka topic {}", topic);
        } catch (TopicExistsException e) {
            // created by another process meanwhile
        }
    }

    private static void check(Admin admin, String topic, Map<String, String> required) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            var config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
            required.forEach((name, value) -> {
                if (!value.equals(config.get(name).value())) {
                    LOG.warn("The Kafka topic {} has {}={} and may LOSE records, set it to {}", topic, name,
                            config.get(name).value(), value);
                }
            });
        } catch (KafkaException e) {
            LOG.warn("The configuration of the Kafka topic {} can't be checked: {}", topic, KafkaClients.reason(e));
        }
    }
}
