package io.ilertsumo.bridge.lane;

/** The backlog of one lane. Thread-safe. */
public interface LaneStatus {

    /** The lane's name. */
    String name();

    /** Pending events; an estimate where several processes share the lane. */
    long events();

    /** Bytes of pending events; negative if unknown. */
    long bytes();

    /** Milliseconds since the oldest pending event was accepted; 0 if there is none. */
    long age() throws StoreException;

    /** Whether a consumer of this process delivers the lane's events. */
    boolean isConsumed();
}
