package io.ilertsumo.bridge.store.kafka;

import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

import org.apache.kafka.common.security.auth.SecurityProtocol;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.KafkaSettings;
import io.ilertsumo.bridge.settings.SumoLogicSettings;
import io.quarkus.runtime.configuration.MemorySize;

/** The settings of a store for tests, by the names of their methods. */
final class TestSettings {

    private final Map<String, Object> values = new HashMap<>(Map.of(
            "topicPrefix", "test-",
            "partitions", 2,
            "replicationFactor", (short) -1,
            "timeout", Duration.ofSeconds(5),
            "maxEvents", 1000L,
            "securityProtocol", SecurityProtocol.PLAINTEXT,
            "saslMechanism", "SCRAM-SHA-512"));

    TestSettings() {
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

    BridgeSettings bridge() {
        values.put("kafka", as(KafkaSettings.class));
        return as(BridgeSettings.class);
    }

    KafkaClients clients() {
        return new KafkaClients(bridge(), as(SumoLogicSettings.class));
    }

    private <T> T as(Class<T> type) {
        return type
                .cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{ type }, (proxy, method, none) -> {
                    Object value = values.get(method.getName());
                    return method.getReturnType() == Optional.class ? Optional.ofNullable(value) : value;
                }));
    }
}
