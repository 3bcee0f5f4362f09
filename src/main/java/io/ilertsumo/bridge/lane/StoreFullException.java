package io.ilertsumo.bridge.lane;

/** One of the store's bounds is reached, and nothing was stored. A later try may succeed. */
public class StoreFullException extends StoreException {

    private static final long serialVersionUID = 1L;

    public StoreFullException(String message) {
        super(message);
    }
}
