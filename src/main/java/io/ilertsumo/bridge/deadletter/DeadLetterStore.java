package io.ilertsumo.bridge.deadletter;

import java.io.IOException;

import io.ilertsumo.bridge.lane.Outcome;

/** Where dead letters are kept, durably and within bounds: the oldest make room for new ones. Thread-safe. */
public interface DeadLetterStore {

    /** Keeps what can't be delivered. What was kept before is not kept twice: its attempts are counted. */
    void keep(Undeliverable undeliverable, Outcome outcome);

    /** Throws a dead letter away; the outcome is a {@link DeadLetterGoneException} if there is none of that id. */
    void discard(long deadLetter, Outcome outcome) throws InterruptedException;

    /** Opens the dead letters for one thread to read: all that were kept before, and none that was discarded. */
    DeadLetters open() throws IOException;

    /** How many dead letters are kept. */
    long kept();

    /** How many dead letters this process has thrown away for one of their bounds since it was started. */
    long dropped();
}
