package io.ilertsumo.bridge.store.kafka;

import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.SumoLogicSettings;
import io.quarkus.runtime.configuration.MemorySize;

/** The settings of a store for tests, by the names of their methods. */
final class TestSettings {

    private final Map<String, Object> values = new HashMap<>(Map.of(
            "kafkaTopicPrefix", "test-",
            "kafkaPartitions", 2,
            "kafkaReplicationFactor", (short) -1,
            "kafkaTimeout", Duration.ofSeconds(5),
            "kafkaMaxEvents", 1000L));
    private final Map<String, Object> properties = new HashMap<>();

    TestSettings(String brokers) {
        properties.put("bootstrap.servers", brokers);
        values.put("maxBodySize", size(1_000_000));
        values.put("deadLettersMax", 1000L);
        values.put("deadLettersMaxBytes", size(10_000_000));
        values.put("deadLettersMaxAge", Duration.ofDays(30));
        values.put("connectTimeout", Duration.ofSeconds(5));
        values.put("responseTimeout", Duration.ofSeconds(30));
    }

    static MemorySize size(long bytes) {
        return new MemorySize(BigInteger.valueOf(bytes));
    }

    TestSettings with(String name, Object value) {
        values.put(name, value);
        return this;
    }

    /** Sets a property of Kafka's clients. */
    TestSettings withProperty(String name, Object value) {
        properties.put(name, value);
        return this;
    }

    BridgeSettings bridge() {
        return as(BridgeSettings.class);
    }

    SumoLogicSettings sumoLogic() {
        return as(SumoLogicSettings.class);
    }

    KafkaClients clients() {
        return new KafkaClients(properties, bridge(), sumoLogic());
    }

    private <T> T as(Class<T> type) {
        return type
                .cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{ type }, (proxy, method, none) -> {
                    Object value = values.get(method.getName());
                    return method.getReturnType() == Optional.class ? Optional.ofNullable(value) : value;
                }));
    }
}
