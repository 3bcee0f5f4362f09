package io.ilertsumo.bridge.lane;

import java.util.Collection;

/** Where events wait for their delivery: the outbox, or Kafka. Thread-safe. */
public interface LaneStore {

    /** All lanes that have a route or waiting events. */
    Collection<? extends Lane> lanes();

    /**
     * Returns if an event could be stored now, else says why not.
     *
     * @throws Exception with a message for an operator, without secrets
     */
    void check() throws Exception;
}
