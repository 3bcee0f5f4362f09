package io.ilertsumo.bridge.store.kafka;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;

import io.ilertsumo.bridge.deadletter.DeadLetter;

/**
 * The dead letters of the records that were read, without their bodies. A record's key is the key of the content and a
 * random part, so that the record without a value that deletes a dead letter deletes no newer one. Not thread-safe.
 */
final class DeadLetterIndex {

    /** By their numbers. */
    private final TreeMap<Long, Entry> letters = new TreeMap<>();
    private final Map<String, Entry> byContent = new HashMap<>();
    /** Keys of records that are to be deleted: there is a newer dead letter of the same content. */
    final Set<String> replaced = new HashSet<>();

    /** A dead letter and the key of its record. */
    record Entry(String key, DeadLetter letter) {
    }

    void read(ConsumerRecord<String, byte[]> next) {
        String content = content(next.key());
        Entry entry = next.value() == null ? null : new Entry(next.key(), letter(next, null));
        Entry before = byContent.get(content);
        if (entry == null) {
            replaced.remove(next.key());
            if (before != null && before.key.equals(next.key())) {
                byContent.remove(content);
                letters.remove(before.letter.id());
            }
            return;
        }
        if (before != null) {
            letters.remove(before.letter.id());
            replaced.add(before.key);
        }
        byContent.put(content, entry);
        letters.put(entry.letter.id(), entry);
    }

    private static String content(String key) {
        return key.substring(0, key.indexOf('/'));
    }

    void clear() {
        letters.clear();
        byContent.clear();
        replaced.clear();
    }

    int size() {
        return letters.size();
    }

    /** The key of a dead letter's record; {@code null} if there is no such dead letter. */
    String key(long id) {
        Entry entry = letters.get(id);
        return entry == null ? null : entry.key;
    }

    /**
     * The keys of the records that are to be deleted with a dead letter, in that order; none if there is no such dead
     * letter. An older record of the same content would be the dead letter again once this one is gone.
     */
    Stream<String> keys(long id) {
        String key = key(id);
        return key == null
                ? Stream.empty()
                : Stream.concat(replaced.stream().filter(older -> content(older).equals(content(key))), Stream.of(key));
    }

    /** The dead letter of that content; {@code null} if there is none. */
    DeadLetter of(String content) {
        Entry entry = byContent.get(content);
        return entry == null ? null : entry.letter;
    }

    List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) {
        return letters.tailMap(after, false).values().stream().map(Entry::letter).filter(filter::includes).limit(limit)
                .toList();
    }

    /** The oldest ones: those that are too many, too large unless it is the newest one, or were kept before. */
    List<Entry> beyond(long maxLetters, long maxBytes, Instant before) {
        List<Entry> beyond = new ArrayList<>();
        long bytes = letters.values().stream().mapToLong(entry -> entry.letter.size()).sum();
        for (Entry entry : letters.values()) {
            int left = letters.size() - beyond.size();
            if (left <= maxLetters && (bytes <= maxBytes || left == 1) && !entry.letter.last().isBefore(before)) {
                break;
            }
            beyond.add(entry);
            bytes -= entry.letter.size();
        }
        return beyond;
    }

    /** The dead letter of a record, with that body. */
    static DeadLetter letter(ConsumerRecord<String, byte[]> kept, byte[] body) {
        Headers headers = kept.headers();
        String status = KafkaHeaders.get(headers, "status");
        return new DeadLetter(kept.offset() + 1, Integer.parseInt(KafkaHeaders.get(headers, "attempts")),
                Instant.parse(KafkaHeaders.get(headers, "first")), Instant.ofEpochMilli(kept.timestamp()),
                kept.value().length,
                new DeadLetter.Content(KafkaHeaders.get(headers, "reason"), KafkaHeaders.get(headers, "detail"),
                        status == null ? null : Integer.valueOf(status), KafkaHeaders.get(headers, "answer"),
                        KafkaHeaders.get(headers, KafkaHeaders.EVENT_ID), KafkaHeaders.get(headers, "eventType"),
                        KafkaHeaders.get(headers, "lane"), KafkaHeaders.get(headers, KafkaHeaders.GROUP),
                        KafkaHeaders.get(headers, "encoding"), body));
    }
}
