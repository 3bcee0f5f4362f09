package io.ilertsumo.bridge.event;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** What came is not an event: its message says what is wrong, without a word of the content. */
@RegisterForReflection
public class UnreadableEventException extends Exception {

    private static final long serialVersionUID = 1L;

    public UnreadableEventException(String message) {
        super(message);
    }
}
