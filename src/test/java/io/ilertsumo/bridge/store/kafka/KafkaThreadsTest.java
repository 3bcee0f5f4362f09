package io.ilertsumo.bridge.store.kafka;

import static org.awaitility.Awaitility.await;

import java.util.concurrent.atomic.AtomicInteger;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** Whatever is thrown on them, the threads of the store go on. */
class KafkaThreadsTest {

    private final AtomicInteger calls = new AtomicInteger();
    private final BridgeSettings settings = new TestSettings("localhost:1").bridge();
    private final MockTopics clients = new MockTopics(1) {
        @Override
        Admin admin() {
            calls.incrementAndGet();
            throw new OutOfMemoryError("on purpose");
        }

        @Override
        Consumer<String, byte[]> deadLetterConsumer() {
            calls.incrementAndGet();
            throw new OutOfMemoryError("on purpose");
        }
    };

    @Test
    void topicsAreCheckedAgain() {
        KafkaStore store = new KafkaStore(clients, settings, Runnable::run, new SimpleMeterRegistry());
        await().until(() -> calls.get() > 1);
        store.close();
    }

    @Test
    void deadLettersAreCountedAgain() {
        KafkaDeadLetters letters = new KafkaDeadLetters(clients, settings);
        await().until(() -> calls.get() > 1);
        letters.close();
    }
}
