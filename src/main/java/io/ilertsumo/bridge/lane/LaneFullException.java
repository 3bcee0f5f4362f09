package io.ilertsumo.bridge.lane;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** What waits is at one of its bounds: nothing was stored, the sender may try again later. */
@RegisterForReflection
public class LaneFullException extends LaneException {

    private static final long serialVersionUID = 1L;

    public LaneFullException(String message) {
        super(message, null);
    }
}
