package io.ilertsumo.bridge.settings;

import java.util.Optional;

import io.smallrye.config.ConfigMapping;

/** The settings {@code sumologic.*}: where events go. What each means stands in {@code docs/settings.md}. */
@ConfigMapping(prefix = "sumologic")
public interface SumoLogicSettings {

    /** Without it the bridge does not start. A secret, since it may hold the token. */
    Optional<String> url();

    Optional<String> token();

    String category();

    String name();

    String host();

    Compression compression();

    int connections();

    int connectTimeout();

    int responseTimeout();

    /** How batches are compressed. */
    enum Compression {
        GZIP, DEFLATE, NONE
    }
}
