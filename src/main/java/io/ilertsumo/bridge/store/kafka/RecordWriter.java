package io.ilertsumo.bridge.store.kafka;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;

import io.ilertsumo.bridge.event.EventTooLargeException;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;

/** Writes records. Thread-safe, except {@link #open()} and {@link #close()}. */
final class RecordWriter implements AutoCloseable {

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    private final Supplier<Producer<String, byte[]>> producers;
    private final Executor executor;
    private volatile Producer<String, byte[]> producer;
    private volatile boolean broken;

    /** @param executor calls back */
    RecordWriter(Supplier<Producer<String, byte[]>> producers, Executor executor) {
        this.producers = producers;
        this.executor = executor;
    }

    /** Makes the producer: before the first write, and after a failure from which it may not recover. */
    Producer<String, byte[]> open() {
        Producer<String, byte[]> before = producer;
        if (before == null || broken) {
            producer = producers.get();
            broken = false;
            if (before != null) {
                before.close(CLOSE_TIMEOUT);
            }
        }
        return producer;
    }

    /** Writes a record. Fails with an {@link EventTooLargeException} or a {@link StoreException}. */
    CompletableFuture<Void> write(ProducerRecord<String, byte[]> written) {
        CompletableFuture<Void> acknowledged = new CompletableFuture<>();
        Producer<String, byte[]> used = producer;
        try {
            used.send(written, (metadata, failure) -> complete(acknowledged, used, written.topic(), failure));
        } catch (RuntimeException e) {
            complete(acknowledged, used, written.topic(), e);
        }
        return acknowledged;
    }

    private void complete(CompletableFuture<Void> acknowledged, Producer<String, byte[]> used, String topic,
            Exception failure) {
        if (failure == null) {
            acknowledged.complete(null);
        } else if (failure instanceof RecordTooLargeException) {
            acknowledged.completeExceptionally(
                    new EventTooLargeException("The event is larger than the Kafka topic " + topic + " accepts"));
        } else {
            // such as a missing permission: an idempotent producer may never write again
            broken |= used == producer && failure instanceof KafkaException && !(failure instanceof RetriableException);
            acknowledged.completeExceptionally(new StoreException(
                    "Not written to the Kafka topic " + topic + ": " + KafkaClients.reason(failure), failure));
        }
    }

    /** Calls back on the executor. */
    void callBack(CompletableFuture<?> written, StoreCallback callback) {
        written.whenCompleteAsync((done, failure) -> {
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            callback.done(false, cause == null || cause instanceof Exception
                    ? (Exception) cause
                    : new StoreException("A write to Kafka failed: " + cause, cause));
        }, executor);
    }

    /** Closes the producer; its writes have two seconds to complete. */
    @Override
    public void close() {
        if (producer != null) {
            producer.close(CLOSE_TIMEOUT);
        }
    }
}
