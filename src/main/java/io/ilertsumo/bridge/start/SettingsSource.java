package io.ilertsumo.bridge.start;

import jakarta.inject.Singleton;

import org.apache.camel.Ordered;
import org.apache.camel.spi.PropertiesSource;
import org.eclipse.microprofile.config.ConfigProvider;

import io.quarkus.arc.Unremovable;

/**
 * Answers placeholders in routes from the settings. So does Camel's own source, but that one can also be loaded, and
 * for a source that can be, Camel loads all there is for each placeholder that it resolves: two fifths of a start.
 */
@Singleton
@Unremovable
public class SettingsSource implements PropertiesSource, Ordered {

    @Override
    public String getName() {
        return "settings";
    }

    @Override
    public String getProperty(String name) {
        return ConfigProvider.getConfig().getOptionalValue(name, String.class).orElse(null);
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST;
    }
}
