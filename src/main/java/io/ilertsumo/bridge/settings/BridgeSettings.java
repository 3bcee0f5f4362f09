package io.ilertsumo.bridge.settings;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithName;

/**
 * The settings {@code bridge.*}. What each means stands in {@code docs/settings.md}; those that only routes read are
 * here, too, so that a wrong one is found before anything starts. What Camel reads as a time is text here, since a
 * number without a unit would be seconds to Quarkus and milliseconds to Camel.
 */
@ConfigMapping(prefix = "bridge")
public interface BridgeSettings {

    @WithName("secrets.dir")
    Optional<Path> secretsDir();

    MemorySize maxBodySize();

    @WithName("receive.max-bytes")
    MemorySize receiveMaxBytes();

    @WithName("receive.timeout")
    Duration receiveTimeout();

    @WithName("receive.max-per-second")
    int receiveMaxPerSecond();

    int retryAfter();

    String dropGroups();

    String redact();

    String redactMode();

    Optional<String> redactKey();

    @WithName("routes.dir")
    Optional<Path> routesDir();

    Lanes lanes();

    KafkaSettings kafka();

    @WithName("outbox.directory")
    Path outboxDirectory();

    @WithName("outbox.max-events")
    long outboxMaxEvents();

    @WithName("outbox.max-bytes")
    long outboxMaxBytes();

    @WithName("outbox.min-free-disk")
    long outboxMinFreeDisk();

    @WithName("idempotency.keys")
    int idempotencyKeys();

    @WithName("idempotency.period")
    String idempotencyPeriod();

    @WithName("dead-letters.max")
    long deadLettersMax();

    @WithName("dead-letters.max-bytes")
    long deadLettersMaxBytes();

    @WithName("dead-letters.max-age")
    String deadLettersMaxAge();

    @WithName("batch.max-events")
    int batchMaxEvents();

    @WithName("batch.max-bytes")
    int batchMaxBytes();

    @WithName("express.linger")
    String expressLinger();

    @WithName("bulk.linger")
    String bulkLinger();

    @WithName("express.max-requests-per-second")
    int expressMaxRequestsPerSecond();

    @WithName("express.min-requests-per-second")
    int expressMinRequestsPerSecond();

    @WithName("bulk.max-requests-per-second")
    int bulkMaxRequestsPerSecond();

    @WithName("bulk.min-requests-per-second")
    int bulkMinRequestsPerSecond();

    double requestsPerSecondIncrease();

    @WithName("retry.delay")
    Duration retryDelay();

    @WithName("retry.max-delay")
    Duration retryMaxDelay();

    @WithName("retry.max-retry-after")
    Duration retryMaxRetryAfter();

    @WithName("retry.misconfigured-after")
    int retryMisconfiguredAfter();

    int maxRefusedInARow();

    /** Source categories by group. */
    Map<String, String> category();

    @WithName("report.period")
    String reportPeriod();

    @WithName("report.category")
    String reportCategory();

    @WithName("management.username")
    String managementUsername();

    @WithName("management.password")
    Optional<String> managementPassword();

    /** Where events wait for their delivery. */
    enum Lanes {
        OUTBOX, KAFKA;

        /** Where their routes stand in a folder of routes. */
        public String routes() {
            return "lanes/" + name().toLowerCase(Locale.ROOT) + ".camel.yaml";
        }
    }
}
