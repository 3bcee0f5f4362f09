package io.ilertsumo.bridge.deadletter;

import java.util.List;
import java.util.Optional;

import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;

/**
 * Keeps dead letters durably and within bounds: over a bound, the oldest are evicted. An event, or a body that is no event, has
 * one dead letter, however often it is kept. Thread-safe. Methods that return something block while they read. Callbacks
 * run on a thread of the store and must not block.
 */
public interface DeadLetterStore {

    /** Keeps a dead letter. Does not block; calls back once it is durable. */
    void keep(DeadLetter.Content content, StoreCallback callback);

    /**
     * Deletes dead letters, those that are gone already included. Does not block; calls back once all are gone.
     *
     * @param ids the numbers of any dead letters, at most 1,000
     */
    void discard(List<Long> ids, StoreCallback callback);

    /**
     * The selected dead letters without their bodies, in the order of their numbers.
     *
     * @param after only those with a higher number
     * @param limit at most this many
     */
    List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) throws StoreException;

    /** A dead letter with its body. */
    Optional<DeadLetter> get(long id) throws StoreException;

    /** The number of dead letters; at most some seconds old. Does not block. */
    long count();

    /** Dead letters that this process has evicted since its start. Does not block. */
    long evicted();
}
