package io.ilertsumo.bridge.start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;

import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.DurationConverter;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.WithConverter;

/** A failed start has a reason in one line. */
class MainTest {

    @ConfigMapping(prefix = "bridge")
    interface Lingers {

        @WithConverter(DurationConverter.class)
        Duration bulkLinger();

        int batchMaxEvents();
    }

    @Test
    void aValueOfTheWrongTypeIsNamedByItsEnvironmentVariable() {
        ConfigValidationException failure = assertThrows(ConfigValidationException.class,
                () -> new SmallRyeConfigBuilder().withMapping(Lingers.class).withSources(new PropertiesConfigSource(
                        Map.of("bridge.bulk-linger", "30", "bridge.batch-max-events", "many"), "test", 100)).build());

        assertEquals(
                "BRIDGE_BATCH_MAX_EVENTS: Expected an integer value, got \"many\". BRIDGE_BULK_LINGER: '30' is not "
                        + "a duration with a unit, such as 250ms, 30s, 5m, 24h or 30d",
                String.join(". ", java.util.stream.Stream.of(Main.reason(new RuntimeException(failure))
                        .split("\\. ")).sorted().toList()));
    }

    @Test
    void aStoreThatDoesNotOpenIsTheReasonAlone() {
        assertEquals("BRIDGE_OUTBOX_DIRECTORY can't be written",
                Main.reason(new IllegalStateException("Failed to start application",
                        new StoreException("BRIDGE_OUTBOX_DIRECTORY can't be\n written"))));
    }

    @Test
    void aBugHasNoReason() {
        assertNull(Main.reason(new IllegalStateException("x", new NullPointerException())));
    }

    @Test
    void aStepThatNeedsFieldsIsAMistakeInAFile() throws Exception {
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            Exception failure = assertThrows(UnsupportedOperationException.class,
                    () -> PluginHelper.getRoutesLoader(context).loadRoutes(ResourceHelper.fromString("x.camel.yaml",
                            "- from:\n    uri: timer:x\n    steps:\n      - wireTap: direct:x\n")));

            assertTrue(Main.reason(new IllegalStateException(failure)).startsWith("A route file has a step"));
        }
    }
}
