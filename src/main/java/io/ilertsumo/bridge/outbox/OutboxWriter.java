package io.ilertsumo.bridge.outbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.DeadLetterGoneException;
import io.ilertsumo.bridge.deadletter.Undeliverable;
import io.ilertsumo.bridge.lane.KeyWindow;
import io.ilertsumo.bridge.lane.LaneException;
import io.ilertsumo.bridge.lane.LaneFullException;
import io.ilertsumo.bridge.lane.Outcome;

/**
 * The one thread that writes to the outbox file. It takes all writes that wait, commits them together and then tells
 * each what became of it.
 */
final class OutboxWriter implements AutoCloseable {

    /** A chunk is closed at this many bytes, so that reading one never takes much memory. */
    private static final int CHUNK_BYTES = 256 * 1024;
    private static final int WRITES_PER_COMMIT = 1024;
    private static final int WAITING_WRITES = 8192;
    private static final long WAITING_BYTES = 32L * 1024 * 1024;
    /** Free pages kept for reuse; what is beyond goes back to the disk while there is nothing else to do. */
    private static final int FREE_PAGES_KEPT = 2048;
    private static final int FREE_PAGES_GIVEN_BACK_AT_ONCE = 256;

    private static final Logger LOG = LoggerFactory.getLogger(OutboxWriter.class);

    private final OutboxFile file;
    private final OutboxFile.Bounds bounds;
    private final FileStore disk;
    private final Executor acknowledgements;
    private final KeyWindow window;
    private final BlockingQueue<Write> waiting = new ArrayBlockingQueue<>(WAITING_WRITES);
    private final AtomicLong waitingBytes = new AtomicLong();
    private final Thread thread = new Thread(this::write, "outbox-writer");
    private Connection connection;
    private PreparedStatement insertChunk;
    private PreparedStatement insertSeen;
    private PreparedStatement deleteSeen;
    private PreparedStatement countChunks;
    private PreparedStatement deleteChunks;
    private PreparedStatement shrinkChunk;
    private PreparedStatement findDeadLetter;
    private PreparedStatement insertDeadLetter;
    private PreparedStatement updateDeadLetter;
    private PreparedStatement deleteDeadLetter;
    private PreparedStatement deleteOldestDeadLetter;
    private PreparedStatement deleteAgedDeadLetters;
    private PreparedStatement insertProbe;

    private long lastChunk;
    private long lastSeen;
    private long firstSeenOfYoung;
    /** What the window has forgotten but the file has not, until the next commit. */
    private long forgottenSeen;
    private long events;
    private long bytes;
    private volatile long deadLetters;
    private long deadLetterBytes;
    private volatile long deadLettersDropped;
    private long ageCheckedNanos = System.nanoTime();
    private long ageCheckedMillis = System.currentTimeMillis();
    private boolean removedSome;
    /** Whether a write failed: the driver has then closed its statement for good, whatever made it fail. */
    private boolean broken;
    private volatile boolean open = true;
    private volatile boolean full;

    /**
     * Loads what the file holds.
     *
     * @param connection to a file that has its tables; closed with the writer
     * @param disk       where the file lies
     */
    OutboxWriter(OutboxFile file, Connection connection, OutboxFile.Bounds bounds, FileStore disk,
            Executor acknowledgements) throws SQLException {
        this.file = file;
        this.connection = connection;
        this.bounds = bounds;
        this.disk = disk;
        this.acknowledgements = acknowledgements;
        this.window = new KeyWindow(bounds.keys(), bounds.keysMillis());
        load();
        prepare();
    }

