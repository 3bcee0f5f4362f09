package io.ilertsumo.bridge.event;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** What came would be larger than allowed once decompressed. */
@RegisterForReflection
public class EventTooLargeException extends UnreadableEventException {

    private static final long serialVersionUID = 1L;

    public EventTooLargeException(String message) {
        super(message);
    }
}
