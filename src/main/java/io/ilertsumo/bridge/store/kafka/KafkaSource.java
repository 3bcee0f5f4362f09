package io.ilertsumo.bridge.store.kafka;

import static java.util.Comparator.comparing;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.log.LogLimit;
import io.micrometer.core.instrument.Counter;

/**
 * The batches of one lane, from those partitions of its topic that the consumer group assigns to this process.
 *
 * <p>
 * Each partition is committed up to its first pending event. While there is no room for more, or no batch is to be
 * delivered, the partitions are paused and the consumer is polled all the same, so that it stays a member of its group.
 * Partitions are revoked in a poll only, and no poll happens while a batch is delivered.
 */
final class KafkaSource implements BatchSource, ConsumerRebalanceListener {

    /** Duplicates are detected among this many events, and among those that are pending. */
    private static final int DUPLICATE_WINDOW = 10_000;
    private static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(2);
    private static final long COMMIT_RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final Logger LOG = LoggerFactory.getLogger(KafkaSource.class);

    private final KafkaLane lane;
    private final Consumer<String, byte[]> consumer;
    private final Counter duplicates;
    private final int maxEvents;
    private final int maxBytes;
    private final LogLimit limit = new LogLimit();
    private final List<PendingEvent> pending = new ArrayList<>();
    private long pendingBytes;
    /** The number of the last batch of each group. */
    private final Map<String, Long> lastBatches = new HashMap<>();
    private long batches;
    /** Behind the last record that was read. */
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private boolean commitDue;
    private long commitFailedNanos = System.nanoTime() - COMMIT_RETRY_NANOS;
    /** The offsets of the latest events, oldest first. They are pending here, or were delivered from here. */
    private final Map<EventOfPartition, Long> window = new LinkedHashMap<>();

    private record EventOfPartition(TopicPartition partition, String eventKey) {
    }

    private record PendingEvent(TopicPartition partition, long offset, String group, byte[] line, String traceparent,
            long accepted)
            implements
                Batch.Part {
        @Override
        public int events() {
            return 1;
        }
    }

    private record KafkaBatch(String lane, String group, byte[] body, List<PendingEvent> parts) implements Batch {
        @Override
        public int events() {
            return parts.size();
        }

        @Override
        public List<String> traceparents() {
            return parts.stream().map(PendingEvent::traceparent).filter(Objects::nonNull).toList();
        }
    }

    /**
     * @param consumer   closed with the source
     * @param duplicates counts duplicates that are removed
     * @param maxEvents  no more are read while this many are pending here
     * @param maxBytes   no more are read while this many bytes are pending here
     */
    KafkaSource(KafkaLane lane, Consumer<String, byte[]> consumer, Counter duplicates, int maxEvents, int maxBytes) {
        this.lane = lane;
        this.consumer = consumer;
        this.duplicates = duplicates;
        this.maxEvents = maxEvents;
        this.maxBytes = maxBytes;
        consumer.subscribe(List.of(lane.topic), this);
    }

    @Override
    public boolean await(long events, long bytes, long millis) throws StoreException {
        if (pending.size() < events && pendingBytes < bytes && millis > 0) {
            poll(millis, hasRoom());
        }
        return pending.size() >= events || pendingBytes >= bytes;
    }

    @Override
    public void idle(long millis) throws StoreException {
        poll(millis, false);
    }

    @Override
    public long oldest() {
        return lane.oldest;
    }

    @Override
    public Batch next(int batchEvents, int batchBytes) throws StoreException {
        // the consumer stays a member of its group, however fast batches follow each other
        poll(0, hasRoom());
        if (pending.isEmpty()) {
            return null;
        }
        String group = pending.stream().map(PendingEvent::group).distinct()
                .min(comparing(name -> lastBatches.getOrDefault(name, 0L))).orElseThrow();
        List<PendingEvent> parts = new ArrayList<>();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (PendingEvent event : pending) {
            if (event.group.equals(group)) {
                if (!parts.isEmpty()) {
                    if (parts.size() >= batchEvents || body.size() + 1 + event.line.length > batchBytes) {
                        break;
                    }
                    body.write('\n');
                }
                body.writeBytes(event.line);
                parts.add(event);
            }
        }
        return new KafkaBatch(lane.name(), group, body.toByteArray(), parts);
    }

    @Override
    public void acknowledge(Batch batch) {
        lastBatches.put(batch.group(), ++batches);
        pending.removeAll(new HashSet<>(batch.parts()));
        changed();
        commit();
    }

    /** Starts a commit. A poll calls back, and the next batch need not wait for it. */
    private void commit() {
        commitDue = false;
        consumer.commitAsync(due(), this::committed);
    }

    @Override
    public void wake() {
        consumer.wakeup();
    }

