package io.ilertsumo.bridge.store.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.event.EventKey;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.store.sqlite.IdempotencyWindow.Key;

/** Lanes and dead letters in one SQLite file. Thread-safe. */
public final class Outbox implements LaneStore, DeadLetterStore, AutoCloseable {

    private static final int CHECK_SECONDS = 5;

    private final OutboxDatabase database;
    private final Map<String, OutboxLane> lanes = new ConcurrentHashMap<>();
    private final OutboxWriter writer;
    private final CommitLoop loop;

    /**
     * Opens the outbox in a directory, which is created if it is missing.
     *
     * @param  completions    runs the callbacks
     * @throws StoreException if another process uses it, its schema has another version, or it can't be opened
     */
    public Outbox(Path directory, Bounds bounds, Executor completions) throws StoreException {
        database = new OutboxDatabase(directory);
        try {
            database.lock();
            writer = new OutboxWriter(database, bounds, Files.getFileStore(directory), this::lane);
        } catch (IOException | SQLException | StoreException e) {
            database.close();
            throw e instanceof StoreException refused
                    ? refused
                    : new StoreException("The outbox " + database + " can't be opened: " + e.getMessage(), e);
        }
        loop = new CommitLoop("The outbox " + database, writer, completions);
    }

    private OutboxLane lane(String name) {
        return lanes.computeIfAbsent(name, OutboxLane::new);
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
                failure -> callback.done(failure == null && duplicate[0], failure));
    }

    @Override
    public BatchSource open(String lane, int maxEvents, int maxBytes) throws StoreException {
        OutboxLane claimed = lane(lane);
        if (!claimed.claim()) {
            throw new StoreException("The lane " + lane + " has a consumer already");
        }
        try {
            return new OutboxSource(claimed, database, writer, loop);
        } catch (SQLException e) {
            claimed.release();
            throw database.unreadable(e);
        }
    }

    @Override
    public Collection<OutboxLane> lanes() {
        return lanes.values().stream().filter(lane -> lane.isConsumed() || lane.events() > 0).toList();
    }

    /** Checks by a write. */
    @Override
    public void check() throws StoreException {
        StoreException failure;
        try {
            failure = loop.submit(writer::probe).orTimeout(CHECK_SECONDS, TimeUnit.SECONDS).join();
        } catch (CompletionException e) {
            throw new StoreException("A write to the outbox takes more than " + CHECK_SECONDS + " s", e);
        }
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void keep(DeadLetter.Content content, StoreCallback callback) {
        if (content.reason() == null || content.body() == null) {
            callback.done(false, new StoreException("A dead letter needs a reason and a body"));
        } else {
            byte[] key = content.key();
            loop.offer(() -> writer.keep(content, key), content.body().length,
                    failure -> callback.done(false, failure));
        }
    }

    @Override
    public void discard(List<Long> ids, StoreCallback callback) {
        List<Long> copy = List.copyOf(ids);
        loop.offer(() -> writer.deadLetters.discard(copy), 0, failure -> callback.done(false, failure));
    }

    /** A query to the file. */
    @FunctionalInterface
    private interface Query<T> {
        T run(Sql sql) throws SQLException;
    }

    private <T> T read(Query<T> query) throws StoreException {
        try (Sql sql = database.connect()) {
            return query.run(sql);
        } catch (SQLException e) {
            writer.report(e);
            throw database.unreadable(e);
        }
    }

    @Override
    public List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) throws StoreException {
        return read(sql -> DeadLetterTable.list(sql, filter, after, limit));
    }

    @Override
    public Optional<DeadLetter> get(long id) throws StoreException {
        return read(sql -> DeadLetterTable.get(sql, id));
    }

    @Override
    public long count() {
        return writer.deadLetters.count();
    }

    @Override
    public long evicted() {
        return writer.deadLetters.evicted();
    }

    /** Commits what is queued and closes the file. Later writes fail. */
    @Override
    public void close() {
        loop.close();
        writer.close();
        database.close();
    }
}
