package io.ilertsumo.bridge.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Named;

import org.apache.camel.Processor;
import org.apache.camel.util.TimeUtils;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.LaneException;
import io.ilertsumo.bridge.lane.LaneFullException;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.KafkaSettings;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.Unremovable;

/**
 * The lanes over Kafka that this process has routes for. Makes their topics if they are not there, looks every other
 * second how much waits in them, and deletes what is delivered. Thread-safe.
 */
@ApplicationScoped
@Unremovable
@Typed(KafkaLanes.class)
public class KafkaLanes implements LaneStore {

    /** The topic of the idempotency keys. */
    static final String SEEN = "seen";
    /** The topic of the dead letters. */
    static final String DEAD_LETTERS = "dead-letters";

    private static final long LOOK_MILLIS = 2000;
    /** If the brokers have not answered for that long the process is not ready. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long DELETE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** What is deleted goes with its whole segment. */
    private static final String SEGMENT_MILLIS = String.valueOf(TimeUnit.DAYS.toMillis(1));
    private static final String SEGMENT_BYTES = String.valueOf(128 * 1024 * 1024);

    private static final Logger LOG = LoggerFactory.getLogger(KafkaLanes.class);

    private final KafkaClients clients;
    private final KafkaSettings settings;
    private final String seenMillis;
    private final MeterRegistry registry;
    private final Map<String, KafkaLane> lanes = new ConcurrentHashMap<>();
    private final Set<String> topics = ConcurrentHashMap.newKeySet();
    private final Map<TopicPartition, Long> deleted = new HashMap<>();
    private ScheduledExecutorService scheduler;
    private Admin admin;
    private long deletedNanos = System.nanoTime();
    private boolean isFailing;
    private final Map<String, Long> told = new ConcurrentHashMap<>();
    private volatile long answeredNanos = System.nanoTime() - PATIENCE_NANOS;
    private volatile BooleanSupplier knowsWhatWasTaken = () -> true;
    private volatile String failure = "The Kafka brokers have not answered yet";

    KafkaLanes(KafkaClients clients, BridgeSettings bridge, MeterRegistry registry) {
        this.clients = clients;
        this.settings = bridge.kafka();
        this.registry = registry;
        this.seenMillis = String.valueOf(TimeUtils.toMilliSeconds(bridge.idempotencyPeriod()));
    }

    KafkaClients clients() {
        return clients;
    }

    /** Takes the lane for a consumer of this process. */
    synchronized KafkaLane claim(String name) {
        KafkaLane lane = new KafkaLane(name, clients.topic(name), clients.group(name));
        if (lanes.putIfAbsent(name, lane) != null) {
            throw new IllegalStateException("The lane " + name + " has a consumer already");
        }
        FunctionCounter.builder("bridge.events.repeated", lane, KafkaLane::repeats).tags("lane", name)
                .description("Events that were written twice and are delivered once").register(registry);
        if (scheduler == null) {
            scheduler = Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "kafka-lanes"));
            scheduler.scheduleWithFixedDelay(this::look, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
        return lane;
    }

    void release(KafkaLane lane) {
        lanes.remove(lane.name());
    }

    /** Whether the topic has been there once. */
    boolean isThere(String topic) {
        return topics.contains(topic);
    }

    @Override
    public Collection<KafkaLane> lanes() {
        return lanes.values();
    }

    /** Nothing is taken before that is true. */
    void require(BooleanSupplier knowsWhatWasTaken) {
        this.knowsWhatWasTaken = knowsWhatWasTaken;
    }

    @Override
    public void check() throws LaneException {
        if (System.nanoTime() - answeredNanos >= PATIENCE_NANOS) {
            throw new LaneException(failure, null);
        }
        requireReady();
    }

    /** Fails unless an event may be taken: too much may wait already, or what was taken before is not known yet. */
    @Produces
    @ApplicationScoped
    @Named("requireReady")
    Processor requireReadyProcessor() {
        return exchange -> requireReady();
    }

