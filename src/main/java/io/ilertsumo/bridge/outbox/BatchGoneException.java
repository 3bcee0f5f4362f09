package io.ilertsumo.bridge.outbox;

import io.ilertsumo.bridge.lane.LaneException;

/** The batch was removed before: nothing is taken away twice, what lies there now are other events. */
class BatchGoneException extends LaneException {

    private static final long serialVersionUID = 1L;

    BatchGoneException() {
        super("The batch was removed before", null);
    }
}
