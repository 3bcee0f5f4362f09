package io.ilertsumo.bridge.lane;

import java.util.Collection;

/** Persists the events of all lanes until they are delivered. Thread-safe. */
public interface LaneStore {

    /** Stores an event, unless it is a duplicate. Blocks for at most a second; calls back once the event is durable. */
    void append(LaneEvent event, StoreCallback callback);

    /**
     * Opens a lane for its consumer. A lane has one consumer in a process.
     *
     * @param  maxEvents      events in a batch, which the source may use to bound what it reads ahead
     * @param  maxBytes       bytes in a batch
     * @throws StoreException if the lane has a consumer already, or the store can't have a lane of this name
     */
    BatchSource open(String lane, int maxEvents, int maxBytes) throws StoreException;

    /** The lanes that have a consumer in this process or pending events. Does not block. */
    Collection<? extends LaneStatus> lanes();

    /**
     * Returns if an event could be stored now. Takes at most five seconds.
     *
     * @throws StoreException if it could not
     */
    void check() throws StoreException;

    /** What was damaged and set aside, until an operator removes it. Does not block. */
    default Damage damage() {
        return new Damage(0, 0);
    }

    /**
     * What is damaged.
     *
     * @param events events and dead letters in rows with a wrong checksum, which are not delivered
     * @param files  corrupt files
     */
    record Damage(long events, long files) {
    }
}