    private void requireReady() throws LaneException {
        if (!knowsWhatWasTaken.getAsBoolean()) {
            throw new LaneException("What was taken before is not known yet", null);
        }
        if (lanes.values().stream().mapToLong(KafkaLane::events).sum() >= settings.maxEvents()) {
            throw new LaneFullException("Too many events wait already");
        }
    }

    private void look() {
        try {
            if (admin == null) {
                admin = clients.admin();
            }
            makeTopics();
            Map<String, TopicDescription> described = admin
                    .describeTopics(lanes.values().stream().map(KafkaLane::topic).toList()).allTopicNames().get();
            answered();
            Map<TopicPartition, OffsetAndMetadata> committed = measure(described);
            if (System.nanoTime() - deletedNanos >= DELETE_NANOS) {
                deletedNanos = System.nanoTime();
                delete(committed);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | RuntimeException e) {
            Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
            if (cause instanceof UnknownTopicOrPartitionException) {
                // somebody has deleted one
                topics.clear();
            }
            failure = "The Kafka brokers can't be asked: " + message(cause);
            isFailing |= tell("The Kafka brokers can't be asked", cause);
        }
    }

    private void answered() {
        answeredNanos = System.nanoTime();
        if (isFailing) {
            isFailing = false;
            LOG.info("The Kafka brokers answer again");
        }
    }

    /** What is wrong with a certificate or a token is said in the last cause only. */
    private static String message(Throwable failure) {
        return failure.getCause() != null
                ? message(failure.getCause())
                // a login's has a stack trace in it
                : String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    }

    /** Once a minute for each text; returns whether it did. */
    boolean tell(String text, Throwable cause) {
        long now = System.nanoTime();
        Long last = told.get(text);
        boolean isDue = last == null || now - last >= LOG_NANOS;
        if (isDue) {
            told.put(text, now);
            LOG.warn("{}: {}", text, message(cause));
        }
        return isDue;
    }

    private void makeTopics() throws ExecutionException, InterruptedException {
        List<NewTopic> wanted = new ArrayList<>();
        String record = String.valueOf(clients.maxRecordBytes());
        for (KafkaLane lane : lanes.values()) {
            // what waits is deleted once it is delivered, and not before
            wanted.add(topic(lane.topic(), settings.partitions(), Map.of(
                    TopicConfig.RETENTION_MS_CONFIG, "-1",
                    TopicConfig.RETENTION_BYTES_CONFIG, "-1",
                    TopicConfig.SEGMENT_BYTES_CONFIG, SEGMENT_BYTES,
                    TopicConfig.SEGMENT_MS_CONFIG, SEGMENT_MILLIS,
                    TopicConfig.MAX_MESSAGE_BYTES_CONFIG, record)));
        }
        wanted.add(topic(clients.topic(SEEN), 1, Map.of(
                TopicConfig.RETENTION_MS_CONFIG, seenMillis,
                TopicConfig.SEGMENT_BYTES_CONFIG, SEGMENT_BYTES,
                TopicConfig.SEGMENT_MS_CONFIG, SEGMENT_MILLIS)));
        wanted.add(topic(clients.topic(DEAD_LETTERS), 1, Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT,
                TopicConfig.SEGMENT_BYTES_CONFIG, SEGMENT_BYTES,
                TopicConfig.SEGMENT_MS_CONFIG, SEGMENT_MILLIS,
                TopicConfig.MAX_MESSAGE_BYTES_CONFIG, record)));
        wanted.removeIf(topic -> topics.contains(topic.name()));
        if (wanted.isEmpty()) {
            return;
        }
        Set<String> there = admin.listTopics().names().get();
        for (NewTopic topic : wanted) {
            if (!there.contains(topic.name())) {
                make(topic);
            }
            topics.add(topic.name());
        }
        requireNoRetention(wanted.stream().map(NewTopic::name).filter(there::contains).toList());
    }

