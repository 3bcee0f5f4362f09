package io.ilertsumo.bridge.kafka;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Typed;

import org.apache.camel.util.TimeUtils;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.deadletter.DeadLetterGoneException;
import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.deadletter.DeadLetters;
import io.ilertsumo.bridge.deadletter.Undeliverable;
import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.Outcome;
import io.ilertsumo.bridge.settings.BridgeSettings;

/**
 * The dead letters of all processes, in a compacted topic: a letter is a record with a key of its own, and a record of
 * that key without a value takes it away. So nothing that happens to one letter can happen to another, such as to the
 * next one of the same event. A letter's id is its place in the topic. Each process keeps what the letters are about in
 * memory, not their bodies. Thread-safe.
 */
@ApplicationScoped
@Typed(KafkaDeadLetters.class)
public class KafkaDeadLetters implements DeadLetterStore, TopicTail.Reader {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Logger LOG = LoggerFactory.getLogger(KafkaDeadLetters.class);

    private final KafkaLanes lanes;
    private final TopicPartition partition;
    private final long maxLetters;
    private final long maxBytes;
    private final long maxAgeMillis;
    private final TopicTail tail;
    private final ScheduledExecutorService acknowledgements = Executors
            .newSingleThreadScheduledExecutor(task -> new Thread(task, "kafka-dead-letter-acknowledgements"));
    private final TreeMap<Long, Kept> letters = new TreeMap<>();
    private final Map<String, Kept> byKey = new HashMap<>();
    /** The latest letter of an event, or of a body that is none. */
    private final Map<String, Kept> latest = new HashMap<>();
    /** Letters that were taken away here, until that is read. */
    private final Set<String> gone = new HashSet<>();
    private long bytes;
    private long readUpTo = -1;
    private final AtomicLong dropped = new AtomicLong();
    private Producer<String, byte[]> producer;

    private record Kept(String key, long offset, DeadLetter letter) {

        String content() {
            return key.substring(0, key.indexOf('/'));
        }
    }

    KafkaDeadLetters(KafkaLanes lanes, BridgeSettings settings) {
        this.lanes = lanes;
        this.partition = new TopicPartition(lanes.clients().topic(KafkaLanes.DEAD_LETTERS), 0);
        this.maxLetters = settings.deadLettersMax();
        this.maxBytes = settings.deadLettersMaxBytes();
        this.maxAgeMillis = TimeUtils.toMilliSeconds(settings.deadLettersMaxAge());
        this.tail = new TopicTail(lanes, KafkaLanes.DEAD_LETTERS, Long.MAX_VALUE, this);
    }

    @PostConstruct
    void start() {
        tail.start();
        acknowledgements.scheduleWithFixedDelay(this::dropAged, 1, 60, TimeUnit.MINUTES);
    }

    @PreDestroy
    void close() {
        tail.close();
        synchronized (this) {
            if (producer != null) {
                producer.close(PATIENCE);
            }
        }
        acknowledgements.shutdown();
    }

    @Override
    public void keep(Undeliverable undeliverable, Outcome outcome) {
        String content = HexFormat.of().formatHex(undeliverable.key());
        Kept before;
        synchronized (this) {
            before = latest.get(content);
        }
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        ProducerRecord<String, byte[]> letter = new ProducerRecord<>(partition.topic(), 0, now.toEpochMilli(),
                content + "/" + UUID.randomUUID(), undeliverable.body());
        Headers headers = letter.headers();
        EventHeaders.put(headers, "attempts", before == null ? 1 : before.letter.attempts() + 1);
        EventHeaders.put(headers, "first", before == null ? now : before.letter.first());
        EventHeaders.put(headers, "reason", undeliverable.reason());
        EventHeaders.put(headers, "detail", undeliverable.detail());
        EventHeaders.put(headers, "status", undeliverable.status());
        EventHeaders.put(headers, "answer", undeliverable.answer());
        EventHeaders.put(headers, LaneConstants.EVENT_ID, undeliverable.eventId());
        EventHeaders.put(headers, "eventType", undeliverable.eventType());
        EventHeaders.put(headers, LaneConstants.LANE, undeliverable.lane());
        EventHeaders.put(headers, LaneConstants.GROUP, undeliverable.group());
        EventHeaders.put(headers, "encoding", undeliverable.encoding());
        send(letter, (repeated, failure) -> {
            if (failure == null && before != null) {
                // there is one letter of it, not one for each time
                takeAway(before);
            }
            outcome.done(repeated, failure);
        });
    }

    @Override
    public void discard(long id, Outcome outcome) {
        Kept letter;
        synchronized (this) {
            letter = letters.get(id);
        }
        if (letter == null) {
            acknowledgements.execute(() -> outcome.done(false, new DeadLetterGoneException(id)));
        } else {
            delete(letter, outcome);
        }
    }

    private void delete(Kept letter, Outcome outcome) {
        send(new ProducerRecord<>(partition.topic(), 0, letter.key, null), outcome);
    }

    /** Made when it is needed, so that it may fail then. */
    private synchronized Producer<String, byte[]> producer() {
        if (producer == null) {
            producer = lanes.clients().producer();
        }
        return producer;
    }

    private void send(ProducerRecord<String, byte[]> letter, Outcome outcome) {
        try {
            producer().send(letter, (written, failure) -> acknowledgements.execute(() -> {
                try {
                    if (failure == null) {
                        acknowledged(letter, written.offset(), written.timestamp());
                        dropBeyondBounds();
                    }
                } finally {
                    outcome.done(false, failure);
                }
            }));
        } catch (KafkaException e) {
            acknowledgements.execute(() -> outcome.done(false, e));
        }
    }

    @Override
    public synchronized void reset() {
        letters.clear();
        byKey.clear();
        latest.clear();
        gone.clear();
        bytes = 0;
        readUpTo = -1;
    }

