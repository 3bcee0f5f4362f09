package io.ilertsumo.bridge.lane;

/** The store could not write or read, and nothing has changed. The message is for an operator and holds no secret. */
public class StoreException extends Exception {

    private static final long serialVersionUID = 1L;

    public StoreException(String message) {
        this(message, null);
    }

    public StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
