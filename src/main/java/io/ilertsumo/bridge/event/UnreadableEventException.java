package io.ilertsumo.bridge.event;

/** Thrown where a body is not an event. The message describes what is wrong, without content of the body. */
public class UnreadableEventException extends Exception {

    private static final long serialVersionUID = 1L;
    private final int status;

    public UnreadableEventException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** Returns the HTTP status to answer with: 415 for a type or encoding that is not supported, else 400. */
    public int getStatus() {
        return status;
    }
}
