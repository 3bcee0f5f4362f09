package io.ilertsumo.bridge.settings;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;

/** The settings {@code sumologic.*}: the HTTP source and its metadata. {@code docs/settings.md} describes each. */
@RegisterForReflection
@ConfigMapping(prefix = "sumologic")
public interface SumoLogicSettings {

    /** Required. A secret, since it may hold the token. */
    Optional<String> url();

    /** A secret. */
    Optional<String> token();

    /** PEM. */
    Optional<Path> ca();

    /** {@code none} for no proxy. A secret, since it may hold a password. */
    Optional<String> proxy();

    String category();

    String name();

    String host();

    Compression compression();

    @Range(min = "1", max = "64")
    int connections();

    @WithConverter(DurationConverter.class)
    @Range(min = "10ms", max = "10m")
    Duration connectTimeout();

    @WithConverter(DurationConverter.class)
    @Range(min = "100ms", max = "10m")
    Duration responseTimeout();

    /** How batches are compressed. */
    enum Compression {
        GZIP, DEFLATE, ZSTD, NONE
    }
}
