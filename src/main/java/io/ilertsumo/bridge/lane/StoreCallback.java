package io.ilertsumo.bridge.lane;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Receives the result of a write to a store: exactly one call, on any thread. */
@FunctionalInterface
public interface StoreCallback {

    /**
     * @param duplicate whether an event with the same ID was stored before, so that nothing was stored now
     * @param failure   why nothing was stored; {@code null} if the write is durable
     */
    void done(boolean duplicate, Exception failure);

    /** Starts a write. The future completes once the write is durable, or with its failure. */
    static CompletableFuture<Void> future(Consumer<StoreCallback> write) {
        CompletableFuture<Void> written = new CompletableFuture<>();
        write.accept((duplicate, failure) -> {
            if (failure == null) {
                written.complete(null);
            } else {
                written.completeExceptionally(failure);
            }
        });
        return written;
    }
}
