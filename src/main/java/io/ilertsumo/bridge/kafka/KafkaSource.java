package io.ilertsumo.bridge.kafka;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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

import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneConstants;

/**
 * The batches of one lane over Kafka: of those partitions of its topic that the lane's consumer group gives to this
 * process.
 *
 * <p>
 * Events wait here in the order in which they were read. What was delivered is committed up to the first event of the
 * partition that was not. While there is no room, or nothing is to be handed out, the partitions are paused and the
 * consumer is polled all the same, so that it stays in its group. A partition is taken away in a poll only, and no poll
 * happens while a batch is on its way.
 */
final class KafkaSource implements BatchSource<KafkaBatch>, ConsumerRebalanceListener {

    private static final Duration COMMIT_PATIENCE = Duration.ofSeconds(5);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(2);
    private static final long COMMIT_AGAIN_NANOS = 1_000_000_000;
    /** How many of the latest events are recognised if they were written twice. */
    private static final int KNOWN_EVENTS = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(KafkaSource.class);

    private final KafkaLane lane;
    private final Consumer<String, byte[]> consumer;
    private final int maxEvents;
    private final int maxBytes;
    private final List<KafkaEvent> waiting = new ArrayList<>();
    private long waitingBytes;
    /** Behind the last record that was read. */
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private final Map<TopicPartition, Long> committed = new HashMap<>();
    private long commitFailedNanos;
    private boolean isCommitDue;
    private boolean isTold;
    private final Map<Known, Long> known = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Known, Long> eldest) {
            return size() > KNOWN_EVENTS;
        }
    };

    private record Known(int partition, String eventId) {
    }

    /**
     * @param consumer  closed with the source
     * @param maxEvents no more are read while that many wait here
     * @param maxBytes  no more are read while that many bytes wait here
     */
    KafkaSource(KafkaLane lane, Consumer<String, byte[]> consumer, int maxEvents, int maxBytes) {
        this.lane = lane;
        this.consumer = consumer;
        this.maxEvents = maxEvents;
        this.maxBytes = maxBytes;
        consumer.subscribe(List.of(lane.topic()), this);
    }

    @Override
    public boolean await(int events, int bytes, long millis) {
        if (waiting.size() < events && waitingBytes < bytes && millis > 0) {
            poll(millis, hasRoom());
        }
        return waiting.size() >= events || waitingBytes >= bytes;
    }

    @Override
    public void idle(long millis) {
        poll(millis, false);
    }

    @Override
    public long oldest() {
        return waiting.isEmpty() ? 0 : waiting.get(0).accepted();
    }

    /**
     * An event stays behind if one of the same alert waits before it in another group, so that an alert's events keep
     * their order.
     */
    @Override
    public KafkaBatch next(int maxEvents, int maxBytes) {
        // what has come meanwhile goes along, and the consumer stays in its group however many batches there are to go
        poll(0, hasRoom());
        if (waiting.isEmpty()) {
            return null;
        }
        String group = waiting.get(0).group;
        Set<String> alertsLeft = new HashSet<>();
        List<KafkaEvent> taken = new ArrayList<>();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (KafkaEvent event : waiting) {
            if (!group.equals(event.group) || alertsLeft.contains(event.key)) {
                alertsLeft.add(event.key);
            } else if (taken.size() == maxEvents
                    || !taken.isEmpty() && body.size() + 1 + event.line.length > maxBytes) {
                break;
            } else {
                if (!taken.isEmpty()) {
                    body.write('\n');
                }
                body.writeBytes(event.line);
                taken.add(event);
            }
        }
        return new KafkaBatch(lane.name(), group, taken.size(), body.toByteArray(), taken);
    }

    @Override
    public void remove(KafkaBatch batch) {
        Set<KafkaEvent> delivered = Collections.newSetFromMap(new IdentityHashMap<>());
        delivered.addAll(batch.parts());
        waiting.removeIf(delivered::contains);
        changed();
        Map<TopicPartition, OffsetAndMetadata> due = due();
        if (!due.isEmpty()) {
            // the next batch need not wait for it: whether it was is told in a poll
            consumer.commitAsync(due, this::committed);
        }
    }

    @Override
    public void wake() {
        consumer.wakeup();
    }

    @Override
    public void close() {
        lane.oldest(0);
        // what is still to be committed is, when the partitions are given back
        consumer.close(CloseOptions.timeout(CLOSE_PATIENCE));
    }

    private boolean hasRoom() {
        return waiting.size() < maxEvents && waitingBytes < maxBytes;
    }

    private void poll(long millis, boolean forMore) {
        if (isCommitDue && System.nanoTime() - commitFailedNanos >= COMMIT_AGAIN_NANOS) {
            commit(COMMIT_PATIENCE);
        }
        if (forMore) {
            consumer.resume(consumer.paused());
        } else {
            consumer.pause(consumer.assignment());
        }
        try {
            ConsumerRecords<String, byte[]> records = consumer.poll(Duration.ofMillis(millis));
            for (ConsumerRecord<String, byte[]> event : records) {
                if (!isRepeat(event)) {
                    waiting.add(new KafkaEvent(event));
                }
            }
            records.nextOffsets().forEach((partition, next) -> positions.put(partition, next.offset()));
            if (!records.isEmpty()) {
                changed();
            }
        } catch (WakeupException e) {
            // there is something to look at
        }
    }

    /**
     * Whether the event was written before, to the same partition: by a sender that was not told in time that it had
     * been, or to two processes at once.
     */
    private boolean isRepeat(ConsumerRecord<String, byte[]> event) {
        String id = EventHeaders.text(event.headers(), LaneConstants.EVENT_ID);
        if (id == null || event.headers().lastHeader(LaneConstants.DEAD_LETTER) != null) {
            return false;
        }
        Long first = known.putIfAbsent(new Known(event.partition(), id), event.offset());
        boolean isRepeat = first != null && first < event.offset();
        if (isRepeat) {
            isCommitDue = true;
            lane.repeated();
        }
        return isRepeat;
    }

    private void changed() {
        waitingBytes = 0;
        for (KafkaEvent event : waiting) {
            waitingBytes += event.line.length + 1;
        }
        lane.oldest(oldest());
    }

    /** What is not yet known to be committed. */
    private Map<TopicPartition, OffsetAndMetadata> due() {
        Map<TopicPartition, Long> upTo = new HashMap<>(positions);
        for (KafkaEvent event : waiting) {
            upTo.merge(event.partition, event.offset, Math::min);
        }
        Map<TopicPartition, OffsetAndMetadata> due = new HashMap<>();
        upTo.forEach((partition, offset) -> {
            if (!offset.equals(committed.get(partition))) {
                due.put(partition, new OffsetAndMetadata(offset));
            }
        });
        return due;
    }

    private void committed(Map<TopicPartition, OffsetAndMetadata> offsets, Exception failure) {
        if (failure == null) {
            isTold = false;
            offsets.forEach((partition, offset) -> positions.computeIfPresent(partition, (its, position) -> {
                committed.put(its, offset.offset());
                return position;
            }));
            return;
        }
        // the brokers are away, or the partitions are somebody else's by now
        if (!isTold) {
            isTold = true;
            LOG.warn("What was delivered of the lane {} can't be written down, it may come twice. Tried again: {}",
                    lane.name(), failure.getMessage());
        }
        isCommitDue = true;
        commitFailedNanos = System.nanoTime();
    }

    private void commit(Duration patience) {
        Map<TopicPartition, OffsetAndMetadata> due = due();
        isCommitDue = false;
        while (!due.isEmpty()) {
            try {
                consumer.commitSync(due, patience);
                committed(due, null);
                return;
            } catch (WakeupException e) {
                // that can wait
            } catch (KafkaException e) {
                committed(due, e);
                return;
            }
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        commit(CLOSE_PATIENCE);
        LOG.info("The lane {} gives away {}", lane.name(), partitions);
        forget(partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        LOG.warn("The lane {} has lost {}", lane.name(), partitions);
        forget(partitions);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        LOG.info("The lane {} has got {}", lane.name(), partitions);
    }

    private void forget(Collection<TopicPartition> partitions) {
        Set<TopicPartition> gone = Set.copyOf(partitions);
        waiting.removeIf(event -> gone.contains(event.partition));
        positions.keySet().removeAll(gone);
        committed.keySet().removeAll(gone);
        known.keySet().removeIf(event -> gone.stream().anyMatch(partition -> partition.partition() == event.partition));
        changed();
    }
}
