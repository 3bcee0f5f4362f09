package io.ilertsumo.bridge.lane;

/** Receives the result of a write to a store: exactly one call, on any thread. */
@FunctionalInterface
public interface StoreCallback {

    /**
     * @param duplicate whether an event with the same ID was stored before, so that nothing was stored now
     * @param failure   why nothing was stored; {@code null} if the write is durable
     */
    void done(boolean duplicate, Exception failure);
}
