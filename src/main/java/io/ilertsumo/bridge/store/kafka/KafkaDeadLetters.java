package io.ilertsumo.bridge.store.kafka;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

import org.apache.camel.util.StringHelper;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.AgeCheck;
import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.log.LogLimit;
import io.ilertsumo.bridge.settings.BridgeSettings;

/**
 * Keeps dead letters in a compacted topic, which all processes share and {@link KafkaStore} creates. One thread runs all
 * operations. Each first reads on up to the end of the topic, and so has seen all that was acknowledged before. Every two
 * seconds the thread counts and evicts.
 */
public final class KafkaDeadLetters implements DeadLetterStore, AutoCloseable {

    static final String TOPIC = "dead-letters";

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final long UPDATE_MILLIS = 2000;
    /** Characters of a detail and of an answer: a record has room for both. */
    private static final int MAX_TEXT = 2000;
    private static final Logger LOG = LoggerFactory.getLogger(KafkaDeadLetters.class);

    private final KafkaClients clients;
    private final BridgeSettings settings;
    private final TopicPartition partition;
    private final RecordWriter writer;
    private final LogLimit limit = new LogLimit();
    private final AtomicLong evicted = new AtomicLong();
    private final ScheduledExecutorService thread = Executors
            .newSingleThreadScheduledExecutor(task -> new Thread(task, "kafka-dead-letters"));
    private volatile long count;
    // of the thread
    /** Replaced by tests. */
    volatile AgeCheck age = new AgeCheck(System.currentTimeMillis(), System.nanoTime());
    private final DeadLetterIndex index = new DeadLetterIndex();
    private Consumer<String, byte[]> consumer;
    private long next;
    private long readNanos = System.nanoTime();
    private CompletionException unreadable;
    private CompletableFuture<Void> eviction = CompletableFuture.completedFuture(null);

