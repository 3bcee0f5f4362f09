package io.ilertsumo.bridge.store.sqlite;

import java.sql.SQLException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.store.sqlite.OutboxLane.Fifo;

/** The batches of one lane, read over a connection of its own. */
final class OutboxSource implements BatchSource {

    private static final int RETRY_MILLIS = 1000;
    private static final int RETRIES_PER_LOG = 60;

    private static final Logger LOG = LoggerFactory.getLogger(OutboxSource.class);

    private final OutboxLane lane;
    private final OutboxDatabase database;
    private final OutboxWriter writer;
    private final CommitLoop loop;
    private Sql sql;
    private int generation;
    /** The last batch, if it is delivered and that is not stored yet. */
    private OutboxBatch delivered;
    private volatile boolean closed;

    /** @param lane released when the source is closed */
    OutboxSource(OutboxLane lane, OutboxDatabase database, OutboxWriter writer, CommitLoop loop) throws SQLException {
        this.lane = lane;
        this.database = database;
        this.writer = writer;
        this.loop = loop;
        connect();
    }

    private void connect() throws SQLException {
        if (sql == null || generation != database.generation()) {
            disconnect();
            generation = database.generation();
            sql = database.connect();
        }
    }

    private void disconnect() {
        if (sql != null) {
            sql.close();
            sql = null;
        }
    }

    @Override
    public boolean await(int events, int bytes, long millis) throws InterruptedException {
        return lane.await(events, bytes, millis);
    }

    @Override
    public void idle(long millis) throws InterruptedException {
        lane.await(Long.MAX_VALUE, Long.MAX_VALUE, millis);
    }

    @Override
    public long oldest() {
        return lane.oldest();
    }

    @Override
    public OutboxBatch next(int maxEvents, int maxBytes) throws StoreException {
        if (delivered != null) {
            acknowledge(delivered);
        }
        try {
            connect();
            OutboxBatch batch = null;
            for (Fifo fifo : lane.pending()) {
                batch = batch == null ? read(fifo, maxEvents, maxBytes) : batch;
            }
            return batch;
        } catch (SQLException e) {
            writer.report(e);
            disconnect();
            throw database.unreadable(e);
        }
    }

    private OutboxBatch read(Fifo fifo, int maxEvents, int maxBytes) throws SQLException, StoreException {
        while (true) {
            OutboxBatch.Reader reader = new OutboxBatch.Reader(fifo, maxEvents, maxBytes);
            OutboxBatch batch = reader.read(sql);
            OutboxBatch damaged = reader.damaged;
            if (damaged == null) {
                return batch;
            }
            StoreException failure = loop.submit(() -> writer.events.setAside(damaged)).join();
            if (failure != null) {
                throw failure;
            }
            LOG.error("The row {} of the outbox {} is damaged and moved to the table damaged: {} events of the lane {} "
                    + "are NOT delivered", damaged.row() - 1, database, damaged.events(), lane.name());
        }
    }

    /**
     * Stores that the batch is delivered. Retries until it is stored: else the batch would be delivered again. The end of
     * the source or the outbox, {@link #wake()} and an interrupt end the retries; then {@link #next(int, int)} retries.
     */
    @Override
    public void acknowledge(Batch batch) throws StoreException {
        delivered = (OutboxBatch) batch;
        OutboxBatch acknowledged = delivered;
        for (int retry = 0;; retry++) {
            StoreException failure = loop.submit(() -> writer.events.acknowledge(acknowledged)).join();
            if (failure == null) {
                delivered = null;
                lane.endTurn(acknowledged.fifo());
                return;
            }
            if (retry % RETRIES_PER_LOG == 0) {
                LOG.error("A batch of the lane {} is delivered, but not removed from the outbox: it is delivered again "
                        + "after a restart, unless a retry succeeds: {}", lane.name(), failure.getMessage());
            }
            if (closed || !loop.isOpen() || !pause()) {
                throw failure;
            }
        }
    }

    private boolean pause() {
        try {
            return lane.pause(Long.MAX_VALUE, Long.MAX_VALUE, RETRY_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void wake() {
        lane.wake();
    }

    /** For any thread. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            lane.wake();
            disconnect();
            lane.release();
        }
    }
}
