package io.ilertsumo.bridge.outbox;

/** One lane as it is on disk: how much waits, and a place to wait for more. */
public final class Lane {

    private final String name;
    private long events;
    private long bytes;
    private boolean claimed;
    private boolean failing;

    Lane(String name) {
        this.name = name;
    }

    /** Takes the lane for a consumer; {@code false} if another one has it. */
    synchronized boolean claim() {
        boolean free = !claimed;
        claimed = true;
        return free;
    }

    synchronized void release() {
        claimed = false;
    }

    /** Whether a consumer hands out the lane's events. */
    public synchronized boolean isConsumed() {
        return claimed;
    }

    synchronized void failing(boolean isFailing) {
        failing = isFailing;
    }

    /** Whether there are events and the last batch of them could not be delivered. */
    synchronized boolean isHeldUp() {
        return failing && events > 0;
    }

    public String name() {
        return name;
    }

    public synchronized long events() {
        return events;
    }

    public synchronized long bytes() {
        return bytes;
    }

    synchronized void changed(long moreEvents, long moreBytes) {
        events += moreEvents;
        bytes += moreBytes;
        notifyAll();
    }

    /** Lets waiting threads look again. */
    synchronized void wake() {
        notifyAll();
    }

    /**
     * Waits for events.
     *
     * @return whether there are that many of them, or bytes
     */
    synchronized boolean await(long wantedEvents, long wantedBytes, long millis) throws InterruptedException {
        if (events < wantedEvents && bytes < wantedBytes && millis > 0) {
            wait(millis);
        }
        return events >= wantedEvents || bytes >= wantedBytes;
    }
}
