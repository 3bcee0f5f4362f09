package io.ilertsumo.bridge.lane;

/**
 * The pending events of one lane, for its consumer. Each group of the lane is a FIFO with a position of its own; groups
 * take turns. Belongs to one thread, except {@link #wake()}.
 */
public interface BatchSource extends AutoCloseable {

    /**
     * Waits until enough events are pending.
     *
     * @param  events events that are enough
     * @param  bytes  bytes of events that are enough
     * @param  millis the longest wait
     * @return        whether there are enough
     */
    boolean await(long events, long bytes, long millis) throws StoreException, InterruptedException;

    /** Waits while no batch is to be delivered. */
    void idle(long millis) throws StoreException, InterruptedException;

    /** When the lane's oldest pending event was accepted, in milliseconds since the epoch; 0 if none is pending. */
    long oldest() throws StoreException;

    /**
     * The oldest events of the group whose turn it is. They stay pending until {@link #acknowledge(Batch)}.
     *
     * @param  maxEvents at most this many events
     * @param  maxBytes  at most this many bytes, unless the first event alone has more
     * @return           {@code null} if none is pending
     */
    Batch next(int maxEvents, int maxBytes) throws StoreException;

    /** Removes the events of a batch, the last one that {@link #next(int, int)} returned. */
    void acknowledge(Batch batch) throws StoreException;

    /** Ends a wait of the source's thread. For any thread. */
    void wake();

    @Override
    void close();
}
