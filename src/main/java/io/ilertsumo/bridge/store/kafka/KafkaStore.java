package io.ilertsumo.bridge.store.kafka;

import static io.ilertsumo.bridge.store.kafka.KafkaClients.get;
import static io.ilertsumo.bridge.store.kafka.KafkaClients.reason;
import static java.util.stream.Collectors.toMap;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.log.LogLimit;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Persists the events of each lane in a topic of its own, which all processes share. Every two seconds it creates missing
 * topics, checks all and measures the backlog, every minute it deletes delivered events. The consumer removes duplicates.
 */
public final class KafkaStore implements LaneStore, AutoCloseable {

    private static final long CHECK_MILLIS = 200;
    private static final long UPDATE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long DELETE_SECONDS = 60;
    /** Without an answer from the brokers for that long no event is accepted. */
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final Pattern TOPIC_NAME = Pattern.compile("[a-zA-Z0-9._-]{1,100}");
    /** The store deletes events once they are delivered, and Kafka must not delete them before. */
    private static final Map<String, String> OF_LANES = Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE,
            TopicConfig.RETENTION_MS_CONFIG, "-1",
            TopicConfig.RETENTION_BYTES_CONFIG, "-1");
    private static final Map<String, String> OF_DEAD_LETTERS = Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
    private static final Logger LOG = LoggerFactory.getLogger(KafkaStore.class);

    private final KafkaClients clients;
    private final MeterRegistry registry;
    private final BridgeSettings settings;
    private final RecordWriter writer;
    private final Map<String, KafkaLane> lanes = new ConcurrentHashMap<>();
    private final LogLimit limit = new LogLimit();
    private final ScheduledExecutorService scheduler = Executors
            .newSingleThreadScheduledExecutor(task -> new Thread(task, "kafka-store"));
    /** The configurations of topics that were read last. */
    private final Map<String, Config> configurations = new HashMap<>();
    /** Topics that would lose events or can't store any, and why. */
    private final Map<String, String> refused = new ConcurrentHashMap<>();
    private volatile Admin admin;
    private long updatedNanos = System.nanoTime() - UPDATE_NANOS;
    private volatile long answeredNanos = System.nanoTime() - ANSWER_NANOS;
    private volatile String failure = "The Kafka brokers have not answered yet";

    /** @param executor calls back */
    public KafkaStore(KafkaClients clients, BridgeSettings settings, Executor executor, MeterRegistry registry) {
        this.clients = clients;
        this.registry = registry;
        this.settings = settings;
        writer = new RecordWriter(clients::eventProducer, executor);
        scheduler.scheduleWithFixedDelay(this::updateIfDue, 0, CHECK_MILLIS, TimeUnit.MILLISECONDS);
        scheduler.scheduleWithFixedDelay(() -> update(true), DELETE_SECONDS, DELETE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void append(LaneEvent event, StoreCallback callback) {
        try {
            KafkaLane lane = lane(event.lane());
            check();
            writer.callBack(writer.write(lane.record(event)), callback);
        } catch (StoreException | RuntimeException e) {
            writer.callBack(CompletableFuture.failedFuture(e), callback);
        }
    }

    private KafkaLane lane(String name) throws StoreException {
        if (name.equals(KafkaDeadLetters.TOPIC) || !TOPIC_NAME.matcher(name).matches()) {
            throw new StoreException("The lane '" + name + "' can't have a Kafka topic of its own");
        }
        return lanes.computeIfAbsent(name, lane -> new KafkaLane(lane, clients.topic(lane)));
    }

    @Override
    public BatchSource open(String name, int batchEvents, int batchBytes) throws StoreException {
        KafkaLane lane = lane(name);
        if (!lane.consumed.compareAndSet(false, true)) {
            throw new StoreException("The lane " + name + " has a consumer already");
        }
        try {
            return new KafkaSource(lane, clients.laneConsumer(lane.topic, batchEvents, batchBytes),
                    registry.counter("bridge.duplicates.removed", "lane", name), batchEvents, batchBytes);
        } catch (RuntimeException e) {
            lane.consumed.set(false);
            throw new StoreException("The Kafka topic " + lane.topic + " can't be read: " + reason(e), e);
        }
    }

    @Override
    public Collection<? extends LaneStatus> lanes() {
        return lanes.values();
    }

    @Override
    public void check() throws StoreException {
        String unacknowledged = lanes.values().stream().map(lane -> writer.failure(lane.topic))
                .filter(Objects::nonNull).findAny().orElse(null);
        if (System.nanoTime() - answeredNanos >= ANSWER_NANOS) {
            throw new StoreException(failure);
        } else if (!refused.isEmpty()) {
            throw new StoreException("Kafka topics that can't be used: " + refused);
        } else if (isTopicMissing()) {
            throw new StoreException("A Kafka topic does not exist yet");
        } else if (unacknowledged != null) {
            throw new StoreException("No event is accepted, " + unacknowledged);
        } else if (lanes.values().stream().mapToLong(KafkaLane::events).sum() >= settings.kafkaMaxEvents()) {
            throw new StoreException(
                    "At least " + settings.kafkaMaxEvents() + " events are pending (bridge.kafka.max-events)");
        }
    }

    private boolean isTopicMissing() {
        return lanes.values().stream().anyMatch(lane -> lane.partitions.isEmpty());
    }

    private void updateIfDue() {
        if (isTopicMissing() && refused.isEmpty() || System.nanoTime() - updatedNanos >= UPDATE_NANOS) {
            update(false);
        }
    }

    synchronized void update(boolean delete) {
        updatedNanos = System.nanoTime();
        try {
            if (admin == null) {
                admin = clients.admin();
            }
            partitions(clients.topic(KafkaDeadLetters.TOPIC), 1, OF_DEAD_LETTERS);
            for (KafkaLane lane : lanes.values()) {
                lane.partitions = partitions(lane.topic, settings.kafkaPartitions(), OF_LANES);
                if (!lane.partitions.isEmpty()) {
                    // no write has to wait for the metadata then
                    writer.open().partitionsFor(lane.topic);
                }
            }
            answeredNanos = System.nanoTime();
            writer.probe(lanes.values().stream().flatMap(lane -> lane.partitions.stream()).toList());
            Map<TopicPartition, RecordsToDelete> delivered = new HashMap<>();
            lanes.values().forEach(lane -> delivered.putAll(measure(lane)));
            if (delete) {
                get("DELETE", admin.deleteRecords(delivered).all());
                reportLanesWithoutRoute();
            }
        } catch (RuntimeException | Error e) {
            // whatever the error, the thread must continue
            failure = (e instanceof AuthorizationException ? "" : "The Kafka brokers do not answer: ") + reason(e);
            if (!scheduler.isShutdown() && limit.count("") > 0) {
                LOG.warn("Kafka topics can't be checked, measured and cleaned, trying again every two seconds: {}",
                        reason(e));
            }
        }
    }

    /** The partitions of a topic; none if it had to be created. */
    private List<TopicPartition> partitions(String topic, int number, Map<String, String> required) {
        try {
            TopicDescription description = get("DESCRIBE", admin.describeTopics(List.of(topic)).allTopicNames())
                    .get(topic);
            Config configuration = configuration(topic, required);
            String refusal = required != OF_LANES || configuration == null
                    ? null
                    : refusal(description.partitions(), configuration);
            refuse(topic, refusal == null ? writer.failure(topic) : refusal);
            return partitions(description);
        } catch (UnknownTopicOrPartitionException e) {
            create(topic, number, required);
            return List.of();
        }
    }

    /** Why no event may be written to the topic; {@code null} if events may. */
    private static String refusal(List<TopicPartitionInfo> partitions, Config configuration) {
        ConfigEntry policy = configuration.get(TopicConfig.CLEANUP_POLICY_CONFIG);
        if (policy != null && policy.value().contains(TopicConfig.CLEANUP_POLICY_COMPACT)) {
            return "it is compacted and would keep only the last event of each alert, set cleanup.policy to delete";
        }
        ConfigEntry replicas = configuration.get(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG);
        int required = replicas == null ? 1 : Integer.parseInt(replicas.value());
        return partitions.stream().anyMatch(partition -> partition.isr().size() < required)
                ? "it has fewer in-sync replicas than min.insync.replicas, " + required
                : null;
    }

    private void refuse(String topic, String reason) {
        String before = reason == null ? refused.remove(topic) : refused.put(topic, reason);
        if (reason != null && limit.count("refused " + topic) > 0) {
            LOG.error("No events are accepted for the Kafka topic {}: {}", topic, reason);
        } else if (reason == null && before != null) {
            LOG.warn("Events are accepted again for the Kafka topic {}", topic);
        }
    }

    private void create(String topic, int partitions, Map<String, String> required) {
        Map<String, String> configs = new HashMap<>(required);
        // what is deleted frees the disk by segments
        configs.put(TopicConfig.SEGMENT_BYTES_CONFIG, "134217728");
        configs.put(TopicConfig.SEGMENT_MS_CONFIG, "86400000");
        configs.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, String.valueOf(clients.maxRecordBytes()));
        Optional<Short> replicas = Optional.of(settings.kafkaReplicationFactor()).filter(factor -> factor > 0);
        try {
            get("CREATE",
                    admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), replicas).configs(configs)))
                            .all());
            LOG.info("Created the Kafka topic {}", topic);
        } catch (TopicExistsException e) {
            // created by another process meanwhile
        } catch (AuthorizationException e) {
            refuse(topic, "it does not exist and can't be created: " + reason(e));
        }
    }

    /** Reads the configuration of a topic. If it can't be read, what was read before still counts. */
    private Config configuration(String topic, Map<String, String> required) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            Config configuration = get("DESCRIBE_CONFIGS", admin.describeConfigs(List.of(resource)).all())
                    .get(resource);
            configurations.put(topic, configuration);
            required.forEach((name, value) -> {
                ConfigEntry actual = configuration.get(name);
                if (actual != null && !value.equals(actual.value()) && limit.count(topic + actual) > 0) {
                    LOG.warn("The Kafka topic {} has {}={} and may LOSE records, set it to {}", topic, name,
                            actual.value(), value);
                }
            });
        } catch (KafkaException e) {
            if (limit.count(topic) > 0) {
                LOG.warn("The configuration of the Kafka topic {} can't be checked: {}", topic, reason(e));
            }
        }
        return configurations.get(topic);
    }

    /** Measures the backlog of a lane, and returns what its consumer group has delivered. */
    private Map<TopicPartition, RecordsToDelete> measure(KafkaLane lane) {
        Map<TopicPartition, OffsetAndMetadata> committed = Map.of();
        try {
            committed = get("DESCRIBE", admin.listConsumerGroupOffsets(lane.topic).partitionsToOffsetAndMetadata());
        } catch (AuthorizationException e) {
            // the consumer reports it, and all records count as pending
        }
        Map<TopicPartition, ListOffsetsResultInfo> first = offsets(lane.partitions, OffsetSpec.earliest());
        Map<TopicPartition, ListOffsetsResultInfo> end = offsets(lane.partitions, OffsetSpec.latest());
        Map<TopicPartition, RecordsToDelete> delivered = new HashMap<>();
        long pending = 0;
        for (TopicPartition partition : lane.partitions) {
            long from = first.get(partition).offset();
            long next = committed.get(partition) == null ? from : committed.get(partition).offset();
            pending += Math.max(0, end.get(partition).offset() - Math.max(from, next));
            // an offset behind the end is of a topic that was deleted and created again
            if (next > from && next <= end.get(partition).offset() && lane.isConsumed()) {
                delivered.put(partition, RecordsToDelete.beforeOffset(next));
            }
        }
        lane.pending = pending;
        return delivered;
    }

    /** A start can't refuse them as the outbox does: the brokers may not answer yet. */
    private void reportLanesWithoutRoute() {
        Set<String> topics = new HashSet<>(get("DESCRIBE", admin.listTopics().names()));
        topics.removeIf(
                topic -> !topic.startsWith(clients.topic("")) || topic.equals(clients.topic(KafkaDeadLetters.TOPIC)));
        lanes.values().forEach(lane -> topics.remove(lane.topic));
        get("DESCRIBE", admin.describeTopics(topics).allTopicNames()).forEach((topic, description) -> {
            KafkaLane lane = new KafkaLane(topic, topic);
            lane.partitions = partitions(description);
            measure(lane);
            if (lane.pending > 0 && limit.count("pending " + topic) > 0) {
                LOG.warn("{} events are pending in the Kafka topic {}, and no route of this process consumes them",
                        lane.pending, topic);
            }
        });
    }

    private static List<TopicPartition> partitions(TopicDescription topic) {
        return topic.partitions().stream().map(info -> new TopicPartition(topic.name(), info.partition())).toList();
    }

    private Map<TopicPartition, ListOffsetsResultInfo> offsets(List<TopicPartition> partitions, OffsetSpec which) {
        return get("DESCRIBE", admin.listOffsets(partitions.stream().collect(toMap(one -> one, one -> which))).all());
    }

    @Override
    public void close() {
        scheduler.shutdownNow();
        writer.close();
        if (admin != null) {
            admin.close(Duration.ofSeconds(1));
        }
    }
}
