package io.ilertsumo.bridge.store.sqlite;

import java.io.IOException;
import java.nio.file.FileStore;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.lane.StoreFullException;

/** The transactions of the outbox, and its bounds. For the thread that writes, except {@link #report(Throwable)}. */
final class OutboxWriter implements CommitLoop.Transactions {

    /** Free pages that stay in the file for reuse. The others are returned to the disk while the outbox is idle. */
    private static final int FREE_PAGES_KEPT = 2048;
    private static final int FREE_PAGES_RETURNED_AT_ONCE = 256;
    private static final long DISK_CHECK_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LOG_INTERVAL_MILLIS = TimeUnit.MINUTES.toMillis(1);

    private static final Logger LOG = LoggerFactory.getLogger(OutboxWriter.class);

    final EventTable events;
    final DeadLetterTable deadLetters;
    private final SeenTable seen;
    private final OutboxDatabase database;
    private final Bounds bounds;
    private final FileStore disk;
    private Sql sql;
    /** The error that shows that the file is corrupt, until the file is replaced. */
    private volatile Throwable corrupt;
    private long now;
    private boolean isDiskFull;
    private long diskCheckedNanos = System.nanoTime() - DISK_CHECK_NANOS;
    private boolean hasAccepted;
    private boolean hasRejected;
    private boolean isFullLogged;
    private long fullLogged;

    /**
     * @param disk  where the file is
     * @param lanes the lane of a name, which may be new
     */
    OutboxWriter(OutboxDatabase database, Bounds bounds, FileStore disk, Function<String, OutboxLane> lanes)
            throws SQLException, IOException, StoreException {
        this.database = database;
        this.bounds = bounds;
        this.disk = disk;
        this.events = new EventTable(lanes);
        this.seen = new SeenTable(new IdempotencyWindow(bounds.keys(), bounds.keyAge().toMillis()));
        this.deadLetters = new DeadLetterTable(bounds, System.currentTimeMillis(), System.nanoTime());
        open();
    }

    private void open() throws SQLException, IOException, StoreException {
        sql = database.open(corrupt, opened -> {
            events.open(opened);
            seen.open(opened);
            deadLetters.open(opened);
        });
        corrupt = null;
    }

    /** Reports an error of another connection: a corrupt file is replaced. For any thread. */
    void report(Throwable e) {
        if (Sql.isCorrupt(e)) {
            corrupt = e;
        }
    }

    @Override
    public void begin() throws SQLException, IOException, StoreException {
        if (corrupt != null) {
            close();
        }
        if (sql == null) {
            open();
        }
        if (System.nanoTime() - diskCheckedNanos >= DISK_CHECK_NANOS) {
            isDiskFull = disk.getUsableSpace() <= bounds.freeDisk();
            diskCheckedNanos = System.nanoTime();
        }
        now = System.currentTimeMillis();
        hasAccepted = false;
        hasRejected = false;
        sql.update("BEGIN IMMEDIATE");
    }

    @Override
    public void commit() throws SQLException {
        events.write(now);
        seen.write(now);
        deadLetters.evictAged(now, System.nanoTime());
        sql.update("COMMIT");
        events.committed();
        seen.committed(now);
        deadLetters.committed();
        if (hasRejected && !isFullLogged && Math.abs(now - fullLogged) >= LOG_INTERVAL_MILLIS) {
            isFullLogged = true;
            fullLogged = now;
            LOG.warn("The {} {} is full and rejects events. Pending events: {}",
                    isDiskFull ? "disk of the outbox" : "outbox", database, events.events());
        } else if (hasAccepted && !hasRejected && isFullLogged) {
            isFullLogged = false;
            LOG.warn("The outbox {} accepts events again. Pending events: {}", database, events.events());
        }
    }

    /** Closes the connection. The next transaction opens another one and reads what is committed. */
    @Override
    public void rollback(Throwable cause) {
        report(cause);
        close();
    }

    @Override
    public boolean idle() throws SQLException, IOException, StoreException {
        begin();
        commit();
        if (sql.number("PRAGMA freelist_count") <= FREE_PAGES_KEPT) {
            return false;
        }
        sql.execute("PRAGMA incremental_vacuum(" + FREE_PAGES_RETURNED_AT_ONCE + ")");
        // the file gets shorter with the next checkpoint, and while the outbox is idle none comes by itself
        sql.execute("PRAGMA wal_checkpoint(PASSIVE)");
        return true;
    }

    void close() {
        if (sql != null) {
            sql.close();
            sql = null;
        }
    }

    /** Stores an event; returns whether it is a duplicate, and not stored. */
    boolean append(LaneEvent event, IdempotencyWindow.Key key) throws StoreFullException {
        if (!event.replay() && seen.contains(key)) {
            return true;
        }
        requireRoom(event.line().length);
        events.add(event.lane(), event.group(), event.line());
        seen.add(key);
        hasAccepted = true;
        return false;
    }

    /** Writes a row, if the outbox has room for an event. */
    void probe() throws SQLException, StoreFullException {
        requireRoom(0);
        sql.update("INSERT OR REPLACE INTO probe VALUES (1, ?)", now);
    }

    private void requireRoom(int bytes) throws StoreFullException {
        if (isDiskFull || events.events() >= bounds.events() || events.bytes() + bytes >= bounds.bytes()) {
            hasRejected = true;
            throw new StoreFullException(isDiskFull ? "The disk of the outbox is full" : "The outbox is full");
        }
    }

    /** Keeps a dead letter. The events of a lane are kept on a full disk too: the lane could not go on without it. */
    void keep(DeadLetter.Content content, byte[] key) throws SQLException, StoreFullException {
        if (isDiskFull && content.lane() == null) {
            throw new StoreFullException("The disk of the outbox is full");
        }
        deadLetters.keep(content, key, now);
    }
}
