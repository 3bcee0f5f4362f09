package io.ilertsumo.bridge.store.sqlite;

import java.io.File;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.AgeCheck;
import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.event.EventKey;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.log.LogLimit;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.store.sqlite.IdempotencyWindow.Key;

/** Lanes and dead letters in one SQLite file. Thread-safe. */
public final class Outbox implements LaneStore, AutoCloseable {

    private static final int CHECK_SECONDS = 5;
    private static final long DISK_CHECK_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Free pages that stay in the file for reuse. The others are returned to the disk while the outbox is idle. */
    private static final int FREE_PAGES_KEPT = 2048;
    private static final int FREE_PAGES_RETURNED_AT_ONCE = 256;

    private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);

    private final File directory;
    private final long maxEvents;
    private final long maxBytes;
    private final long minFreeDisk;
    private final LongSupplier freeDisk;
    final OutboxDatabase database;
    private final Map<String, OutboxLane> lanes = new ConcurrentHashMap<>();
    /** For the thread that writes. */
    final EventTable events = new EventTable(this::lane);
    private final IdempotencyWindow seen;
    private final DeadLetterTable deadLetters;
    final Writer writer = new Writer();
    final CommitLoop loop;

    /**
     * Opens the outbox in its directory, which is created if it is missing.
     *
     * @param  completions    runs the callbacks
     * @throws StoreException if another process uses it, its schema has another version, or it can't be opened
     */
    public Outbox(BridgeSettings settings, Executor completions) throws StoreException {
        this(settings, completions, settings.outboxDirectory().toFile()::getUsableSpace);
    }

    /** @param freeDisk bytes that are free on the disk */
    Outbox(BridgeSettings settings, Executor completions, LongSupplier freeDisk) throws StoreException {
        directory = settings.outboxDirectory().toFile();
        maxEvents = settings.outboxMaxEvents();
        maxBytes = settings.outboxMaxBytes().asLongValue();
        minFreeDisk = settings.outboxMinFreeDisk().asLongValue();
        this.freeDisk = freeDisk;
        seen = new IdempotencyWindow(settings.idempotencyKeys(), settings.idempotencyPeriod().toMillis());
        database = new OutboxDatabase(settings.outboxDirectory());
        deadLetters = new DeadLetterTable(this, settings, new AgeCheck(System.currentTimeMillis(), System.nanoTime()));
        try {
            database.lock();
            writer.open();
        } catch (IOException | SQLException | StoreException e) {
            database.close();
            throw e instanceof StoreException refused
                    ? refused
                    : new StoreException("The outbox " + database + " can't be opened: " + e.getMessage(), e);
        }
        loop = new CommitLoop("The outbox " + database, writer, completions);
    }

    /** The dead letters in the same file; closed with the outbox. */
    public DeadLetterStore deadLetters() {
        return deadLetters;
    }

    private OutboxLane lane(String name) {
        return lanes.computeIfAbsent(name, key -> new OutboxLane(key, this));
    }

    @Override
    public void append(LaneEvent event, StoreCallback callback) {
        for (byte b : event.line()) {
            if (b == '\n') {
                callback.done(false, new StoreException("The event has more than one line"));
                return;
            }
        }
        Key key = Key.of(EventKey.of(event.eventId()));
        boolean[] duplicate = new boolean[1];
        loop.offer(() -> duplicate[0] = writer.append(event, key), event.line().length,
                failure -> callback.done(failure == null && duplicate[0], failure), false);
    }

    @Override
    public BatchSource open(String lane, int maxEvents, int maxBytes) throws StoreException {
        OutboxLane claimed = lane(lane);
        claimed.claim();
        return claimed;
    }

    @Override
    public Collection<OutboxLane> lanes() {
        return lanes.values().stream().filter(lane -> lane.isConsumed() || lane.events() > 0).toList();
    }

    /** Checks by a write. */
    @Override
    public void check() throws StoreException {
        StoreException late = new StoreException("A write to the outbox takes more than " + CHECK_SECONDS + " s");
        await(loop.submit(writer::probe).completeOnTimeout(late, CHECK_SECONDS, TimeUnit.SECONDS));
    }

    @Override
    public Damage damage() {
        return new Damage(events.damaged(), writer.corruptFiles);
    }

    /** Writes, whatever is queued, and waits until it is durable. */
    void write(CommitLoop.Write write) throws StoreException {
        await(loop.submit(write));
    }

    private static void await(CompletableFuture<StoreException> write) throws StoreException {
        StoreException failure = write.join();
        if (failure != null) {
            throw failure;
        }
    }

    /** Commits what is queued and closes the file. Later writes fail. */
    @Override
    public void close() {
        loop.close();
        writer.close();
        database.close();
    }

    /** The transactions, and the bounds of pending events. For the thread that writes. */
    final class Writer implements CommitLoop.Transactions {

        private final LogLimit log = new LogLimit();
        private Sql sql;
        /** When the transaction began. */
        long now;
        boolean isDiskFull;
        private long diskCheckedNanos = System.nanoTime() - DISK_CHECK_NANOS;
        private boolean isFullLogged;
        /** At most a second old while the disk answers: health checks and metrics must not wait for it. */
        volatile long corruptFiles;

        void open() throws SQLException, IOException, StoreException {
            sql = database.open(opened -> {
                events.open(opened);
                seen.open(opened);
                deadLetters.open(opened);
            });
        }

        @Override
        public void begin() throws SQLException, IOException, StoreException {
            if (database.corrupt != null) {
                close();
            }
            if (sql == null) {
                open();
            }
            if (System.nanoTime() - diskCheckedNanos >= DISK_CHECK_NANOS) {
                isDiskFull = freeDisk.getAsLong() <= minFreeDisk;
                // a file and its log count once
                String[] files = directory.list((parent, name) -> name.contains(OutboxDatabase.CORRUPT));
                corruptFiles = files == null
                        ? 0
                        : Stream.of(files).map(name -> name.replaceFirst("-(wal|shm)$", "")).distinct().count();
                diskCheckedNanos = System.nanoTime();
            }
            now = System.currentTimeMillis();
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
        }

        /** Closes the connection. The next transaction opens another one and reads what is committed. */
        @Override
        public void rollback(Throwable cause) {
            database.report(cause);
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
            Sql.close(sql);
            sql = null;
        }

        /** Stores an event; returns whether it is a duplicate, and not stored. */
        boolean append(LaneEvent event, Key key) throws SQLException, StoreException {
            if (!event.replay() && seen.contains(key)) {
                return true;
            }
            requireRoom(event.line().length);
            events.add(event, now);
            seen.add(key);
            if (isFullLogged) {
                isFullLogged = false;
                LOG.warn("The outbox {} accepts events again. Pending events: {}", database, events.events);
            }
            return false;
        }

        /** Writes a row, if the outbox has room for an event. */
        void probe() throws SQLException, StoreException {
            requireRoom(0);
            sql.update("INSERT OR REPLACE INTO probe VALUES (1, ?)", now);
        }

        private void requireRoom(int bytes) throws StoreException {
            if (isDiskFull || events.events >= maxEvents || events.bytes + bytes >= maxBytes) {
                String full = isDiskFull ? "The disk of the outbox" : "The outbox";
                if (log.count(full) > 0) {
                    isFullLogged = true;
                    LOG.warn("{} {} is full and rejects events. Pending events: {}", full, database, events.events);
                }
                throw new StoreException(full + " is full");
            }
        }
    }
}
