package io.ilertsumo.bridge.lane;

import java.io.IOException;

/**
 * Where the consumer of a lane gets its batches from. It belongs to one thread, but for {@link #wake()}.
 *
 * @param <B> its batches
 */
public interface BatchSource<B extends Batch> extends AutoCloseable {

    /**
     * Waits for events, at most for that long.
     *
     * @return whether there are that many of them, or bytes
     */
    boolean await(int events, int bytes, long millis) throws Exception;

    /** Waits while no batch is to be handed out, at most for that long. */
    void idle(long millis) throws Exception;

    /** When the oldest event that waits was accepted, in milliseconds since the epoch; 0 if none waits. */
    long oldest() throws Exception;

    /**
     * The oldest event that waits and those of its group that may go with it. It waits still, until the batch is
     * removed.
     *
     * @param  maxEvents at most that many events
     * @param  maxBytes  at most that many bytes, unless the first event alone has more
     * @return           {@code null} if nothing waits
     */
    B next(int maxEvents, int maxBytes) throws Exception;

    /** Takes away what was delivered. */
    void remove(B batch) throws Exception;

    /** Ends the waiting of its thread. For any thread. */
    void wake();

    @Override
    void close() throws IOException;
}
