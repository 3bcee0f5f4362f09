package io.ilertsumo.bridge.settings;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithName;

/**
 * The settings {@code bridge.*}. {@code docs/settings.md} describes each; those that only routes read are here too, so
 * that a wrong value stops the start.
 */
@RegisterForReflection
@ConfigMapping(prefix = "bridge")
public interface BridgeSettings {

    @WithName("secrets.dir")
    Optional<Path> secretsDir();

    @Range(min = "1KB", max = "16MB")
    MemorySize maxBodySize();

    /** 0: an eighth of the heap. */
    @WithName("receive.max-bytes")
    @Range(min = "0", max = "1TB")
    MemorySize receiveMaxBytes();

    @WithName("receive.timeout")
    @WithConverter(DurationConverter.class)
    @Range(min = "100ms", max = "1h")
    Duration receiveTimeout();

    /** 0: no limit. */
    @WithName("receive.max-per-second")
    @Range(min = "0", max = "1000000")
    int receiveMaxPerSecond();

    /** Threads that run the routes of webhook calls. */
    @WithName("receive.threads")
    @Range(min = "1", max = "256")
    int receiveThreads();

    /** A list separated by commas, or {@code none}. */
    String dropGroups();

    /** A list of paths separated by commas, or {@code none}. */
    String redact();

    RedactMode redactMode();

    /** A secret. */
    Optional<String> redactKey();

    @WithName("routes.dir")
    Optional<Path> routesDir();

    /** Whether an edit of that directory is loaded without a restart. */
    @WithName("routes.reload")
    boolean routesReload();

    Store store();

    @WithName("kafka.topic-prefix")
    String kafkaTopicPrefix();

    @WithName("kafka.partitions")
    @Range(min = "1", max = "10000")
    int kafkaPartitions();

    /** -1: the brokers' default. */
    @WithName("kafka.replication-factor")
    @Range(min = "-1", max = "100")
    short kafkaReplicationFactor();

    /** At least 100 ms, beyond what a producer lingers. */
    @WithName("kafka.timeout")
    @WithConverter(DurationConverter.class)
    @Range(min = "100ms", max = "10m")
    Duration kafkaTimeout();

    @WithName("kafka.max-events")
    @Range(min = "1", max = "1000000000000")
    long kafkaMaxEvents();

    @WithName("outbox.directory")
    Path outboxDirectory();

    @WithName("outbox.max-events")
    @Range(min = "1", max = "1000000000000")
    long outboxMaxEvents();

    @WithName("outbox.max-bytes")
    @Range(min = "1KB", max = "1000TB")
    MemorySize outboxMaxBytes();

    @WithName("outbox.min-free-disk")
    @Range(min = "0", max = "1000TB")
    MemorySize outboxMinFreeDisk();

    @WithName("idempotency.keys")
    @Range(min = "0", max = "50000000")
    int idempotencyKeys();

    @WithName("idempotency.period")
    @WithConverter(DurationConverter.class)
    @Range(min = "0", max = "3650d")
    Duration idempotencyPeriod();

    @WithName("dead-letters.max")
    @Range(min = "1", max = "10000000")
    long deadLettersMax();

    @WithName("dead-letters.max-bytes")
    @Range(min = "1KB", max = "1000TB")
    MemorySize deadLettersMaxBytes();

    @WithName("dead-letters.max-age")
    @WithConverter(DurationConverter.class)
    @Range(min = "1h", max = "3650d")
    Duration deadLettersMaxAge();

    @WithName("batch.max-events")
    @Range(min = "1", max = "100000")
    int batchMaxEvents();

    @WithName("batch.max-bytes")
    @Range(min = "1KB", max = "1000000")
    MemorySize batchMaxBytes();

    @WithName("bulk.linger")
    @WithConverter(DurationConverter.class)
    @Range(min = "0", max = "1h")
    Duration bulkLinger();

    @WithName("express.max-requests-per-second")
    @Range(min = "1", max = "10000")
    int expressMaxRequestsPerSecond();

    @WithName("bulk.max-requests-per-second")
    @Range(min = "1", max = "10000")
    int bulkMaxRequestsPerSecond();

    @WithName("retry.delay")
    @WithConverter(DurationConverter.class)
    @Range(min = "1ms", max = "1h")
    Duration retryDelay();

    @WithName("retry.max-delay")
    @WithConverter(DurationConverter.class)
    @Range(min = "1ms", max = "1d")
    Duration retryMaxDelay();

    @WithName("retry.misconfigured-after")
    @WithConverter(DurationConverter.class)
    @Range(min = "1s", max = "1h")
    Duration retryMisconfiguredAfter();

    Oversized oversized();

    /** Source categories by group. */
    Map<String, String> category();

    /** 0: never. */
    @WithName("report.period")
    @WithConverter(DurationConverter.class)
    @Range(min = "0", max = "1d")
    Duration reportPeriod();

    @WithName("report.category")
    String reportCategory();

    @WithName("management.username")
    String managementUsername();

    /** A secret. */
    @WithName("management.password")
    Optional<String> managementPassword();

    /** Where lanes and dead letters persist. */
    enum Store {
        /** A SQLite file on this machine's disk. */
        OUTBOX,
        /** Topics of Kafka brokers. */
        KAFKA
    }

    /** What becomes of an event that Sumo Logic would slice. */
    enum Oversized {
        /** It is delivered, and arrives in slices. */
        DELIVER,
        /** It is a dead letter. */
        DEAD_LETTER,
        /** Its details are cut so that it fits. */
        SHORTEN
    }

    /** What redaction does with a field. */
    enum RedactMode {
        /** Removes it. */
        REMOVE,
        /** Replaces its value by a hash. */
        HASH
    }
}