    private void prepare() throws SQLException {
        insertChunk = connection.prepareStatement("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        insertSeen = connection.prepareStatement("INSERT INTO seen VALUES (?, ?, ?)");
        deleteSeen = connection.prepareStatement("DELETE FROM seen WHERE id < ?");
        // a batch takes every chunk of its group between its first and its last, so a range names them
        countChunks = connection
                .prepareStatement("SELECT count(*) FROM chunk WHERE lane = ? AND grp = ? AND id BETWEEN ? AND ?");
        deleteChunks = connection
                .prepareStatement("DELETE FROM chunk WHERE lane = ? AND grp = ? AND id BETWEEN ? AND ?");
        shrinkChunk = connection.prepareStatement(
                "UPDATE chunk SET events = events - ?, bytes = bytes - ?, body = substr(body, ? + 1)"
                        + " WHERE id = ? AND bytes = ?");
        findDeadLetter = connection.prepareStatement("SELECT length(body) FROM dead_letter WHERE key = ?");
        insertDeadLetter = connection.prepareStatement("INSERT INTO dead_letter (reason, detail, status, answer,"
                + " last, event_id, event_type, lane, grp, encoding, body, key, first, attempts)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?5, 1)");
        updateDeadLetter = connection.prepareStatement("UPDATE dead_letter SET reason = ?, detail = ?, status = ?,"
                + " answer = ?, last = ?, event_id = ?, event_type = ?, lane = ?, grp = ?, encoding = ?, body = ?,"
                + " attempts = attempts + 1 WHERE key = ?");
        deleteDeadLetter = connection.prepareStatement("DELETE FROM dead_letter WHERE id = ? RETURNING length(body)");
        deleteOldestDeadLetter = connection.prepareStatement(
                "DELETE FROM dead_letter WHERE id = (SELECT id FROM dead_letter ORDER BY last, id LIMIT 1)"
                        + " RETURNING length(body)");
        deleteAgedDeadLetters = connection
                .prepareStatement("DELETE FROM dead_letter WHERE last < ? RETURNING length(body)");
        insertProbe = connection.prepareStatement("INSERT OR REPLACE INTO probe VALUES (1, ?)");
    }

    void start() {
        thread.start();
    }

    private void load() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            try (ResultSet rows = statement
                    .executeQuery("SELECT lane, sum(events), sum(bytes), max(id) FROM chunk GROUP BY lane")) {
                while (rows.next()) {
                    file.lane(rows.getString(1)).changed(rows.getLong(2), rows.getLong(3));
                    events += rows.getLong(2);
                    bytes += rows.getLong(3);
                    lastChunk = Math.max(lastChunk, rows.getLong(4));
                }
            }
            try (ResultSet rows = statement.executeQuery("SELECT id, at, keys FROM seen ORDER BY id")) {
                while (rows.next()) {
                    lastSeen = rows.getLong(1);
                    if (window.add(rows.getBytes(3), rows.getLong(2)) || firstSeenOfYoung == 0) {
                        firstSeenOfYoung = lastSeen;
                    }
                }
            }
            try (ResultSet row = statement.executeQuery("SELECT count(*), total(length(body)) FROM dead_letter")) {
                deadLetters = row.getLong(1);
                deadLetterBytes = row.getLong(2);
            }
            connection.commit();
        }
    }

    /** Whether the last event was refused for one of the bounds, and nothing was removed since. */
    boolean isFull() {
        return full;
    }

    long deadLetters() {
        return deadLetters;
    }

    long deadLettersDropped() {
        return deadLettersDropped;
    }

    void append(OutboxLane lane, String group, byte[] key, int order, byte[] event, Outcome outcome) {
        offer(new Append(lane, group, key, order, event, outcome));
    }

    void replay(long deadLetter, OutboxLane lane, String group, byte[] key, int order, byte[] event,
            Outcome outcome) {
        offer(new Replay(deadLetter, lane, group, key, order, event, outcome));
    }

    void discard(long deadLetter, Outcome outcome) throws InterruptedException {
        put(new Discard(deadLetter, outcome));
    }

    void remove(OutboxBatch batch, Outcome outcome) throws InterruptedException {
        put(new Remove(batch, outcome));
    }

    void keep(Undeliverable undeliverable, Outcome outcome) {
        offer(new Keep(undeliverable, outcome));
    }

    void probe(Outcome outcome) throws InterruptedException {
        put(new Probe(outcome));
    }

    /** Puts a write that must not wait at the end of the queue, or refuses it if there are too many before it. */
    private void offer(Write write) {
        if (!open) {
            write.outcome.done(false, closed());
        } else if (waitingBytes.addAndGet(write.size()) > WAITING_BYTES || !waiting.offer(write)) {
            waitingBytes.addAndGet(-write.size());
            write.outcome.done(false, new LaneFullException("Too many events are waiting to be written to disk"));
        } else {
            takeBackIfClosed(write);
        }
    }

    /** Puts a write that makes room at the end of the queue, however long the queue is. */
    private void put(Write write) throws InterruptedException {
        if (open) {
            waiting.put(write);
            takeBackIfClosed(write);
        } else {
            write.outcome.done(false, closed());
        }
    }

    /** The file may have been closed since it was looked at, and then nobody takes the write any more. */
    private void takeBackIfClosed(Write write) {
        if (!open && waiting.remove(write)) {
            write.outcome.done(false, closed());
        }
    }

    private static LaneException closed() {
        return new LaneException("The outbox is closed", null);
    }

    private void write() {
        List<Write> writes = new ArrayList<>(WRITES_PER_COMMIT);
        while (open || !waiting.isEmpty()) {
            try {
                Write first = waiting.poll(removedSome ? 20 : 500, TimeUnit.MILLISECONDS);
                if (first != null) {
                    writes.add(first);
                    waiting.drainTo(writes, WRITES_PER_COMMIT - 1);
                    Exception failure = commit(writes);
                    tell(List.copyOf(writes), failure);
                } else if (removedSome && !broken) {
                    giveBackFreePages();
                }
                if (!broken) {
                    dropAgedDeadLetters();
                }
            } catch (InterruptedException e) {
                // only close() ends the writer, and it lets it finish
                LOG.debug("The outbox's writer was interrupted", e);
            } catch (RuntimeException | Error e) {
                // whatever it is, the next events must be written
                LOG.error("The outbox's writer goes on after an error", e);
            } finally {
                writes.clear();
            }
        }
    }

    private void tell(List<Write> writes, Exception failure) {
        writes.forEach(write -> waitingBytes.addAndGet(-write.size()));
        Runnable telling = () -> {
            for (Write write : writes) {
                try {
                    write.outcome.done(write.repeated, failure == null ? write.refusal : failure);
                } catch (RuntimeException | Error e) {
                    // the others wait for theirs
                    LOG.error("Nobody could be told what became of a write", e);
                }
            }
        };
        try {
            acknowledgements.execute(telling);
        } catch (RejectedExecutionException e) {
            telling.run();
        }
    }

    /** Returns why nothing was stored, {@code null} if all was. */
    private Exception commit(List<Write> writes) {
        try {
            if (broken) {
                reconnect();
            }
            Commit commit = new Commit();
            commit.hasRoom = hasRoom();
            for (Write write : writes) {
                write.apply(commit);
            }
            commit.store();
            connection.commit();
            commit.succeeded();
            return null;
        } catch (SQLException | IOException | RuntimeException | Error e) {
            // whatever it is, the senders must be told and the next commit tried
            LOG.error("The outbox {} can't be written: {}", file, e.getMessage());
            rollback();
            return new LaneException("The outbox " + file + " can't be written: " + e.getMessage(), e);
        }
    }

    private void reconnect() throws SQLException {
        connection.close();
        connection = file.connect();
        connection.setAutoCommit(false);
        prepare();
        broken = false;
    }

    private void rollback() {
        broken = true;
        try {
            connection.rollback();
        } catch (SQLException e) {
            LOG.error("The outbox {} can't take back a failed write: {}", file, e.getMessage());
        }
    }

    private boolean hasRoom() throws IOException {
        return disk.getUsableSpace() > bounds.freeDisk();
    }

    private void giveBackFreePages() {
        try (Statement statement = connection.createStatement()) {
            try (ResultSet free = statement.executeQuery("PRAGMA freelist_count")) {
                removedSome = free.next() && free.getLong(1) > FREE_PAGES_KEPT;
            }
            if (removedSome) {
                // execute() would stop at the first page: the pragma gives a row for each
                statement.executeUpdate("PRAGMA incremental_vacuum(" + FREE_PAGES_GIVEN_BACK_AT_ONCE + ")");
            }
            connection.commit();
            if (removedSome) {
                // the file itself becomes shorter with the next checkpoint, and at rest none comes by itself
                statement.executeUpdate("PRAGMA wal_checkpoint(PASSIVE)");
            }
        } catch (SQLException e) {
            LOG.warn("The outbox {} can't give back free pages: {}", file, e.getMessage());
            rollback();
        }
    }

    /** Only while the clock goes evenly: one that was set forward would have everything thrown away. */
    private void dropAgedDeadLetters() {
        long check = bounds.deadLetters().checkMillis();
        long elapsed = (System.nanoTime() - ageCheckedNanos) / 1_000_000;
        if (elapsed < check) {
            return;
        }
        long now = System.currentTimeMillis();
        boolean isClockEven = Math.abs(now - ageCheckedMillis - elapsed) <= Math.max(1000, check / 60);
        ageCheckedNanos = System.nanoTime();
        ageCheckedMillis = now;
        if (isClockEven && deadLetters > 0) {
            Commit commit = new Commit();
            try {
                deleteAgedDeadLetters.setLong(1, now - bounds.deadLetters().ageMillis());
                commit.droppedDeadLetters(deleteAgedDeadLetters);
                connection.commit();
                commit.succeeded();
            } catch (SQLException e) {
                LOG.warn("The outbox {} can't throw away old dead letters: {}", file, e.getMessage());
                rollback();
            }
        }
    }

    /** Commits what waits and closes the connection. */
    @Override
    public void close() throws SQLException {
        open = false;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        connection.close();
    }

    /** What one transaction gathers before it is stored, and does once it is. */
    private final class Commit {

        private final long now = System.currentTimeMillis();
        private final Map<String, Chunk> chunks = new LinkedHashMap<>();
        private final List<Chunk> closed = new ArrayList<>();
        private final Set<ByteBuffer> keys = new HashSet<>();
        private final List<OutboxBatch> removed = new ArrayList<>();
        private long moreEvents;
        private long moreBytes;
        private long moreDeadLetters;
        private long moreDeadLetterBytes;
        private long dropped;
        private boolean hasRoom;
        private boolean refused;

        /** Runs a statement that deletes dead letters and returns their sizes. */
        int deletedDeadLetters(PreparedStatement delete) throws SQLException {
            int deleted = 0;
            try (ResultSet sizes = delete.executeQuery()) {
                while (sizes.next()) {
                    moreDeadLetters--;
                    moreDeadLetterBytes -= sizes.getLong(1);
                    deleted++;
                }
            }
            removedSome |= deleted > 0;
            return deleted;
        }

        /** Takes a dead letter away; returns what to answer if there is none of that id. */
        DeadLetterGoneException take(long deadLetter) throws SQLException {
            deleteDeadLetter.setLong(1, deadLetter);
            return deletedDeadLetters(deleteDeadLetter) == 0 ? new DeadLetterGoneException(deadLetter) : null;
        }

        void droppedDeadLetters(PreparedStatement delete) throws SQLException {
            dropped += deletedDeadLetters(delete);
        }

        void keepBoundsOfDeadLetters() throws SQLException {
            while (deadLetters + moreDeadLetters > bounds.deadLetters().count()
                    || deadLetterBytes + moreDeadLetterBytes > bounds.deadLetters().bytes()
                            && deadLetters + moreDeadLetters > 1) {
                droppedDeadLetters(deleteOldestDeadLetter);
            }
        }

        boolean accepts(Append write) {
            boolean accepts = hasRoom && events + moreEvents < bounds.events()
                    && bytes + moreBytes + write.event.length < bounds.bytes();
            refused |= !accepts;
            return accepts;
        }

        void add(Append write) {
            Chunk chunk = chunks.computeIfAbsent(write.lane.name() + '\n' + write.group,
                    k -> new Chunk(write.lane, write.group));
            if (chunk.events > 0 && chunk.body.size() + write.event.length >= CHUNK_BYTES) {
                closed.add(chunk);
                chunk = new Chunk(write.lane, write.group);
                chunks.put(write.lane.name() + '\n' + write.group, chunk);
            }
            chunk.add(write);
            keys.add(write.key);
            moreEvents++;
            moreBytes += write.event.length + 1;
        }

        void store() throws SQLException {
            closed.addAll(chunks.values());
            for (Chunk chunk : closed) {
                insertChunk.setLong(1, ++lastChunk);
                insertChunk.setString(2, chunk.lane.name());
                insertChunk.setString(3, chunk.group);
                insertChunk.setLong(4, now);
                insertChunk.setInt(5, chunk.events);
                insertChunk.setInt(6, chunk.body.size());
                insertChunk.setBytes(7, chunk.orders.toByteArray());
                insertChunk.setBytes(8, chunk.body.toByteArray());
                insertChunk.executeUpdate();
            }
            if (forgottenSeen > 0) {
                deleteSeen.setLong(1, forgottenSeen);
                deleteSeen.executeUpdate();
            }
            if (!keys.isEmpty()) {
                insertSeen.setLong(1, ++lastSeen);
                insertSeen.setLong(2, now);
                insertSeen.setBytes(3, keyBytes());
                insertSeen.executeUpdate();
            }
        }

        private byte[] keyBytes() {
            ByteBuffer all = ByteBuffer.allocate(keys.size() * KeyWindow.KEY_BYTES);
            keys.forEach(key -> all.put(key.duplicate()));
            return all.array();
        }

        void succeeded() {
            forgottenSeen = 0;
            events += moreEvents;
            bytes += moreBytes;
            // a probe, a dead letter or an event that was known says nothing about the bounds
            boolean asked = refused || moreEvents > 0 || !removed.isEmpty();
            if (asked && full != refused) {
                full = refused;
                LOG.warn("The outbox {} {}, {} events are waiting", file,
                        full ? "is full and refuses events" : "takes events again",
                        events);
            }
            deadLetters += moreDeadLetters;
            deadLetterBytes += moreDeadLetterBytes;
            if (dropped > 0) {
                deadLettersDropped += dropped;
                LOG.warn("{} dead letter(s) were thrown away to keep the bounds of {}, {} are kept", dropped, file,
                        deadLetters);
            }
            for (Chunk chunk : closed) {
                chunk.lane.changed(chunk.events, chunk.body.size());
            }
            for (OutboxBatch batch : removed) {
                long batchBytes = batch.parts().stream().mapToLong(OutboxBatch.Part::bytes).sum();
                events -= batch.events();
                bytes -= batchBytes;
                file.lane(batch.lane()).changed(-batch.events(), -batchBytes);
            }
            if (!keys.isEmpty() && window.add(keyBytes(), now)) {
                forgottenSeen = firstSeenOfYoung;
                firstSeenOfYoung = lastSeen;
            }
        }
    }

    /** The events of one commit, lane and group. */
    private static final class Chunk {

        private final OutboxLane lane;
        private final String group;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream(1024);
        private final ByteArrayOutputStream orders = new ByteArrayOutputStream(64);
        private int events;

        Chunk(OutboxLane lane, String group) {
            this.lane = lane;
            this.group = group;
        }

        void add(Append write) {
            body.writeBytes(write.event);
            body.write('\n');
            orders.writeBytes(ByteBuffer.allocate(Integer.BYTES).putInt(write.order).array());
            events++;
        }
    }

    private abstract static class Write {

        final Outcome outcome;
        boolean repeated;
        Exception refusal;

        Write(Outcome outcome) {
            this.outcome = outcome;
        }

        abstract void apply(Commit commit) throws SQLException;

        int size() {
            return 0;
        }
    }

    private class Append extends Write {

        private final OutboxLane lane;
        private final String group;
        private final ByteBuffer key;
        private final int order;
        private final byte[] event;

        Append(OutboxLane lane, String group, byte[] key, int order, byte[] event, Outcome outcome) {
            super(outcome);
            this.lane = lane;
            this.group = group;
            this.key = ByteBuffer.wrap(key);
            this.order = order;
            this.event = event;
        }

        @Override
        void apply(Commit commit) throws SQLException {
            if (window.contains(key) || commit.keys.contains(key)) {
                repeated = true;
            } else if (isAccepted(commit)) {
                commit.add(this);
            }
        }

        boolean isAccepted(Commit commit) {
            if (commit.accepts(this)) {
                return true;
            }
            refusal = new LaneFullException(commit.hasRoom ? "The outbox is full" : "The outbox's disk is full");
            return false;
        }

        @Override
        int size() {
            return event.length;
        }
    }

    private final class Remove extends Write {

        private final OutboxBatch batch;

        Remove(OutboxBatch batch, Outcome outcome) {
            super(outcome);
            this.batch = batch;
        }

        @Override
        void apply(Commit commit) throws SQLException {
            List<OutboxBatch.Part> parts = batch.parts();
            OutboxBatch.Part last = parts.get(parts.size() - 1);
            int whole = last.isWhole() ? parts.size() : parts.size() - 1;
            if (chunks(countChunks, last) != whole || !last.isWhole() && !shrink(last)) {
                refusal = new BatchGoneException();
                return;
            }
            range(deleteChunks, last);
            deleteChunks.executeUpdate();
            commit.removed.add(batch);
            removedSome = true;
        }

        private void range(PreparedStatement statement, OutboxBatch.Part last) throws SQLException {
            statement.setString(1, batch.lane());
            statement.setString(2, batch.group());
            statement.setLong(3, batch.parts().get(0).chunk());
            statement.setLong(4, last.isWhole() ? last.chunk() : last.chunk() - 1);
        }

        private int chunks(PreparedStatement count, OutboxBatch.Part last) throws SQLException {
            range(count, last);
            try (ResultSet row = count.executeQuery()) {
                return row.getInt(1);
            }
        }

        private boolean shrink(OutboxBatch.Part part) throws SQLException {
            shrinkChunk.setInt(1, part.events());
            shrinkChunk.setInt(2, part.bytes());
            shrinkChunk.setInt(3, part.bytes());
            shrinkChunk.setLong(4, part.chunk());
            shrinkChunk.setInt(5, part.left());
            return shrinkChunk.executeUpdate() == 1;
        }
    }

    private final class Replay extends Append {

        private final long deadLetter;

        Replay(long deadLetter, OutboxLane lane, String group, byte[] key, int order, byte[] event,
                Outcome outcome) {
            super(lane, group, key, order, event, outcome);
            this.deadLetter = deadLetter;
        }

        @Override
        void apply(Commit commit) throws SQLException {
            if (isAccepted(commit)) {
                refusal = commit.take(deadLetter);
                if (refusal == null) {
                    commit.add(this);
                }
            }
        }
    }

    private final class Discard extends Write {

        private final long deadLetter;

        Discard(long deadLetter, Outcome outcome) {
            super(outcome);
            this.deadLetter = deadLetter;
        }

        @Override
        void apply(Commit commit) throws SQLException {
            refusal = commit.take(deadLetter);
        }
    }

    private final class Keep extends Write {

        private final Undeliverable undeliverable;

        Keep(Undeliverable undeliverable, Outcome outcome) {
            super(outcome);
            this.undeliverable = undeliverable;
        }

        @Override
        void apply(Commit commit) throws SQLException {
            // what comes out of a lane has its room, and would hold up the lane
            if (!commit.hasRoom && undeliverable.lane() == null) {
                refusal = new LaneFullException("The outbox's disk is full");
                return;
            }
            byte[] key = undeliverable.key();
            findDeadLetter.setBytes(1, key);
            PreparedStatement keep;
            try (ResultSet known = findDeadLetter.executeQuery()) {
                boolean isKnown = known.next();
                keep = isKnown ? updateDeadLetter : insertDeadLetter;
                commit.moreDeadLetters += isKnown ? 0 : 1;
                commit.moreDeadLetterBytes += undeliverable.body().length - (isKnown ? known.getLong(1) : 0);
            }
            keep.setString(1, undeliverable.reason());
            keep.setString(2, undeliverable.detail());
            keep.setObject(3, undeliverable.status());
            keep.setString(4, undeliverable.answer());
            keep.setLong(5, commit.now);
            keep.setString(6, undeliverable.eventId());
            keep.setString(7, undeliverable.eventType());
            keep.setString(8, undeliverable.lane());
            keep.setString(9, undeliverable.group());
            keep.setString(10, undeliverable.encoding());
            keep.setBytes(11, undeliverable.body());
            keep.setBytes(12, key);
            keep.executeUpdate();
            commit.keepBoundsOfDeadLetters();
        }

        @Override
        int size() {
            return undeliverable.body().length;
        }
    }

    private final class Probe extends Write {

        Probe(Outcome outcome) {
            super(outcome);
        }

        @Override
        void apply(Commit commit) throws SQLException {
            insertProbe.setLong(1, commit.now);
            insertProbe.executeUpdate();
            if (!commit.hasRoom) {
                refusal = new LaneFullException("The outbox's disk is full");
            }
        }
    }
}