    public KafkaDeadLetters(KafkaClients clients, BridgeSettings settings) {
        this.clients = clients;
        this.settings = settings;
        partition = new TopicPartition(clients.topic(TOPIC), 0);
        writer = new RecordWriter(clients::deadLetterProducer, Runnable::run);
        thread.scheduleWithFixedDelay(this::update, 0, UPDATE_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void keep(DeadLetter.Content content, StoreCallback callback) {
        writer.callBack(afterReading(() -> writer.write(letter(content))).thenCompose(written -> written), callback);
    }

    private ProducerRecord<String, byte[]> letter(DeadLetter.Content content) {
        Objects.requireNonNull(content.reason(), "A dead letter needs a reason");
        Objects.requireNonNull(content.body(), "A dead letter needs a body");
        String key = HexFormat.of().formatHex(content.key());
        DeadLetter before = index.of(key);
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        ProducerRecord<String, byte[]> letter = new ProducerRecord<>(partition.topic(), 0, now.toEpochMilli(),
                key + "/" + UUID.randomUUID(), content.body());
        Headers headers = letter.headers();
        KafkaHeaders.put(headers, "attempts", before == null ? 1 : before.attempts() + 1);
        KafkaHeaders.put(headers, "first", before == null ? now : before.first());
        KafkaHeaders.put(headers, "reason", content.reason());
        KafkaHeaders.put(headers, "detail", StringHelper.limitLength(content.detail(), MAX_TEXT));
        KafkaHeaders.put(headers, "status", content.status());
        KafkaHeaders.put(headers, "answer", StringHelper.limitLength(content.answer(), MAX_TEXT));
        KafkaHeaders.put(headers, KafkaHeaders.EVENT_ID, content.eventId());
        KafkaHeaders.put(headers, "eventType", content.eventType());
        KafkaHeaders.put(headers, "lane", content.lane());
        KafkaHeaders.put(headers, KafkaHeaders.GROUP, content.group());
        KafkaHeaders.put(headers, "encoding", content.encoding());
        return letter;
    }

    @Override
    public void discard(List<Long> ids, StoreCallback callback) {
        writer.callBack(afterReading(() -> delete(ids.stream().flatMap(index::keys).toList()))
                .thenCompose(written -> written), callback);
    }

    private CompletableFuture<Void> delete(List<String> keys) {
        return CompletableFuture.allOf(
                keys.stream().map(key -> writer.write(new ProducerRecord<>(partition.topic(), 0, key, null)))
                        .toArray(CompletableFuture[]::new));
    }

    @Override
    public List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) throws StoreException {
        return await(afterReading(() -> index.list(filter, after, limit)));
    }

    @Override
    public Optional<DeadLetter> get(long id) throws StoreException {
        return await(afterReading(() -> index.key(id) == null ? Optional.empty() : body(id - 1)));
    }

    private static <T> T await(CompletableFuture<T> result) throws StoreException {
        try {
            return result.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof StoreException failure) {
                throw failure;
            }
            throw e;
        }
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public long evicted() {
        return evicted.get();
    }

    /** Runs an action on the thread, once all is read that was acknowledged before the call. */
    private <T> CompletableFuture<T> afterReading(Supplier<T> action) {
        long asked = System.nanoTime();
        try {
            return CompletableFuture.supplyAsync(() -> readAndRun(asked, action), thread);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private <T> T readAndRun(long asked, Supplier<T> action) {
        try {
            writer.open();
            // one read is enough for all operations that have waited for it
            if (readNanos - asked <= 0) {
                readNanos = System.nanoTime();
                read();
                unreadable = null;
            } else if (unreadable != null) {
                throw unreadable;
            }
            return action.get();
        } catch (KafkaException e) {
            closeConsumer();
            unreadable = new CompletionException(
                    new StoreException("The Kafka topic " + partition.topic() + " can't be read: "
                            + KafkaClients.reason(KafkaClients.withRight("READ", e)), e));
            throw unreadable;
        }
    }

    private void read() {
        if (consumer == null) {
            consumer = clients.deadLetterConsumer();
            consumer.assign(List.of(partition));
            consumer.seek(partition, next);
        }
        long end = consumer.endOffsets(List.of(partition)).get(partition);
        if (end < next) {
            // the topic was created again
            index.clear();
            next = 0;
            consumer.seek(partition, next);
        }
        while (next < end) {
            for (ConsumerRecord<String, byte[]> one : poll()) {
                try {
                    index.read(one);
                } catch (RuntimeException e) {
                    LOG.warn("Record {} of the Kafka topic {} is no dead letter, it is ignored", one.offset(),
                            one.topic());
                }
            }
            next = consumer.position(partition);
        }
        count = index.size();
    }

    /** Returns the next records; none if there are none before the next position. */
    private ConsumerRecords<String, byte[]> poll() {
        long before = consumer.position(partition);
        ConsumerRecords<String, byte[]> records = consumer.poll(TIMEOUT);
        if (consumer.position(partition) == before) {
            throw new TimeoutException("no answer within " + TIMEOUT.toSeconds() + " seconds");
        }
        return records;
    }

    private Optional<DeadLetter> body(long offset) {
        consumer.seek(partition, offset);
        ConsumerRecords<String, byte[]> records = poll();
        consumer.seek(partition, next);
        // compaction may have removed it, then the first record is another one
        return records.records(partition).stream().limit(1).filter(one -> one.offset() == offset)
                .map(one -> DeadLetterIndex.letter(one, one.value())).findFirst();
    }

    private void update() {
        try {
            Instant now = Instant.now();
            List<DeadLetterIndex.Entry> beyond = readAndRun(System.nanoTime(),
                    () -> index.beyond(settings.deadLettersMax(), settings.deadLettersMaxBytes().asLongValue(),
                            age.isDue(now.toEpochMilli(), System.nanoTime())
                                    ? now.minus(settings.deadLettersMaxAge())
                                    : Instant.MIN));
            // reads must not wait for brokers that do not acknowledge
            if (eviction.isDone()) {
                List<String> keys = new ArrayList<>(index.replaced);
                beyond.forEach(entry -> keys.add(entry.key()));
                eviction = delete(keys).whenComplete((done, failure) -> evicted(beyond, failure));
            }
        } catch (RuntimeException | Error e) {
            // whatever the error, the thread must continue
            evicted(List.of(), e);
        }
    }

    private void evicted(List<DeadLetterIndex.Entry> beyond, Throwable failure) {
        if (failure != null && limit.count("") > 0) {
            LOG.warn("Dead letters can't be counted and evicted, trying again every two seconds: {}",
                    KafkaClients.reason(failure));
        } else if (failure == null && !beyond.isEmpty()) {
            evicted.addAndGet(beyond.size());
            LOG.warn("Evicted the oldest {} dead letters, up to number {}: a bound was reached", beyond.size(),
                    beyond.get(beyond.size() - 1).letter().id());
        }
    }

    private void closeConsumer() {
        if (consumer != null) {
            consumer.close(CloseOptions.timeout(Duration.ZERO));
            consumer = null;
        }
    }

    @Override
    public void close() {
        if (!thread.isShutdown()) {
            CompletableFuture<Void> closed = CompletableFuture.runAsync(this::closeConsumer, thread);
            thread.shutdown();
            closed.join();
            writer.close();
        }
    }
}
