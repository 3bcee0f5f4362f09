package io.ilertsumo.bridge.store.kafka;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

import io.ilertsumo.bridge.testing.KafkaBroker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** A broker of the test's own, and stores in topics of their own, which are closed after each test. */
abstract class KafkaFixture {

    static KafkaBroker broker;
    private static ExecutorService executor;

    final String prefix = "test-" + UUID.randomUUID() + "-";
    final TestSettings settings = new TestSettings(broker.brokers()).with("kafkaTopicPrefix", prefix);
    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeAll
    static void start() {
        broker = KafkaBroker.start();
        executor = Executors.newSingleThreadExecutor(task -> new Thread(task, "callbacks"));
    }

    @AfterAll
    static void stop() {
        broker.close();
        executor.shutdown();
    }

    @AfterEach
    void close() throws Exception {
        if (!broker.isRunning()) {
            broker.startAgain();
        }
        closeStores();
    }

    void closeStores() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
        opened.clear();
    }

    <T extends AutoCloseable> T opened(T closeable) {
        opened.add(closeable);
        return closeable;
    }

    KafkaStore newStore() {
        return opened(new KafkaStore(settings.clients(), settings.bridge(), executor, registry));
    }

    /** A store whose topics are there. */
    KafkaStore openStore() {
        KafkaStore store = newStore();
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertDoesNotThrow(store::check));
        return store;
    }

    KafkaDeadLetters openDeadLetters() {
        return opened(new KafkaDeadLetters(settings.clients(), settings.bridge()));
    }
}
