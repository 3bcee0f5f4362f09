package io.ilertsumo.bridge.store.sqlite;

import java.io.ByteArrayOutputStream;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.lane.StoreException;

/**
 * One lane: what is committed of its groups, and the batches of its consumer, which are read over a connection of their
 * own. Thread-safe, except what only the consumer calls.
 */
final class OutboxLane implements LaneStatus, BatchSource {

    private static final Logger LOG = LoggerFactory.getLogger(OutboxLane.class);

    private final String name;
    private final Outbox outbox;
    private final List<Fifo> fifos = new CopyOnWriteArrayList<>();
    private int turn;
    private boolean consumed;
    private boolean woken;
    // for the consumer's thread
    Sql sql;
    private int generation;
    /** The last batch, if it is delivered and not removed yet. */
    private OutboxBatch delivered;

    /**
     * Counts and position of a FIFO.
     *
     * @param bytes  bytes of pending events, line breaks included
     * @param first  rows with a lower ID are acknowledged
     * @param offset bytes of the row {@code first} that are acknowledged
     * @param oldest when the oldest pending event was accepted, in milliseconds since the epoch; 0 if none is pending
     */
    record State(long events, long bytes, long first, int offset, long oldest) {
    }

    /** The pending events of one lane and group: a row of the table {@code queue}. */
    static final class Fifo {

        final long id;
        final OutboxLane lane;
        final String group;
        /** The first ID of its rows in the table {@code event}. */
        final long begin;
        /** The first ID behind its rows. */
        final long end;
        volatile State committed;
        // of the open transaction, for the thread that writes
        State current;
        long lastRow;
        /** Events that are not written yet, each with a line break. */
        ByteArrayOutputStream row = new ByteArrayOutputStream(0);
        /** Of these events, as in the table; empty as long as none has a trace context. */
        final StringBuilder traceparents = new StringBuilder(0);
        int rowEvents;

        Fifo(long id, OutboxLane lane, String group) {
            this.id = id;
            this.lane = lane;
            this.group = group;
            begin = id << EventTable.ROW_BITS;
            end = id + 1 << EventTable.ROW_BITS;
            committed = new State(0, 0, begin, 0, 0);
            current = committed;
            lastRow = begin - 1;
        }

        void clearRow() {
            // the buffer of a large event is not kept
            row = row.size() > EventTable.MAX_ROW_BYTES ? new ByteArrayOutputStream(0) : row;
            row.reset();
            traceparents.setLength(0);
            rowEvents = 0;
        }
    }

    OutboxLane(String name, Outbox outbox) {
        this.name = name;
        this.outbox = outbox;
    }

    /** Takes the lane for a consumer. */
    synchronized void claim() throws StoreException {
        if (consumed) {
            throw new StoreException("The lane " + name + " has a consumer already");
        }
        consumed = true;
    }

    /** Shows what is committed. */
    synchronized void commit(Fifo fifo) {
        fifo.committed = fifo.current;
        if (!fifos.contains(fifo)) {
            fifos.add(fifo);
        }
        notifyAll();
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

    @Override
    public long oldest() {
        return fifos.stream().mapToLong(fifo -> fifo.committed.oldest).filter(at -> at > 0).min().orElse(0);
    }

    @Override
    public synchronized boolean isConsumed() {
        return consumed;
    }

    @Override
    public synchronized boolean await(long wantedEvents, long wantedBytes, long millis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        for (long left = millis; !woken && left > 0 && events() < wantedEvents && bytes() < wantedBytes;) {
            wait(left);
            left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        }
        woken = false;
        return events() >= wantedEvents || bytes() >= wantedBytes;
    }

    @Override
    public void idle(long millis) throws InterruptedException {
        await(Long.MAX_VALUE, Long.MAX_VALUE, millis);
    }

    @Override
    public synchronized void wake() {
        woken = true;
        notifyAll();
    }

    @Override
    public OutboxBatch next(int maxEvents, int maxBytes) throws StoreException {
        removeDelivered();
        try {
            if (sql == null || generation != outbox.database.generation) {
                disconnect();
                generation = outbox.database.generation;
                sql = outbox.database.connect();
            }
            OutboxBatch batch = null;
            for (Fifo fifo : pending()) {
                batch = batch == null ? read(fifo, maxEvents, maxBytes) : batch;
            }
            return batch;
        } catch (SQLException e) {
            disconnect();
            throw outbox.database.unreadable(e);
        }
    }

    /** The FIFOs that have pending events, the one whose turn it is first. */
    private synchronized List<Fifo> pending() {
        return IntStream.range(0, fifos.size()).mapToObj(i -> fifos.get((turn + i) % fifos.size()))
                .filter(fifo -> fifo.committed.events > 0).toList();
    }

    private OutboxBatch read(Fifo fifo, int maxEvents, int maxBytes) throws SQLException, StoreException {
        while (true) {
            State before = fifo.committed;
            OutboxBatch batch = OutboxBatch.read(sql, fifo, maxEvents, maxBytes);
            // not those that were stored after the read
            if (batch == null && before.events() > 0 && before == fifo.committed) {
                outbox.write(() -> outbox.events.move(fifo, 0, 0, fifo.current.first(), fifo.current.offset()));
                LOG.error("{} events of the lane {} are not found in the outbox {} and NOT delivered", before.events(),
                        name, outbox.database);
            }
            if (batch == null || !batch.isDamaged()) {
                return batch;
            }
            outbox.write(() -> outbox.events.setAside(batch));
            LOG.error("The row {} of the outbox {} is damaged and moved to the table damaged: {} events of the lane {} "
                    + "are NOT delivered", batch.row() - 1, outbox.database, batch.events(), name);
        }
    }

    /**
     * Removes the batch. If it can't be removed, {@link #next(int, int)} retries it before it returns another batch, also
     * for the next consumer: else the batch would be delivered again.
     */
    @Override
    public void acknowledge(Batch batch) {
        delivered = (OutboxBatch) batch;
        try {
            removeDelivered();
        } catch (StoreException e) {
            LOG.error("A batch of the lane {} is delivered, but not removed from the outbox: it is delivered again "
                    + "after a restart, unless a retry succeeds: {}", name, e.getMessage());
        }
    }

    private void removeDelivered() throws StoreException {
        if (delivered != null) {
            outbox.write(() -> outbox.events.acknowledge(delivered));
            turn = fifos.indexOf(delivered.fifo()) + 1;
            delivered = null;
        }
    }

    private void disconnect() {
        Sql.close(sql);
        sql = null;
    }

    /** Releases the lane for another consumer. */
    @Override
    public void close() {
        // not with the lock, which health checks and the writer need
        disconnect();
        synchronized (this) {
            consumed = false;
            woken = false;
        }
    }
}
