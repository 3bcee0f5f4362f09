package io.ilertsumo.bridge.lane;

/** How much waits in a lane. Thread-safe. */
public interface Lane {

    /** Its name. */
    String name();

    /** How many events wait, at least about. */
    long events();

    /** How many bytes they have; negative if that is not known. */
    long bytes();

    /** How long the oldest of them has waited, in milliseconds; 0 if none waits. */
    long age() throws Exception;

    /** Whether a consumer hands them out. */
    boolean isConsumed();
}
