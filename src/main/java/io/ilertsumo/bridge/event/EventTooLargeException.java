package io.ilertsumo.bridge.event;

/** Thrown where a body is larger than allowed once decompressed; to be answered 413. */
public class EventTooLargeException extends Exception {

    private static final long serialVersionUID = 1L;

    public EventTooLargeException(String message) {
        super(message);
    }
}
