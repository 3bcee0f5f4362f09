package io.ilertsumo.bridge.store.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.internals.AutoOffsetResetStrategy;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.StoreException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** The batches of a lane in Kafka, and what is committed. */
class KafkaSourceTest {

    private static final TopicPartition ZERO = new TopicPartition("events", 0);
    private static final TopicPartition ONE = new TopicPartition("events", 1);
    private static final int ALL = Integer.MAX_VALUE;

    private final KafkaLane lane = new KafkaLane("lane", "events");
    private final Counter duplicates = new SimpleMeterRegistry().counter("duplicates");
    private boolean commitsFail;
    private final MockConsumer<String, byte[]> consumer = new MockConsumer<>(
            AutoOffsetResetStrategy.EARLIEST.name()) {
        @Override
        public synchronized void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets,
                OffsetCommitCallback callback) {
            if (commitsFail) {
                callback.onComplete(offsets, new TimeoutException("The broker does not answer"));
            } else {
                super.commitAsync(offsets, callback);
            }
        }
    };
    private final KafkaSource source = new KafkaSource(lane, consumer, duplicates, 100, 100_000);

    @BeforeEach
    void assign() {
        lane.consumed.set(true);
        consumer.updateBeginningOffsets(Map.of(ZERO, 0L, ONE, 0L));
        consumer.rebalance(List.of(ZERO, ONE));
    }

    @AfterEach
    void close() {
        source.close();
    }

    @Test
    void aBatchHasEventsOfOneGroupFromAllPartitions() throws Exception {
        add(ZERO, 0, "red", "1");
        add(ONE, 0, "red", "2");
        add(ZERO, 1, "blue", "3");

        Batch batch = next();

        assertEquals("red", batch.group());
        assertEquals(Set.of("1", "2"), Set.copyOf(lines(batch)));
        assertEquals(2, batch.events());
    }

    @Test
    void groupsTakeTurnsAndEachIsAFifo() throws Exception {
        for (int i = 0; i < 4; i++) {
            add(ZERO, i, "red", "red" + i);
        }
        add(ZERO, 4, "blue", "blue0");
        add(ZERO, 5, "green", "green0");
        add(ZERO, 6, "blue", "blue1");

        List<String> delivered = new ArrayList<>();
        for (Batch batch = source.next(1, ALL); batch != null; batch = source.next(1, ALL)) {
            delivered.addAll(lines(batch));
            source.acknowledge(batch);
        }

        assertEquals(List.of("red0", "blue0", "green0", "red1", "blue1", "red2", "red3"), delivered);
    }

    @Test
    void aGroupThatComesLaterHasItsTurnNext() throws Exception {
        add(ZERO, 0, "red", "red0");
        add(ZERO, 1, "red", "red1");
        source.acknowledge(source.next(1, ALL));
        add(ZERO, 2, "blue", "blue0");

        assertEquals("blue", source.next(1, ALL).group());
    }

    @Test
    void aBatchThatIsNotAcknowledgedComesAgainInHalves() throws Exception {
        for (int i = 0; i < 4; i++) {
            add(ZERO, i, "red", "red" + i);
        }
        add(ZERO, 4, "blue", "blue0");

        assertEquals(List.of("red0", "red1", "red2", "red3"), lines(source.next(4, ALL)));
        assertEquals(List.of("red0", "red1"), lines(source.next(2, ALL)));
        Batch single = source.next(1, ALL);
        assertEquals(List.of("red0"), lines(single));
        source.acknowledge(single);

        assertEquals(List.of("blue0"), lines(next()), "the other group's turn");
    }

    @Test
    void aBatchKeepsItsBoundsButHasOneEvent() throws Exception {
        add(ZERO, 0, "red", "12345");
        add(ZERO, 1, "red", "123");
        add(ZERO, 2, "red", "123");

        assertEquals(1, source.next(ALL, 2).events(), "one event, larger than the bound");
        assertEquals(2, source.next(ALL, 9).events(), "5 bytes, a line break, and 3");
        assertEquals(1, source.next(ALL, 8).events());
        assertEquals(2, source.next(2, ALL).events());
    }

    @Test
    void anEventIsPendingUntilItIsAcknowledged() throws Exception {
        add(ZERO, 0, "red", "1");

        assertEquals(List.of("1"), lines(next()));
        assertEquals(1, source.oldest());
        Batch again = next();
        assertEquals(List.of("1"), lines(again));
        source.acknowledge(again);

        assertNull(next());
        assertEquals(0, source.oldest());
        assertEquals(1, committed(ZERO));
    }

    @Test
    void aPartitionIsCommittedUpToItsFirstPendingEvent() throws Exception {
        add(ZERO, 0, "red", "1");
        add(ZERO, 1, "blue", "2");
        add(ZERO, 2, "red", "3");
        add(ONE, 0, "red", "4");

        source.acknowledge(next());
        assertEquals(1, committed(ZERO), "the blue one is pending");
        assertEquals(1, committed(ONE));

        source.acknowledge(next());
        assertEquals(3, committed(ZERO));
    }

    @Test
    void aDuplicateIsRemovedCountedAndCommitted() throws Exception {
        add(ZERO, 0, "red", "1", KafkaHeaders.EVENT_KEY, "id");
        add(ZERO, 1, "red", "1", KafkaHeaders.EVENT_KEY, "id");

        Batch batch = next();
        assertEquals(1, batch.events());
        source.acknowledge(batch);

        assertEquals(2, committed(ZERO));
        assertEquals(1, duplicates.count());
    }

    @Test
    void aDuplicateOfADeliveredEventIsCommittedWithoutABatch() throws Exception {
        add(ZERO, 0, "red", "1", KafkaHeaders.EVENT_KEY, "id");
        source.acknowledge(next());
        add(ZERO, 1, "red", "1", KafkaHeaders.EVENT_KEY, "id");

        assertNull(next());
        source.idle(0);

        assertEquals(2, committed(ZERO));
    }

    @Test
    void aReplayIsNoDuplicate() throws Exception {
        add(ZERO, 0, "red", "1", KafkaHeaders.EVENT_KEY, "id");
        add(ZERO, 1, "red", "1");

        assertEquals(2, next().events());
        assertEquals(0, duplicates.count());
    }

    @Test
    void theDuplicateWindowHasTheLatestTenThousandEvents() throws Exception {
        int offset = 0;
        for (; offset < 10_001; offset++) {
            add(ZERO, offset, "red", "1", KafkaHeaders.EVENT_KEY, "id" + offset);
        }
        add(ZERO, offset++, "red", "1", KafkaHeaders.EVENT_KEY, "id0");
        add(ZERO, offset, "red", "1", KafkaHeaders.EVENT_KEY, "id10000");

        assertEquals(10_002, next().events());
        assertEquals(1, duplicates.count());
    }

    @Test
    void aRevokedPartitionIsForgottenAndReadAgainWhenItComesBack() throws Exception {
        add(ZERO, 0, "red", "1", KafkaHeaders.EVENT_KEY, "id");
        assertEquals(1, next().events());

        consumer.rebalance(List.of(ONE));
        source.idle(0);
        assertNull(next());
        consumer.rebalance(List.of(ZERO, ONE));
        add(ZERO, 0, "red", "1", KafkaHeaders.EVENT_KEY, "id");

        Batch batch = next();
        assertEquals(1, batch.events(), "it is no duplicate of itself, another process had the partition");
        source.acknowledge(batch);
        assertEquals(1, committed(ZERO));
    }

    /** As after a log was truncated: the consumer begins anew. */
    @Test
    void recordsThatAreReadAgainAreDeliveredOnce() throws Exception {
        add(ZERO, 0, "red", "1", KafkaHeaders.EVENT_KEY, "delivered");
        source.acknowledge(next());
        add(ZERO, 1, "red", "2", KafkaHeaders.EVENT_KEY, "pending");
        assertEquals(1, next().events());

        consumer.seek(ZERO, 0);
        add(ZERO, 0, "red", "1", KafkaHeaders.EVENT_KEY, "delivered");
        add(ZERO, 1, "red", "2", KafkaHeaders.EVENT_KEY, "pending");

        Batch batch = next();
        assertEquals(1, batch.events());
        source.acknowledge(batch);
        assertEquals(2, committed(ZERO));
        assertEquals(2, duplicates.count());
    }

    /** The first one is no longer in the topic: only the later one is read again after a restart. */
    @Test
    void anEventThatIsSentAgainAfterTheLogWasTruncatedIsDelivered() throws Exception {
        add(ZERO, 7, "red", "1", KafkaHeaders.EVENT_KEY, "sent again");
        assertEquals(1, next().events());

        consumer.seek(ZERO, 3);
        add(ZERO, 3, "red", "1", KafkaHeaders.EVENT_KEY, "sent again");

        Batch batch = next();
        assertEquals(2, batch.events());
        assertNull(consumer.committed(Set.of(ZERO)).get(ZERO), "it is not committed before it is delivered");
        source.acknowledge(batch);
        assertEquals(4, committed(ZERO));
        assertEquals(0, duplicates.count());
    }

    @Test
    void aFailedCommitIsRepeated() throws Exception {
        add(ZERO, 0, "red", "1");
        Batch batch = next();
        commitsFail = true;
        source.acknowledge(batch);
        assertNull(consumer.committed(Set.of(ZERO)).get(ZERO));
        assertNull(next(), "it is delivered all the same");

        commitsFail = false;
        await().untilAsserted(() -> {
            source.idle(1);
            assertEquals(1, committed(ZERO));
        });
    }

    @Test
    void aCommitFollowsATruncatedLog() throws Exception {
        add(ZERO, 0, "red", "1");
        add(ZERO, 1, "red", "2");
        source.acknowledge(next());
        assertEquals(2, committed(ZERO));

        consumer.seek(ZERO, 0);
        add(ZERO, 0, "red", "3");
        add(ZERO, 1, "blue", "4");
        source.acknowledge(source.next(1, ALL));
        assertEquals(0, committed(ZERO), "blue comes first, red is pending");
        source.acknowledge(next());
        assertEquals(2, committed(ZERO));
    }

    @Test
    void theConsumerIsPausedWhileNoBatchIsToBeDelivered() throws Exception {
        add(ZERO, 0, "red", "1");

        source.idle(0);

        assertEquals(Set.of(ZERO, ONE), consumer.paused());
        assertFalse(source.await(1, 1, 0));
        assertTrue(source.await(1, 1, 1));
        assertEquals(Set.of(), consumer.paused());
    }

    @Test
    void theConsumerIsPausedWhileThereIsNoRoom() throws Exception {
        for (int i = 0; i < 100; i++) {
            add(ZERO, i, "red", "1");
        }
        Batch batch = next();
        assertEquals(100, batch.events());

        next();
        assertEquals(Set.of(ZERO, ONE), consumer.paused());
        source.acknowledge(batch);
        next();
        assertEquals(Set.of(), consumer.paused());
    }

    @Test
    void aWaitEndsOnWake() throws Exception {
        source.wake();
        assertFalse(source.await(1, 1, 60_000));
    }

    @Test
    void aFailureToReadIsAStoreException() {
        consumer.setPollException(new KafkaException("no permission"));

        StoreException failure = assertThrows(StoreException.class, () -> source.await(1, 1, 1));

        assertEquals("The Kafka topic events can't be read: no permission", failure.getMessage());
    }

    @Test
    void aRecordOfAnotherWriterIsAnEvent() throws Exception {
        consumer.addRecord(new ConsumerRecord<>("events", 0, 0, "key", "1".getBytes(UTF_8)));

        assertEquals("other", next().group());
    }

    @Test
    void anEmptyRecordIsNoEventAndIsCommitted() throws Exception {
        consumer.addRecord(new ConsumerRecord<>("events", 0, 0, null, null));

        assertNull(next());
        source.idle(0);

        assertEquals(1, committed(ZERO));
    }

    @Test
    void closeReleasesTheLane() throws Exception {
        add(ZERO, 0, "red", "1");
        next();
        assertTrue(lane.age() > 0);

        source.close();

        assertFalse(lane.isConsumed());
        assertEquals(0, lane.age());
    }

    private Batch next() throws StoreException {
        return source.next(ALL, ALL);
    }

    private static List<String> lines(Batch batch) {
        return List.of(new String(batch.body(), UTF_8).split("\n"));
    }

    private long committed(TopicPartition partition) {
        OffsetAndMetadata offset = consumer.committed(Set.of(partition)).get(partition);
        return offset == null ? -1 : offset.offset();
    }

    private void add(TopicPartition partition, long offset, String group, String event, String... headers) {
        RecordHeaders all = new RecordHeaders();
        KafkaHeaders.put(all, KafkaHeaders.GROUP, group);
        for (int i = 0; i < headers.length; i += 2) {
            KafkaHeaders.put(all, headers[i], headers[i + 1]);
        }
        consumer.addRecord(new ConsumerRecord<>(partition.topic(), partition.partition(), offset, 1,
                TimestampType.CREATE_TIME, 0, event.length(), "alert", event.getBytes(UTF_8), all, Optional.empty()));
    }
}
