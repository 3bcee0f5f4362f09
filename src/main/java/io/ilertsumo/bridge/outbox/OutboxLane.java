package io.ilertsumo.bridge.outbox;

import java.sql.SQLException;

import io.ilertsumo.bridge.lane.Lane;

/** One lane as it is on disk: how much waits, and a place to wait for more. */
final class OutboxLane implements Lane {

    private final OutboxFile file;
    private final String name;
    private long events;
    private long bytes;
    private boolean claimed;

    OutboxLane(OutboxFile file, String name) {
        this.file = file;
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

    @Override
    public synchronized boolean isConsumed() {
        return claimed;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public synchronized long events() {
        return events;
    }

    @Override
    public synchronized long bytes() {
        return bytes;
    }

    @Override
    public long age() throws SQLException {
        return events() == 0 ? 0 : file.age(name);
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
