package io.ilertsumo.bridge.store.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.internals.AutoOffsetResetStrategy;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Topics in memory behind Kafka's mock clients, with one consumer group. Thread-safe. */
class MockTopics extends KafkaClients {

    private final int partitions;
    private final Map<TopicPartition, NavigableMap<Long, ConsumerRecord<String, byte[]>>> logs = new HashMap<>();
    private final Map<TopicPartition, Long> ends = new HashMap<>();
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    /** Whether the next record of an event is not acknowledged, and whether it is written all the same. */
    private Optional<Boolean> unacknowledged = Optional.empty();
    boolean commitsFail;

    /** @param partitions of a lane's topic */
    MockTopics(int partitions) {
        super(Map.of("bootstrap.servers", "localhost:1"), new TestSettings("localhost:1").bridge(),
                new TestSettings("localhost:1").sumoLogic());
        this.partitions = partitions;
    }

    synchronized void failNext(boolean isWritten) {
        unacknowledged = Optional.of(isWritten);
    }

    synchronized long end(TopicPartition partition) {
        return ends.getOrDefault(partition, 0L);
    }

    synchronized long committed(TopicPartition partition) {
        return committed.containsKey(partition) ? committed.get(partition).offset() : 0;
    }

    synchronized TopicPartition partition(String topic, String key) {
        return new TopicPartition(topic, key == null ? 0 : Math.floorMod(key.hashCode(), partitions));
    }

    /** Removes the records of a partition that have a newer one of the same key, except the last one. */
    synchronized void compact(TopicPartition partition) {
        NavigableMap<Long, ConsumerRecord<String, byte[]>> log = log(partition);
        Map<String, Long> last = log.values().stream()
                .collect(Collectors.toMap(ConsumerRecord::key, ConsumerRecord::offset, Math::max));
        log.values().removeIf(one -> last.get(one.key()) > one.offset());
    }

    private NavigableMap<Long, ConsumerRecord<String, byte[]>> log(TopicPartition partition) {
        return logs.computeIfAbsent(partition, one -> new TreeMap<>());
    }

    private synchronized RecordMetadata append(ProducerRecord<String, byte[]> record) {
        TopicPartition partition = record.partition() == null
                ? partition(record.topic(), record.key())
                : new TopicPartition(record.topic(), record.partition());
        boolean fails = unacknowledged.isPresent() && !partition.topic().equals(topic(KafkaDeadLetters.TOPIC));
        if (!fails || unacknowledged.get()) {
            long offset = end(partition);
            ends.put(partition, offset + 1);
            long timestamp = record.timestamp() == null ? 1 : record.timestamp();
            log(partition).put(offset, new ConsumerRecord<>(partition.topic(), partition.partition(), offset, timestamp,
                    TimestampType.CREATE_TIME, 0, 0, record.key(), record.value(), record.headers(), Optional.empty()));
        }
        if (fails) {
            unacknowledged = Optional.empty();
            throw new TimeoutException("It is not acknowledged");
        }
        return new RecordMetadata(partition, end(partition) - 1, 0, 0, 0, 0);
    }

    @Override
    Producer<String, byte[]> eventProducer() {
        return new MockProducer<>(true, null, new StringSerializer(), new ByteArraySerializer()) {
            @Override
            public synchronized Future<RecordMetadata> send(ProducerRecord<String, byte[]> record, Callback callback) {
                try {
                    RecordMetadata written = append(record);
                    callback.onCompletion(written, null);
                    return CompletableFuture.completedFuture(written);
                } catch (TimeoutException e) {
                    callback.onCompletion(null, e);
                    return CompletableFuture.failedFuture(e);
                }
            }
        };
    }

    @Override
    Producer<String, byte[]> deadLetterProducer() {
        return eventProducer();
    }

    @Override
    Consumer<String, byte[]> deadLetterConsumer() {
        return new Reader("dead-letters");
    }

    @Override
    Reader laneConsumer(String topic, int maxEvents, int maxBytes) {
        return new Reader(topic);
    }

    /** A consumer. Its partitions change in its polls only, as those of a real one. */
    final class Reader extends MockConsumer<String, byte[]> {

        private final Set<TopicPartition> lanePartitions = new HashSet<>();
        private Runnable rebalance;

        Reader(String topic) {
            super(AutoOffsetResetStrategy.EARLIEST.name());
            Map<TopicPartition, Long> beginning = new HashMap<>();
            for (int i = 0; i < partitions; i++) {
                lanePartitions.add(new TopicPartition(topic, i));
                beginning.put(new TopicPartition(topic, i), 0L);
            }
            beginning.put(new TopicPartition(topic(KafkaDeadLetters.TOPIC), 0), 0L);
            updateBeginningOffsets(beginning);
        }

        /** Changes its partitions with the next poll. */
        void rebalanceInPoll(Collection<TopicPartition> assigned, Runnable before) {
            rebalance = () -> {
                before.run();
                synchronized (MockTopics.this) {
                    Set<TopicPartition> added = new HashSet<>(assigned);
                    added.removeAll(assignment());
                    super.commitAsync(committed.entrySet().stream().filter(one -> added.contains(one.getKey()))
                            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)), null);
                }
                rebalance(assigned);
            };
        }

        @Override
        public synchronized ConsumerRecords<String, byte[]> poll(Duration timeout) {
            if (rebalance != null) {
                rebalance.run();
                rebalance = null;
            }
            synchronized (MockTopics.this) {
                List<TopicPartition> read = new ArrayList<>(assignment());
                read.removeAll(paused());
                read.forEach(one -> log(one).tailMap(position(one)).values().forEach(this::addRecord));
            }
            return super.poll(timeout);
        }

        /** Without those that were revoked, unlike the mock. */
        @Override
        public synchronized Set<TopicPartition> paused() {
            Set<TopicPartition> paused = new HashSet<>(super.paused());
            paused.retainAll(assignment());
            return paused;
        }

        @Override
        public synchronized Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> of) {
            return of.stream().collect(Collectors.toMap(one -> one, MockTopics.this::end));
        }

        @Override
        public synchronized void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets,
                OffsetCommitCallback callback) {
            synchronized (MockTopics.this) {
                if (!commitsFail) {
                    committed.putAll(offsets);
                    super.commitAsync(offsets, callback);
                } else if (callback == null) {
                    throw new TimeoutException("The broker does not answer");
                } else {
                    callback.onComplete(offsets, new TimeoutException("The broker does not answer"));
                }
            }
        }
    }
}
