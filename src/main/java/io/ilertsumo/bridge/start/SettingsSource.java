package io.ilertsumo.bridge.start;

import java.util.Map;

import jakarta.inject.Singleton;

import org.apache.camel.Ordered;
import org.apache.camel.spi.PropertiesSource;
import org.eclipse.microprofile.config.ConfigProvider;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.SumoLogicSettings;
import io.quarkus.arc.Unremovable;

/**
 * Resolves placeholders in routes from the settings, in units that Camel reads. Camel's own source does not convert, and
 * loads all properties for each placeholder, which takes two fifths of a start.
 */
@Singleton
@Unremovable
public class SettingsSource implements PropertiesSource, Ordered {

    private final Map<String, Object> converted;

    SettingsSource(BridgeSettings bridge, SumoLogicSettings sumoLogic) {
        converted = Map.of("bridge.batch.max-bytes", bridge.batchMaxBytes().asBigInteger(),
                "bridge.report.period", bridge.reportPeriod().toMillis(),
                "sumologic.connect-timeout", sumoLogic.connectTimeout().toMillis(),
                "sumologic.response-timeout", sumoLogic.responseTimeout().toMillis());
    }

    @Override
    public String getName() {
        return "settings";
    }

    @Override
    public String getProperty(String name) {
        Object value = converted.get(name);
        return value != null
                ? value.toString()
                : ConfigProvider.getConfig().getOptionalValue(name, String.class).orElse(null);
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST;
    }
}
