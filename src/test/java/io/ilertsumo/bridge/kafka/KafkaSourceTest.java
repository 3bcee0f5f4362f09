package io.ilertsumo.bridge.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.internals.AutoOffsetResetStrategy;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.lane.LaneConstants;

/** What is handed out, in which order, and what is committed. */
class KafkaSourceTest {

    private static final TopicPartition ZERO = new TopicPartition("events", 0);
    private static final TopicPartition ONE = new TopicPartition("events", 1);
    private static final int ALL = Integer.MAX_VALUE;

    private final KafkaLane lane = new KafkaLane("lane", "events", "events");
    private final MockConsumer<String, byte[]> consumer = new MockConsumer<>(
            AutoOffsetResetStrategy.EARLIEST.name()) {
        @Override
        public synchronized void commitAsync(Map<TopicPartition, OffsetAndMetadata> offsets,
                OffsetCommitCallback callback) {
            if (isCommitRefused) {
                callback.onComplete(offsets, new TimeoutException("The broker is away"));
            } else {
                super.commitAsync(offsets, callback);
            }
        }
    };
    private boolean isCommitRefused;
    private final KafkaSource source = new KafkaSource(lane, consumer, 100, 100_000);

    @BeforeEach
    void assign() {
        consumer.updateBeginningOffsets(Map.of(ZERO, 0L, ONE, 0L));
        consumer.rebalance(List.of(ZERO, ONE));
    }

    @AfterEach
    void close() {
        source.close();
    }

    @Test
    void eventsOfOneGroupGoTogetherFromAllPartitions() {
        add(ZERO, 0, "a", "red", "1");
        add(ONE, 0, "b", "red", "2");
        add(ZERO, 1, "c", "blue", "3");

        KafkaBatch batch = next();

        assertEquals("red", batch.group());
        assertEquals(Set.of("1", "2"), Set.of(lines(batch)));
        assertEquals(2, batch.events());
    }

    @Test
    void aBatchHoldsNoMoreThanItMayAndOneEventAtLeast() {
        add(ZERO, 0, "a", "red", "12345");
        add(ZERO, 1, "b", "red", "123");
        add(ZERO, 2, "c", "red", "123");

        assertTrue(source.await(1, 1, 0) || source.await(1, 1, 1));
        assertEquals(1, source.next(ALL, 2).events(), "larger than it may be");
        assertEquals(2, source.next(ALL, 9).events(), "5, a line break, and 3");
        assertEquals(1, source.next(ALL, 8).events());
        assertEquals(2, source.next(2, ALL).events());
    }

    @Test
    void whatIsHandedOutWaitsUntilItIsRemoved() {
        add(ZERO, 0, "a", "red", "1");

        assertEquals("1", lines(next())[0]);
        KafkaBatch again = next();
        assertEquals("1", lines(again)[0]);
        source.remove(again);

        assertNull(next());
        assertEquals(1, committed(ZERO));
    }

    @Test
    void aPartitionIsCommittedUpToTheFirstEventThatIsNotDelivered() {
        add(ZERO, 0, "a", "red", "1");
        add(ZERO, 1, "b", "blue", "2");
        add(ZERO, 2, "c", "red", "3");
        add(ONE, 0, "d", "red", "4");

        source.remove(next());
        assertEquals(1, committed(ZERO), "the blue one waits");
        assertEquals(1, committed(ONE));

        KafkaBatch rest = next();
        assertEquals("blue", rest.group());
        source.remove(rest);
        assertEquals(3, committed(ZERO));
    }

    @Test
    void eventsOfOneAlertKeepTheirOrderAcrossGroups() {
        add(ZERO, 0, "a", "red", "1");
        add(ZERO, 1, "a", "blue", "2");
        add(ZERO, 2, "a", "red", "3");
        add(ZERO, 3, "b", "red", "4");

        KafkaBatch first = next();
        assertEquals(List.of("1", "4"), List.of(lines(first)), "not the third: the second goes before it");
        source.remove(first);
        KafkaBatch second = next();
        assertEquals(List.of("2"), List.of(lines(second)));
        source.remove(second);
        assertEquals(List.of("3"), List.of(lines(next())));
    }

