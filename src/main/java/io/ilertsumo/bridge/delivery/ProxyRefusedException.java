package io.ilertsumo.bridge.delivery;

import java.io.IOException;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** The proxy refuses to forward calls: it requires other credentials, or does not allow the host. */
@RegisterForReflection
public final class ProxyRefusedException extends IOException {

    private static final long serialVersionUID = 1L;

    ProxyRefusedException(String message) {
        super(message);
    }
}
