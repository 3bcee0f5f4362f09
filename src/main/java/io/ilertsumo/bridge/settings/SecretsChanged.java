package io.ilertsumo.bridge.settings;

import org.eclipse.microprofile.config.Config;

/** An event: files have other secrets than before. */
public record SecretsChanged(Config config) {

    /** Returns the value of a setting; empty if it has none. */
    public String value(String setting) {
        return config.getOptionalValue(setting, String.class).orElse("");
    }
}
