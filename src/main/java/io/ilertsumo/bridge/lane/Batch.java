package io.ilertsumo.bridge.lane;

import java.util.List;

/** Events of one lane and one group that leave their lane together. Immutable. */
public interface Batch {

    /** The lane. */
    String lane();

    /** The group of all of its events. */
    String group();

    /** How many events. */
    int events();

    /** The events, one a line (NDJSON), without a line break at the end. */
    byte[] body();

    /** What it is made of, in the order of acceptance. */
    List<? extends Part> parts();

    /** Events that were accepted together. */
    interface Part {

        /** How many events. */
        int events();

        /** When they were accepted, in milliseconds since the epoch. */
        long accepted();
    }
}
