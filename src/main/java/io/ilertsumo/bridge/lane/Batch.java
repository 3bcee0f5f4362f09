package io.ilertsumo.bridge.lane;

import java.util.List;

/** Events of one lane and one group that are delivered in one request. Immutable. */
public interface Batch {

    /** The lane. */
    String lane();

    /** The group of all its events. */
    String group();

    /** The number of events, at least 1. */
    int events();

    /** The events, one a line (NDJSON), without a line break at the end. */
    byte[] body();

    /** The trace contexts of those of its events that have one. */
    List<String> traceparents();

    /** The events in the order of acceptance, those that were accepted together as one part. */
    List<? extends Part> parts();

    /** Events that were accepted together. */
    interface Part {

        /** The number of events. */
        int events();

        /** When they were accepted, in milliseconds since the epoch. */
        long accepted();
    }
}