    @Override
    public synchronized void read(ConsumerRecord<String, byte[]> record) {
        readUpTo = record.offset();
        try {
            apply(record.key(), record.offset(), record.headers(), record.timestamp(), record.value());
        } catch (RuntimeException e) {
            LOG.warn("The record {} of the topic {} is no dead letter of a bridge", record.offset(), record.topic());
        }
        if (record.value() == null) {
            gone.remove(record.key());
        }
    }

    /** What this process wrote counts from its acknowledgement on, unless it has been read already. */
    private synchronized void acknowledged(ProducerRecord<String, byte[]> letter, long offset, long at) {
        if (offset > readUpTo) {
            apply(letter.key(), offset, letter.headers(), at, letter.value());
            if (letter.value() == null) {
                gone.add(letter.key());
            }
        }
    }

    private void apply(String key, long offset, Headers headers, long at, byte[] body) {
        if (body == null) {
            forget(byKey.get(key));
        } else if (!byKey.containsKey(key) && !gone.contains(key)) {
            Kept kept = new Kept(key, offset, letter(offset, headers, at, body.length, null));
            latest.put(kept.content(), kept);
            byKey.put(key, kept);
            letters.put(kept.letter.id(), kept);
            bytes += body.length;
        }
    }

    /** Returns whether it was there. */
    private synchronized boolean forget(Kept letter) {
        if (letter == null || letters.remove(letter.letter.id()) == null) {
            return false;
        }
        byKey.remove(letter.key);
        latest.remove(letter.content(), letter);
        bytes -= letter.letter.size();
        return true;
    }

    /** At once in this process, whether or not the brokers take it: if they don't it comes back with the next start. */
    private boolean takeAway(Kept letter) {
        synchronized (this) {
            if (!forget(letter)) {
                return false;
            }
            gone.add(letter.key);
        }
        delete(letter, (repeated, failure) -> {
            if (failure != null) {
                LOG.warn("The dead letter {} can't be deleted: {}", letter.letter.id(), failure.getMessage());
            }
        });
        return true;
    }

    private static DeadLetter letter(long offset, Headers headers, long at, int size, byte[] body) {
        String status = EventHeaders.text(headers, "status");
        return new DeadLetter(offset + 1,
                Integer.parseInt(EventHeaders.text(headers, "attempts")),
                Instant.parse(EventHeaders.text(headers, "first")), Instant.ofEpochMilli(at), size,
                new Undeliverable(EventHeaders.text(headers, "reason"), EventHeaders.text(headers, "detail"),
                        status == null ? null : Integer.valueOf(status), EventHeaders.text(headers, "answer"),
                        EventHeaders.text(headers, LaneConstants.EVENT_ID), EventHeaders.text(headers, "eventType"),
                        EventHeaders.text(headers, LaneConstants.LANE),
                        EventHeaders.text(headers, LaneConstants.GROUP), EventHeaders.text(headers, "encoding"),
                        body));
    }

    private void dropBeyondBounds() {
        while (true) {
            Kept oldest;
            synchronized (this) {
                if (letters.size() <= maxLetters && (bytes <= maxBytes || letters.size() == 1)) {
                    return;
                }
                oldest = letters.values().stream().min(Comparator.comparing(kept -> kept.letter.last())).orElseThrow();
            }
            drop(oldest);
        }
    }

    private void dropAged() {
        List<Kept> aged;
        synchronized (this) {
            Instant end = Instant.now().minusMillis(maxAgeMillis);
            aged = letters.values().stream().filter(kept -> kept.letter.last().isBefore(end)).toList();
        }
        aged.forEach(this::drop);
    }

    private void drop(Kept letter) {
        if (takeAway(letter)) {
            dropped.incrementAndGet();
            LOG.warn("Threw away the dead letter {} for one of the bounds", letter.letter.id());
        }
    }

    @Override
    public synchronized long kept() {
        return letters.size();
    }

    @Override
    public long dropped() {
        return dropped.get();
    }

    @Override
    public DeadLetters open() throws IOException {
        tail.awaitCaughtUp();
        return new View();
    }

    private synchronized Stream<DeadLetter> letters(DeadLetter.Filter filter, long after) {
        return letters.tailMap(after, false).values().stream().map(Kept::letter).filter(filter::includes).toList()
                .stream();
    }

    private final class View implements DeadLetters {

        private Consumer<String, byte[]> consumer;

        @Override
        public List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) {
            return letters(filter, after).limit(limit).toList();
        }

        @Override
        public List<Long> ids(DeadLetter.Filter filter) {
            return letters(filter, 0).map(DeadLetter::id).toList();
        }

        @Override
        public Optional<DeadLetter> get(long id) throws IOException {
            Kept wanted;
            synchronized (KafkaDeadLetters.this) {
                wanted = letters.get(id);
            }
            if (wanted == null) {
                return Optional.empty();
            }
            try {
                if (consumer == null) {
                    consumer = lanes.clients().consumer(Map.of());
                    consumer.assign(List.of(partition));
                }
                consumer.seek(partition, wanted.offset);
                long end = System.nanoTime() + PATIENCE.toNanos();
                while (System.nanoTime() < end) {
                    for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                        // it has been taken away meanwhile if it is not this
                        return record.offset() != wanted.offset
                                ? Optional.empty()
                                : Optional.of(letter(record.offset(), record.headers(), record.timestamp(),
                                        record.value().length, record.value()));
                    }
                }
                throw new IOException("The dead letter " + id + " can't be read from Kafka in time");
            } catch (KafkaException e) {
                throw new IOException(e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            if (consumer != null) {
                consumer.close(CloseOptions.timeout(Duration.ZERO));
            }
        }
    }
}