    @Override
    public void close() {
        try {
            // revokes the partitions, and so commits
            consumer.close(CloseOptions.timeout(COMMIT_TIMEOUT));
        } catch (KafkaException e) {
            LOG.warn("Lane {}: events may be delivered again, closing failed: {}", lane.name(), KafkaClients.reason(e));
        }
        lane.oldest = 0;
        lane.consumed.set(false);
    }

    private boolean hasRoom() {
        return pending.size() < maxEvents && pendingBytes < maxBytes;
    }

    private void poll(long millis, boolean forMore) throws StoreException {
        if (commitDue && System.nanoTime() - commitFailedNanos >= COMMIT_RETRY_NANOS) {
            commit();
        }
        if (forMore) {
            consumer.resume(consumer.paused());
        } else {
            consumer.pause(consumer.assignment());
        }
        try {
            ConsumerRecords<String, byte[]> records = consumer.poll(Duration.ofMillis(millis));
            records.forEach(this::add);
            records.nextOffsets().forEach((partition, next) -> positions.put(partition, next.offset()));
            if (!records.isEmpty()) {
                changed();
            }
        } catch (WakeupException e) {
            // the caller checks why
        } catch (KafkaException e) {
            lane.failure = "The Kafka topic " + lane.topic + " can't be read: "
                    + KafkaClients.reason(KafkaClients.withRight("READ", e));
            throw new StoreException(lane.failure, e);
        }
    }

    private void add(ConsumerRecord<String, byte[]> event) {
        if (event.value() == null) {
            // a probe
            commitDue = true;
            return;
        }
        TopicPartition partition = new TopicPartition(event.topic(), event.partition());
        String key = KafkaHeaders.get(event.headers(), KafkaHeaders.EVENT_KEY);
        EventOfPartition read = new EventOfPartition(partition, key);
        // a later one is no longer in the topic, which was truncated
        if (window.getOrDefault(read, Long.MAX_VALUE) <= event.offset()) {
            duplicates.increment();
            commitDue = true;
            return;
        }
        if (key != null) {
            window.put(read, event.offset());
        }
        if (window.size() > Math.max(DUPLICATE_WINDOW, 2 * maxEvents)) {
            window.remove(window.keySet().iterator().next());
        }
        // records of other writers have no group
        String group = KafkaHeaders.get(event.headers(), KafkaHeaders.GROUP);
        pending.add(new PendingEvent(partition, event.offset(), group == null ? "other" : group,
                event.value(), LaneEvent.wellFormed(KafkaHeaders.get(event.headers(), KafkaHeaders.TRACEPARENT)),
                event.timestamp()));
    }

    private void changed() {
        pendingBytes = pending.stream().mapToLong(event -> event.line.length + 1).sum();
        lane.oldest = pending.stream().mapToLong(PendingEvent::accepted).min().orElse(0);
    }

    private Map<TopicPartition, OffsetAndMetadata> due() {
        Map<TopicPartition, Long> next = new HashMap<>(positions);
        pending.forEach(event -> next.merge(event.partition, event.offset, Math::min));
        Map<TopicPartition, OffsetAndMetadata> due = new HashMap<>();
        next.forEach((partition, offset) -> due.put(partition, new OffsetAndMetadata(offset)));
        return due;
    }

    /** If it failed, the brokers do not answer, or the partitions are assigned to another process by now. */
    private void committed(Map<TopicPartition, OffsetAndMetadata> offsets, Exception failure) {
        if (failure != null) {
            commitDue = true;
            commitFailedNanos = System.nanoTime();
            if (limit.count("") > 0) {
                LOG.warn("Lane {}: offsets can't be committed, trying again; events may be delivered again: {}",
                        lane.name(), KafkaClients.reason(KafkaClients.withRight("READ", failure)));
            }
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        LOG.info("Lane {}: partitions revoked: {}", lane.name(), partitions);
        for (boolean tried = false; !tried;) {
            try {
                tried = true;
                consumer.commitSync(due(), COMMIT_TIMEOUT);
            } catch (WakeupException e) {
                // it comes once for each call of wake
                tried = false;
            } catch (KafkaException e) {
                committed(null, e);
            }
        }
        forget(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        LOG.warn("Lane {}: partitions lost, another process delivers their events: {}", lane.name(), partitions);
        forget(partitions);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        lane.failure = null;
        LOG.info("Lane {}: partitions assigned: {}", lane.name(), partitions);
    }

    private void forget(Collection<TopicPartition> partitions) {
        pending.removeIf(event -> partitions.contains(event.partition));
        window.keySet().removeIf(event -> partitions.contains(event.partition));
        positions.keySet().removeAll(partitions);
        changed();
    }
}