    @Test
    void anEventThatWasWrittenTwiceIsHandedOutOnceAndCommittedTwice() {
        add(ZERO, 0, "a", "red", "1", LaneConstants.EVENT_ID, "id");
        add(ZERO, 1, "a", "red", "1", LaneConstants.EVENT_ID, "id");

        KafkaBatch batch = next();
        assertEquals(1, batch.events());
        source.remove(batch);

        assertEquals(2, committed(ZERO));
        assertEquals(1, lane.repeats());
    }

    @Test
    void aReplayIsNoRepeat() {
        add(ZERO, 0, "a", "red", "1", LaneConstants.EVENT_ID, "id");
        add(ZERO, 1, "a", "red", "1", LaneConstants.EVENT_ID, "id", LaneConstants.DEAD_LETTER, "7");

        assertEquals(2, next().events());
    }

    @Test
    void whatWaitsOfAPartitionThatGoesIsLeftToOthersAndReadAgainWhenItComesBack() {
        add(ZERO, 0, "a", "red", "1", LaneConstants.EVENT_ID, "id");
        assertEquals(1, next().events());

        consumer.rebalance(List.of(ONE));
        source.idle(0);
        assertNull(next());
        consumer.rebalance(List.of(ZERO, ONE));
        add(ZERO, 0, "a", "red", "1", LaneConstants.EVENT_ID, "id");

        KafkaBatch batch = next();
        assertEquals(1, batch.events(), "it is no repeat of itself");
        source.remove(batch);
        assertEquals(1, committed(ZERO));
    }

    @Test
    void aCommitThatFailsIsMadeUpFor() throws Exception {
        add(ZERO, 0, "a", "red", "1");
        KafkaBatch batch = next();
        isCommitRefused = true;
        source.remove(batch);
        assertNull(consumer.committed(Set.of(ZERO)).get(ZERO));
        assertNull(next(), "it is not handed out again");

        isCommitRefused = false;
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (consumer.committed(Set.of(ZERO)).get(ZERO) == null && System.nanoTime() < end) {
            source.idle(1);
            Thread.sleep(10);
        }
        assertEquals(1, committed(ZERO));
    }

    @Test
    void aCommitFollowsALogThatWasCutOff() {
        add(ZERO, 0, "a", "red", "1");
        add(ZERO, 1, "b", "red", "2");
        source.remove(next());
        assertEquals(2, committed(ZERO));

        consumer.seek(ZERO, 0);
        add(ZERO, 0, "c", "red", "3");
        add(ZERO, 1, "d", "blue", "4");
        source.remove(next());

        assertEquals(1, committed(ZERO), "the other one waits");
    }

    @Test
    void nothingIsReadWhileNothingIsToBeHandedOut() {
        add(ZERO, 0, "a", "red", "1");

        source.idle(0);

        assertEquals(Set.of(ZERO, ONE), consumer.paused());
        assertFalse(source.await(1, 1, 0));
        assertTrue(source.await(1, 1, 1));
        assertEquals(Set.of(), consumer.paused());
    }

    private KafkaBatch next() {
        return source.next(ALL, ALL);
    }

    private static String[] lines(KafkaBatch batch) {
        return new String(batch.body(), UTF_8).split("\n");
    }

    private long committed(TopicPartition partition) {
        return consumer.committed(Set.of(partition)).get(partition).offset();
    }

    private void add(TopicPartition partition, long offset, String alert, String group, String event,
            String... headers) {
        RecordHeaders all = new RecordHeaders();
        EventHeaders.put(all, LaneConstants.GROUP, group);
        for (int i = 0; i < headers.length; i += 2) {
            EventHeaders.put(all, headers[i], headers[i + 1]);
        }
        consumer.addRecord(new ConsumerRecord<>(partition.topic(), partition.partition(), offset, 1,
                TimestampType.CREATE_TIME, 0, event.length(), alert, event.getBytes(UTF_8), all, Optional.empty()));
    }
}
