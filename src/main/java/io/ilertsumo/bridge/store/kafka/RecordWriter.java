package io.ilertsumo.bridge.store.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;

import io.ilertsumo.bridge.event.EventTooLargeException;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;

/** Writes records. Thread-safe, except {@link #open()}, {@link #probe} and {@link #close()}. */
final class RecordWriter implements AutoCloseable {

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    private final Supplier<Producer<String, byte[]>> producers;
    private final Executor executor;
    private volatile Producer<String, byte[]> producer;
    private volatile boolean broken;
    /** Where a write failed, and why, until one is acknowledged there. */
    private final Map<TopicPartition, String> failing = new ConcurrentHashMap<>();
    private CompletableFuture<Void> probes = CompletableFuture.completedFuture(null);

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

    /** Why a write to the topic is expected to fail; {@code null} if it is not. */
    String failure(String topic) {
        return failing.entrySet().stream().filter(entry -> entry.getKey().topic().equals(topic))
                .map(Map.Entry::getValue).findAny().orElse(null);
    }

    /** Writes an empty record, which no consumer delivers, to each of the existing partitions where a write failed. */
    void probe(Collection<TopicPartition> existing) {
        failing.keySet().removeIf(at -> at.partition() >= 0 && !existing.contains(at));
        if (probes.isDone()) {
            probes = CompletableFuture.allOf(failing.keySet().stream()
                    .map(at -> write(
                            new ProducerRecord<>(at.topic(), at.partition() < 0 ? null : at.partition(), null, null)))
                    .toArray(CompletableFuture[]::new));
        }
    }

    /** Writes a record. Fails with an {@link EventTooLargeException} or a {@link StoreException}. */
    CompletableFuture<Void> write(ProducerRecord<String, byte[]> written) {
        CompletableFuture<Void> acknowledged = new CompletableFuture<>();
        Producer<String, byte[]> used = producer;
        try {
            used.send(written, (metadata, failure) -> complete(acknowledged, used, at(written, metadata), failure));
        } catch (RuntimeException e) {
            complete(acknowledged, used, at(written, null), e);
        }
        return acknowledged;
    }

    /** The partition is negative if none was chosen. */
    private static TopicPartition at(ProducerRecord<?, ?> written, RecordMetadata metadata) {
        return new TopicPartition(written.topic(),
                metadata == null ? RecordMetadata.UNKNOWN_PARTITION : metadata.partition());
    }

    private void complete(CompletableFuture<Void> acknowledged, Producer<String, byte[]> used, TopicPartition at,
            Exception failure) {
        String topic = at.topic();
        if (failure == null) {
            failing.keySet().removeIf(one -> one.equals(at)
                    || one.topic().equals(topic) && one.partition() == RecordMetadata.UNKNOWN_PARTITION);
            acknowledged.complete(null);
        } else if (failure instanceof RecordTooLargeException) {
            acknowledged.completeExceptionally(
                    new EventTooLargeException("The event is larger than the Kafka topic " + topic + " accepts"));
        } else {
            // such as a missing permission: an idempotent producer may never write again
            broken |= used == producer && failure instanceof KafkaException && !(failure instanceof RetriableException);
            String reason = KafkaClients.reason(KafkaClients.withRight("WRITE", failure));
            if (failure instanceof KafkaException) {
                failing.put(at, "the last write failed: " + reason);
            }
            acknowledged.completeExceptionally(
                    new StoreException("Not written to the Kafka topic " + topic + ": " + reason, failure));
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
