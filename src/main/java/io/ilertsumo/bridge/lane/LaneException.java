package io.ilertsumo.bridge.lane;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** A lane could not store or read; nothing of what was asked for has happened. */
@RegisterForReflection
public class LaneException extends Exception {

    private static final long serialVersionUID = 1L;

    public LaneException(String message, Throwable cause) {
        super(message, cause);
    }
}
