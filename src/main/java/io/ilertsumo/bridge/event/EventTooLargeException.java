package io.ilertsumo.bridge.event;

/** What came would be larger than allowed once decompressed. */
public class EventTooLargeException extends UnreadableEventException {

    private static final long serialVersionUID = 1L;

    public EventTooLargeException(String message) {
        super(message);
    }
}
