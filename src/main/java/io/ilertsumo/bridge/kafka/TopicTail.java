package io.ilertsumo.bridge.kafka;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/**
 * Reads a topic of one partition from its beginning, and goes on with what is written to it, on a thread of its own.
 * Thread-safe.
 */
final class TopicTail implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final KafkaLanes lanes;
    private final TopicPartition partition;
    private final long newest;
    private final Reader reader;
    private final Thread thread;
    private final Queue<CompletableFuture<Void>> asked = new ConcurrentLinkedQueue<>();
    private volatile Consumer<String, byte[]> consumer;
    private volatile boolean open = true;
    private volatile boolean caughtUp;

    /** What is done with the records, on the thread of the tail. */
    interface Reader {

        /** It is read from the beginning again. */
        void reset();

        void read(ConsumerRecord<String, byte[]> record);
    }

    /**
     * @param name   of the topic, without what all topics begin with
     * @param newest how many of the newest records are read at least if there are more
     */
    TopicTail(KafkaLanes lanes, String name, long newest, Reader reader) {
        this.lanes = lanes;
        this.partition = new TopicPartition(lanes.clients().topic(name), 0);
        this.newest = newest;
        this.reader = reader;
        this.thread = new Thread(this::run, "kafka-" + name);
    }

    void start() {
        thread.start();
    }

    /** Whether all was read that was there at the start. */
    boolean isCaughtUp() {
        return caughtUp;
    }

    /** Waits until all is read that was acknowledged before the call. */
    void awaitCaughtUp() throws IOException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        asked.add(done);
        Consumer<String, byte[]> running = consumer;
        if (running != null) {
            running.wakeup();
        }
        try {
            done.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Interrupted", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("The Kafka topic " + partition.topic() + " can't be read", e);
        }
    }

    private void run() {
        while (open) {
            try {
                if (lanes.isThere(partition.topic())) {
                    follow();
                } else {
                    Thread.sleep(100);
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                lanes.tell("The Kafka topic " + partition.topic() + " can't be read, tried again", e);
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow() {
        Consumer<String, byte[]> opened = lanes.clients().consumer(Map.of());
        try {
            List<TopicPartition> all = List.of(partition);
            opened.assign(all);
            long end = opened.endOffsets(all, PATIENCE).get(partition);
            opened.seek(partition, Math.max(opened.beginningOffsets(all, PATIENCE).get(partition), end - newest));
            reader.reset();
            consumer = opened;
            List<CompletableFuture<Void>> waiting = new ArrayList<>();
            while (open) {
                try {
                    for (ConsumerRecord<String, byte[]> record : opened.poll(Duration.ofSeconds(1))) {
                        reader.read(record);
                    }
                } catch (WakeupException e) {
                    // somebody asks
                }
                if (!asked.isEmpty()) {
                    for (CompletableFuture<Void> one = asked.poll(); one != null; one = asked.poll()) {
                        waiting.add(one);
                    }
                    end = Math.max(end, ask(() -> opened.endOffsets(all, PATIENCE).get(partition)));
                }
                if ((!caughtUp || !waiting.isEmpty()) && ask(() -> opened.position(partition)) >= end) {
                    caughtUp = true;
                    waiting.forEach(one -> one.complete(null));
                    waiting.clear();
                }
            }
        } finally {
            consumer = null;
            opened.close(CloseOptions.timeout(Duration.ZERO));
        }
    }

    /** What the consumer answers, whoever wakes it meanwhile. */
    private static long ask(LongSupplier question) {
        while (true) {
            try {
                return question.getAsLong();
            } catch (WakeupException e) {
                // somebody else asks
            }
        }
    }

    @Override
    public void close() {
        open = false;
        Consumer<String, byte[]> running = consumer;
        if (running != null) {
            running.wakeup();
        }
        thread.interrupt();
    }
}