    /** Of a lane's topic that somebody else has made. */
    private void requireNoRetention(List<String> made) throws InterruptedException {
        Set<String> ofLanes = lanes.values().stream().map(KafkaLane::topic).collect(Collectors.toSet());
        List<ConfigResource> asked = made.stream().filter(ofLanes::contains)
                .map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList();
        try {
            admin.describeConfigs(asked).all().get().forEach((topic, config) -> {
                for (String bound : List.of(TopicConfig.RETENTION_MS_CONFIG, TopicConfig.RETENTION_BYTES_CONFIG)) {
                    if (!"-1".equals(config.get(bound).value())) {
                        LOG.warn("The Kafka topic {} has {}={}: events that wait for longer are LOST. Set it to -1, the"
                                + " bridge deletes what is delivered", topic.name(), bound, config.get(bound).value());
                    }
                }
            });
        } catch (ExecutionException e) {
            tell("How long Kafka keeps events can't be seen", e.getCause());
        }
    }

    private void make(NewTopic topic) throws ExecutionException, InterruptedException {
        try {
            admin.createTopics(List.of(topic)).all().get();
            LOG.info("Made the Kafka topic {}", topic.name());
        } catch (ExecutionException e) {
            // by another process in the same moment
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }

    private NewTopic topic(String name, int partitions, Map<String, String> configs) {
        short replicas = settings.replicationFactor();
        return new NewTopic(name, Optional.of(partitions), replicas < 0 ? Optional.empty() : Optional.of(replicas))
                .configs(configs);
    }

    /** Returns up to where the lanes are delivered. */
    private Map<TopicPartition, OffsetAndMetadata> measure(Map<String, TopicDescription> described)
            throws ExecutionException, InterruptedException {
        Map<String, ListConsumerGroupOffsetsSpec> groups = new HashMap<>();
        lanes.values().forEach(lane -> groups.put(lane.group(), new ListConsumerGroupOffsetsSpec()));
        Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
        admin.listConsumerGroupOffsets(groups).all().get().values().forEach(committed::putAll);
        committed.values().removeIf(offset -> offset == null);
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        Map<TopicPartition, OffsetSpec> untouched = new HashMap<>();
        described.forEach((name, topic) -> topic.partitions().forEach(info -> {
            TopicPartition partition = new TopicPartition(name, info.partition());
            wanted.put(partition, OffsetSpec.latest());
            if (!committed.containsKey(partition)) {
                untouched.put(partition, OffsetSpec.earliest());
            }
        }));
        Map<TopicPartition, Long> from = new HashMap<>();
        committed.forEach((partition, offset) -> from.put(partition, offset.offset()));
        admin.listOffsets(untouched).all().get().forEach((partition, offset) -> from.put(partition, offset.offset()));
        Map<String, Long> lags = new HashMap<>();
        admin.listOffsets(wanted).all().get().forEach((partition, end) -> lags.merge(partition.topic(),
                Math.max(0, end.offset() - from.getOrDefault(partition, end.offset())), Long::sum));
        lanes.values().forEach(lane -> lane.lag(lags.getOrDefault(lane.topic(), 0L)));
        return committed;
    }

    private void delete(Map<TopicPartition, OffsetAndMetadata> committed) throws InterruptedException {
        Map<TopicPartition, RecordsToDelete> delivered = new HashMap<>();
        committed.forEach((partition, offset) -> {
            if (offset.offset() > 0 && !Long.valueOf(offset.offset()).equals(deleted.get(partition))) {
                delivered.put(partition, RecordsToDelete.beforeOffset(offset.offset()));
            }
        });
        if (delivered.isEmpty()) {
            return;
        }
        try {
            admin.deleteRecords(delivered).all().get();
            committed.forEach((partition, offset) -> deleted.put(partition, offset.offset()));
        } catch (ExecutionException e) {
            tell("What is delivered can't be deleted from Kafka's topics, they grow", e.getCause());
        }
    }

    @PreDestroy
    synchronized void close() {
        if (scheduler != null) {
            scheduler.shutdownNow();
        }
        if (admin != null) {
            admin.close(Duration.ofSeconds(1));
        }
    }
}
