package io.ilertsumo.bridge.lane;

import org.apache.camel.Exchange;

/**
 * Follows the batches of all lanes: every bean of this type is called. The calls for one lane come from one thread and
 * must not block.
 */
public interface BatchListener {

    /** What became of a batch. */
    enum Result {
        /** It is delivered. */
        DELIVERED,
        /** The route has handled its failure: its only event is a dead letter. */
        REJECTED,
        /** The route has marked it for rollback: the next batch has half as many events. */
        SPLIT,
        /** It failed and is retried. */
        FAILED
    }

    /** Milliseconds until the lane may deliver its next batch; 0 for now. */
    default long delayMillis(LaneEndpoint lane) {
        return 0;
    }

    /** The lane has no pending events, since it is empty or another process delivers them. */
    default void empty(LaneEndpoint lane) {
    }

    /** The exchange of a batch is about to begin. */
    default void begin(LaneEndpoint lane, Batch batch, Exchange exchange) {
    }

    /** The exchange of a batch is done. Batches that are delivered or rejected are acknowledged by then, or their store retries it. */
    void done(LaneEndpoint lane, Batch batch, Result result, Exchange exchange);
}
