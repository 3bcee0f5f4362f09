package io.ilertsumo.bridge.lane;

import java.util.concurrent.CompletableFuture;

/** What became of a write: told once, by a thread that must not be held up. */
@FunctionalInterface
public interface Outcome {

    /**
     * @param repeated whether the event was known already, so that there was nothing to store
     * @param failure  why nothing was stored; {@code null} if it is safely stored
     */
    void done(boolean repeated, Exception failure);

    /** Completes the future, exceptionally if nothing was stored. */
    static Outcome completing(CompletableFuture<Void> future) {
        return (repeated, failure) -> {
            if (failure == null) {
                future.complete(null);
            } else {
                future.completeExceptionally(failure);
            }
        };
    }
}
