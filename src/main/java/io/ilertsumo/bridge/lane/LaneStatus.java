package io.ilertsumo.bridge.lane;

/** The backlog of one lane. Thread-safe. */
public interface LaneStatus {

    /** The lane's name. */
    String name();

    /** Pending events; an estimate where several processes share the lane. */
    long events();

    /** Bytes of pending events; negative if unknown. */
    long bytes();

    /** When the oldest pending event was accepted, in milliseconds since the epoch; 0 if none is pending. */
    long oldest();

    /** Milliseconds since the oldest pending event was accepted; 0 if none is pending. */
    default long age() {
        long oldest = oldest();
        return oldest == 0 ? 0 : Math.max(0, System.currentTimeMillis() - oldest);
    }

    /** Why no event of the lane can be read to be delivered; {@code null} if none failed to be. */
    default String failure() {
        return null;
    }

    /** Whether a consumer of this process delivers the lane's events. */
    boolean isConsumed();
}
