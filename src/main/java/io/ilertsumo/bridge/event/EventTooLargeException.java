package io.ilertsumo.bridge.event;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** Thrown where a body is larger than allowed once decompressed; to be answered 413. */
@RegisterForReflection
public class EventTooLargeException extends Exception {

    private static final long serialVersionUID = 1L;

    public EventTooLargeException(String message) {
        super(message);
    }
}
