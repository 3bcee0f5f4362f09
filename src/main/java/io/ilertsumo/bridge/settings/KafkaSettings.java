package io.ilertsumo.bridge.settings;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

import org.apache.kafka.common.security.auth.SecurityProtocol;

/** The settings {@code bridge.kafka.*}: lanes over Kafka. What each means stands in {@code docs/settings.md}. */
public interface KafkaSettings {

    /** Required where the lanes are over Kafka. */
    Optional<String> brokers();

    String topicPrefix();

    int partitions();

    short replicationFactor();

    Duration timeout();

    long maxEvents();

    SecurityProtocol securityProtocol();

    String saslMechanism();

    Optional<String> username();

    /** A secret. */
    Optional<String> password();

    Optional<String> oauthTokenUrl();

    Optional<String> oauthScope();

    Optional<Path> ca();

    Optional<Path> certificate();

    Optional<Path> key();
}
