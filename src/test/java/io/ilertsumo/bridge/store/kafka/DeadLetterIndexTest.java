package io.ilertsumo.bridge.store.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.deadletter.DeadLetter;

/** What the records of dead letters mean. */
class DeadLetterIndexTest {

    private final DeadLetterIndex index = new DeadLetterIndex();

    @Test
    void aDeadLetterIsNumberedByItsOffset() {
        keep(6, "a/1", 3);

        assertEquals(List.of(7L), ids());
        assertEquals("a/1", index.key(7));
        assertNull(index.key(6));
    }

    @Test
    void aNewerDeadLetterReplacesTheOlderOneOfItsContent() {
        keep(0, "a/1", 3);
        keep(1, "b/2", 3);
        keep(2, "a/3", 3);

        assertEquals(List.of(2L, 3L), ids());
        assertEquals(3, index.of("a").id());
        assertEquals(Set.of("a/1"), index.replaced);
        delete(3, "a/1");
        assertEquals(Set.of(), index.replaced);
        assertEquals(List.of(2L, 3L), ids(), "the newer one is not deleted");
    }

    @Test
    void aDeletedDeadLetterIsGone() {
        keep(0, "a/1", 3);
        delete(1, "a/1");
        delete(2, "a/1");

        assertEquals(List.of(), ids());
        assertNull(index.of("a"));
        keep(3, "a/2", 3);
        assertEquals(List.of(4L), ids());
        assertEquals(Set.of(), index.replaced);
    }

    @Test
    void tooManyAreBeyondTheBoundOldestFirst() {
        keep(0, "a/1", 3);
        keep(1, "b/1", 3);
        keep(2, "c/1", 3);

        assertEquals(List.of("a/1"), beyond(2, 1000));
        assertEquals(List.of("a/1", "b/1"), beyond(1, 1000));
        assertEquals(List.of(), beyond(3, 1000));
    }

    @Test
    void tooManyBytesAreBeyondTheBoundButNotTheNewest() {
        keep(0, "a/1", 3);
        keep(1, "b/1", 3);
        keep(2, "c/1", 30);

        assertEquals(List.of(), beyond(10, 36));
        assertEquals(List.of("a/1"), beyond(10, 35));
        assertEquals(List.of("a/1", "b/1"), beyond(10, 1));
        delete(3, "c/1");
        assertEquals(List.of(), beyond(10, 6), "deleted bytes do not count");
    }

    @Test
    void anOldOneIsBeyondTheBound() {
        keep(0, "a/1", 3);
        keep(5, "b/1", 3);

        assertEquals(List.of("a/1"),
                index.beyond(10, 1000, Instant.ofEpochMilli(5)).stream().map(DeadLetterIndex.Entry::key).toList());
    }

    private List<String> beyond(long letters, long bytes) {
        return index.beyond(letters, bytes, Instant.EPOCH).stream().map(DeadLetterIndex.Entry::key).toList();
    }

    private List<Long> ids() {
        return index.list(DeadLetter.Filter.ALL, 0, 100).stream().map(DeadLetter::id).toList();
    }

    /** Kept at a time in milliseconds that is its offset. */
    private void keep(long offset, String key, int size) {
        RecordHeaders headers = new RecordHeaders();
        KafkaHeaders.put(headers, "attempts", 1);
        KafkaHeaders.put(headers, "first", Instant.EPOCH);
        KafkaHeaders.put(headers, "reason", "rejected");
        index.read(
                new ConsumerRecord<>("dead-letters", 0, offset, offset, TimestampType.CREATE_TIME, key.length(), size,
                        key, "x".repeat(size).getBytes(UTF_8), headers, Optional.empty()));
    }

    private void delete(long offset, String key) {
        index.read(new ConsumerRecord<>("dead-letters", 0, offset, key, null));
    }
}
