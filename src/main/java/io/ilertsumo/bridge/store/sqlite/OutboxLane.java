package io.ilertsumo.bridge.store.sqlite;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.ilertsumo.bridge.lane.LaneStatus;

/** One lane: what is committed of its groups, whose turn it is, and the wait for more events. Thread-safe. */
final class OutboxLane implements LaneStatus {

    private final String name;
    private final List<Fifo> fifos = new CopyOnWriteArrayList<>();
    private int turn;
    private boolean consumed;
    private boolean woken;

    /**
     * Counts and position of a FIFO.
     *
     * @param bytes  bytes of pending events, line breaks included
     * @param first  rows with a lower ID are acknowledged
     * @param taken  bytes of the row {@code first} that are acknowledged
     * @param oldest when the oldest pending event was accepted, in milliseconds since the epoch; 0 if none is pending
     */
    record State(long events, long bytes, long first, int taken, long oldest) {
    }

    /** The pending events of one lane and group: a row of the table {@code queue}. */
    static final class Fifo {

        final long id;
        final OutboxLane lane;
        final String group;
        volatile State committed = new State(0, 0, 0, 0, 0);
        /** In the open transaction. For the thread that writes. */
        State current = committed;

        Fifo(long id, OutboxLane lane, String group) {
            this.id = id;
            this.lane = lane;
            this.group = group;
        }
    }

    OutboxLane(String name) {
        this.name = name;
    }

    /** Takes the lane for a consumer; returns whether it had none. */
    synchronized boolean claim() {
        boolean isFree = !consumed;
        consumed = true;
        return isFree;
    }

    synchronized void release() {
        consumed = false;
        woken = false;
    }

    /** Shows what is committed. */
    synchronized void commit(Fifo fifo) {
        fifo.committed = fifo.current;
        if (!fifos.contains(fifo)) {
            fifos.add(fifo);
        }
        notifyAll();
    }

    /** The FIFOs that have pending events, the one whose turn it is first. */
    synchronized List<Fifo> pending() {
        return IntStream.range(0, fifos.size()).mapToObj(i -> fifos.get((turn + i) % fifos.size()))
                .filter(fifo -> fifo.committed.events > 0).toList();
    }

    synchronized void endTurn(Fifo fifo) {
        turn = fifos.indexOf(fifo) + 1;
    }

    /** Ends the wait of the consumer, or its next one. */
    synchronized void wake() {
        woken = true;
        notifyAll();
    }

    /** Waits for events; returns whether so many of them, or of their bytes, are pending. */
    synchronized boolean await(long wantedEvents, long wantedBytes, long millis) throws InterruptedException {
        pause(wantedEvents, wantedBytes, millis);
        woken = false;
        return events() >= wantedEvents || bytes() >= wantedBytes;
    }

    /** Waits for events; returns {@code false} if the consumer is woken. Then its next wait ends at once, too. */
    synchronized boolean pause(long wantedEvents, long wantedBytes, long millis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        for (long left = millis; !woken && left > 0 && events() < wantedEvents && bytes() < wantedBytes;) {
            wait(left);
            left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        }
        return !woken;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long events() {
        return fifos.stream().mapToLong(fifo -> fifo.committed.events).sum();
    }

    @Override
    public long bytes() {
        return fifos.stream().mapToLong(fifo -> fifo.committed.bytes).sum();
    }

    /** When the oldest pending event was accepted, in milliseconds since the epoch; 0 if none is pending. */
    long oldest() {
        return fifos.stream().mapToLong(fifo -> fifo.committed.oldest).filter(at -> at > 0).min().orElse(0);
    }

    @Override
    public long age() {
        long oldest = oldest();
        return oldest == 0 ? 0 : Math.max(0, System.currentTimeMillis() - oldest);
    }

    @Override
    public synchronized boolean isConsumed() {
        return consumed;
    }
}
