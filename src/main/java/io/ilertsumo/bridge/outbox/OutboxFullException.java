package io.ilertsumo.bridge.outbox;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** The outbox is at one of its bounds: nothing was stored, the sender may try again later. */
@RegisterForReflection
public class OutboxFullException extends OutboxException {

    private static final long serialVersionUID = 1L;

    public OutboxFullException(String message) {
        super(message, null);
    }
}
