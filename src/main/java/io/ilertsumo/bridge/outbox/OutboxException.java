package io.ilertsumo.bridge.outbox;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** The outbox could not store or read; nothing of what was asked for has happened. */
@RegisterForReflection
public class OutboxException extends Exception {

    private static final long serialVersionUID = 1L;

    public OutboxException(String message, Throwable cause) {
        super(message, cause);
    }
}
