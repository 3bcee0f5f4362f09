package io.ilertsumo.bridge.outbox;

/** The outbox is at one of its bounds: nothing was stored, the sender may try again later. */
public class OutboxFullException extends OutboxException {

    private static final long serialVersionUID = 1L;

    public OutboxFullException(String message) {
        super(message, null);
    }
}
