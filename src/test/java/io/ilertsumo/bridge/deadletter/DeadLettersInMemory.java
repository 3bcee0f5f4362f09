package io.ilertsumo.bridge.deadletter;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;

/** Dead letters without a store. */
class DeadLettersInMemory implements DeadLetterStore {

    final ConcurrentSkipListMap<Long, DeadLetter> letters = new ConcurrentSkipListMap<>();
    final List<List<Long>> discarded = new ArrayList<>();
    volatile StoreException failure;
    long unreadableFrom = Long.MAX_VALUE;
    int reads;

    long keep(String reason, String eventId, String body) {
        keep(new DeadLetter.Content(reason, null, null, null, eventId, null, null, null, null, body.getBytes()),
                (duplicate, failed) -> {
                });
        return letters.lastKey();
    }

    @Override
    public synchronized void keep(DeadLetter.Content content, StoreCallback callback) {
        if (failure == null) {
            Instant now = Instant.now();
            Optional<DeadLetter> before = letters.values().stream()
                    .filter(letter -> Arrays.equals(letter.content().key(), content.key())).findAny();
            long id = before.map(DeadLetter::id).orElse(letters.isEmpty() ? 1 : letters.lastKey() + 1);
            letters.put(id, new DeadLetter(id, before.map(DeadLetter::attempts).orElse(0) + 1, now, now,
                    content.body().length, content));
        }
        callback.done(false, failure);
    }

    @Override
    public synchronized void discard(List<Long> ids, StoreCallback callback) {
        if (failure == null) {
            discarded.add(List.copyOf(ids));
            ids.forEach(letters::remove);
        }
        callback.done(false, failure);
    }

    @Override
    public List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) {
        return letters.tailMap(after, false).values().stream().filter(filter::includes).limit(limit).toList();
    }

    @Override
    public synchronized Optional<DeadLetter> get(long id) throws StoreException {
        reads++;
        if (id >= unreadableFrom) {
            throw new StoreException("No broker answers");
        }
        return Optional.ofNullable(letters.get(id));
    }

    @Override
    public long count() {
        return letters.size();
    }

    @Override
    public long evicted() {
        return 0;
    }
}
