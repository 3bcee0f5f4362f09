package io.ilertsumo.bridge.settings;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

import org.apache.kafka.common.security.auth.SecurityProtocol;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.WithConverter;

/** The settings {@code bridge.kafka.*}, which count where the store is Kafka. {@code docs/settings.md} describes each. */
@RegisterForReflection
public interface KafkaSettings {

    /** Required where the store is Kafka. */
    Optional<String> brokers();

    String topicPrefix();

    @Range(min = "1", max = "10000")
    int partitions();

    /** -1: the brokers' default. */
    @Range(min = "-1", max = "100")
    short replicationFactor();

    /** At least 100 ms, beyond what a producer lingers. */
    @WithConverter(DurationConverter.class)
    @Range(min = "100ms", max = "10m")
    Duration timeout();

    @Range(min = "1", max = "1000000000000")
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
