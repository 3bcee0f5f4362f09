package io.ilertsumo.bridge.store.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;

import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.event.EventTooLargeException;
import io.ilertsumo.bridge.lane.StoreException;

/** The results of writes. */
class RecordWriterTest {

    private final List<MockProducer<String, byte[]>> producers = new ArrayList<>();
    private final List<Runnable> executor = new ArrayList<>();
    private final RecordWriter writer = new RecordWriter(this::producer, executor::add);
    private int called;
    private Exception failure;

    private MockProducer<String, byte[]> producer() {
        producers.add(new MockProducer<>(false, null, new StringSerializer(), new ByteArraySerializer()));
        return producers.get(producers.size() - 1);
    }

    @Test
    void callsBackOnTheExecutorOnceAcknowledged() {
        writer.open();
        write();
        assertEquals(List.of(), executor);

        producers.get(0).completeNext();

        assertEquals(0, called);
        run();
        assertNull(failure);
    }

    @Test
    void aRecordThatIsTooLargeIsAnEventTooLargeException() {
        writer.open();
        write();
        producers.get(0).errorNext(new RecordTooLargeException("too large"));
        run();

        assertInstanceOf(EventTooLargeException.class, failure);
    }

    @Test
    void aFailureNamesTopicAndRootCause() {
        writer.open();
        write();
        producers.get(0).errorNext(new TimeoutException("late", new IllegalStateException("root\nstack trace")));
        run();

        assertInstanceOf(StoreException.class, failure);
        assertEquals("Not written to the Kafka topic topic: root", failure.getMessage());
    }

    @Test
    void anExceptionThrownBySendReachesTheCallback() {
        writer.open();
        producers.get(0).sendException = new SerializationException("no such type");
        write();
        run();

        assertInstanceOf(StoreException.class, failure);
    }

    @Test
    void aWriteBeforeOpenReachesTheCallback() {
        write();
        run();

        assertInstanceOf(StoreException.class, failure);
    }

    @Test
    void aProducerIsReplacedAfterAFatalFailureOnly() {
        assertSame(writer.open(), writer.open());
        write();
        producers.get(0).errorNext(new TimeoutException("late"));
        run();
        assertSame(producers.get(0), writer.open());

        write();
        producers.get(0).errorNext(new ClusterAuthorizationException("no permission"));
        run();

        assertNotSame(producers.get(0), writer.open());
        assertTrue(producers.get(0).closed());
        write();
        producers.get(1).completeNext();
        run();
        assertNull(failure);
        assertFalse(producers.get(1).closed());
    }

    @Test
    void aWriteThatFailedIsRepeatedByAProbeUntilItIsAcknowledged() {
        writer.open();
        write();
        assertNull(writer.failure("topic"));
        producers.get(0).errorNext(new TimeoutException("late"));
        run();
        assertEquals("the last write failed: late", writer.failure("topic"));
        assertNull(writer.failure("other"));

        writer.probe(List.of(new TopicPartition("topic", 0)));
        writer.probe(List.of(new TopicPartition("topic", 0)));
        assertEquals(2, producers.get(0).history().size(), "one probe at a time");
        assertNull(producers.get(0).history().get(1).value());
        producers.get(0).errorNext(new TimeoutException("late"));
        assertNotNull(writer.failure("topic"));
        writer.probe(List.of(new TopicPartition("topic", 0)));
        producers.get(0).completeNext();

        assertNull(writer.failure("topic"));
    }

    @Test
    void aPartitionThatIsGoneIsNotProbed() {
        writer.open();
        write();
        producers.get(0).errorNext(new TimeoutException("late"));
        run();

        writer.probe(List.of());

        assertNull(writer.failure("topic"));
        assertEquals(1, producers.get(0).history().size());
    }

    @Test
    void anEventThatIsTooLargeStopsNoOther() {
        writer.open();
        write();
        producers.get(0).errorNext(new RecordTooLargeException("too large"));
        run();

        assertNull(writer.failure("topic"));
    }

    private void write() {
        writer.callBack(writer.write(new ProducerRecord<>("topic", "key", new byte[1])), (duplicate, result) -> {
            called++;
            failure = result;
        });
    }

    private void run() {
        int before = called;
        List.copyOf(executor).forEach(Runnable::run);
        executor.clear();
        assertEquals(before + 1, called, "calls of the callback");
    }
}
