package io.ilertsumo.bridge.outbox;

import java.util.List;

import io.ilertsumo.bridge.lane.Batch;

/**
 * Events of one lane and one group that leave the outbox together.
 *
 * @param lane   the lane
 * @param group  the group
 * @param events how many events
 * @param body   the events, one a line (NDJSON), without a line break at the end
 * @param parts  where they lie in the file, in the order of their acceptance
 */
public record OutboxBatch(String lane, String group, int events, byte[] body, List<Part> parts) implements Batch {

    /**
     * The events of one stored chunk that belong to the batch.
     *
     * @param chunk    the chunk's row
     * @param events   how many of its events
     * @param bytes    how many bytes of its body, line breaks included
     * @param left     how many bytes of the chunk there were, these included
     * @param accepted when they were stored, in milliseconds since the epoch
     */
    public record Part(long chunk, int events, int bytes, int left, long accepted) implements Batch.Part {

        /** Whether that is all that was left of the chunk. */
        boolean isWhole() {
            return bytes == left;
        }
    }
}
