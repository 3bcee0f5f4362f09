package io.ilertsumo.bridge.outbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The outbox on disk: one SQLite file in WAL mode with {@code synchronous=FULL}, so that what was committed survives a
 * {@code kill -9} and a power cut.
 *
 * <p>
 * One thread writes. It takes all writes that wait, commits them together and then tells each what became of it: under
 * load many events share one {@code fsync} (group commit), at rest an event waits for none but its own. The events of a
 * commit are stored as one row per lane and group (a <em>chunk</em>, NDJSON), so the cost of an event does not depend
 * on how many are waiting. Readers have connections of their own and never stop the writer.
 *
 * <p>
 * Thread-safe.
 */
public final class OutboxFile implements AutoCloseable {

    /** The version of the tables below, kept in the file as {@code user_version}. */
    static final int SCHEMA_VERSION = 1;

    /** A chunk is closed at this many bytes, so that reading one never takes much memory. */
    private static final int CHUNK_BYTES = 256 * 1024;
    private static final int WRITES_PER_COMMIT = 1024;
    private static final int WAITING_WRITES = 8192;
    private static final long WAITING_BYTES = 32L * 1024 * 1024;
    /** Chunks of other groups that a reader looks past before it hands out what it has. */
    private static final int CHUNKS_LOOKED_PAST = 512;
    /** Free pages kept for reuse; what is beyond goes back to the disk while the writer has nothing else to do. */
    private static final int FREE_PAGES_KEPT = 2048;
    private static final int FREE_PAGES_GIVEN_BACK_AT_ONCE = 256;

    private static final Logger LOG = LoggerFactory.getLogger(OutboxFile.class);

    private static final String[] TABLES = {
            // one row per commit, lane and group; orders: a hash of the alert id per event, events in the body's order
            "CREATE TABLE chunk (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, grp TEXT NOT NULL, accepted INTEGER NOT NULL,"
                    + " events INTEGER NOT NULL, bytes INTEGER NOT NULL, orders BLOB NOT NULL, body BLOB NOT NULL)",
            // covers all that is asked of a lane but the bodies
            "CREATE INDEX chunk_lane ON chunk (lane, id, grp, accepted, events, bytes)",
            // the idempotency keys of one commit
            "CREATE TABLE seen (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, keys BLOB NOT NULL)",
            "CREATE TABLE dead_letter (id INTEGER PRIMARY KEY AUTOINCREMENT, kept INTEGER NOT NULL, reason TEXT NOT NULL,"
                    + " detail TEXT, body BLOB)",
            "CREATE TABLE probe (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)" };

    private final Path directory;
    private final Path path;
    private final Bounds bounds;
    private final Executor acknowledgements;
    private final Map<String, Lane> lanes = new ConcurrentHashMap<>();
    private final BlockingQueue<Write> waiting = new ArrayBlockingQueue<>(WAITING_WRITES);
    private final AtomicLong waitingBytes = new AtomicLong();
    private final KeyWindow window;
    private final Thread writer = new Thread(this::write, "outbox-writer");

    private FileChannel lockChannel;
    private FileStore disk;
    private Connection connection;
    private PreparedStatement insertChunk;
    private PreparedStatement insertSeen;
    private PreparedStatement deleteSeen;
    private PreparedStatement deleteChunks;
    private PreparedStatement shrinkChunk;
    private PreparedStatement insertDeadLetter;
    private PreparedStatement deleteDeadLetters;
    private PreparedStatement insertProbe;
    private long lastChunk;
    private long lastSeen;
    private long firstSeenOfYoung;
    /** What the window has forgotten but the file has not, until the next commit. */
    private long forgottenSeen;
    private long events;
    private long bytes;
    private volatile boolean open;
    private volatile boolean full;

    /**
     * How much the outbox takes.
     *
     * @param events        waiting events
     * @param bytes         their bytes
     * @param freeDisk      bytes that stay free on the disk
     * @param keys          idempotency keys known at least, if {@code keysMillis} allows
     * @param keysMillis    how long a key is known at least, if {@code keys} allows
     * @param deadLetters   dead letters; the oldest make room for new ones
     */
    public record Bounds(long events, long bytes, long freeDisk, int keys, long keysMillis, long deadLetters) {
    }

    /** What became of a write: told once, by a thread that must not be held up. */
    @FunctionalInterface
    public interface Outcome {
        /**
         * @param repeated whether the event was known already, so that there was nothing to store
         * @param failure  why nothing was stored; {@code null} if it is safely on disk
         */
        void done(boolean repeated, Exception failure);
    }

    /**
     * @param acknowledgements runs the outcomes; one task per commit
     */
    public OutboxFile(Path directory, Bounds bounds, Executor acknowledgements) {
        this.directory = directory;
        this.path = directory.resolve("outbox.db");
        this.bounds = bounds;
        this.acknowledgements = acknowledgements;
        this.window = new KeyWindow(bounds.keys(), bounds.keysMillis());
    }

    /**
     * Opens the file, or makes a new one, and starts to write.
     *
     * @throws OutboxException if another process has it, a newer program wrote it, or it can't be opened
     */
    public void open() throws OutboxException {
        try {
            Files.createDirectories(directory);
            disk = Files.getFileStore(directory);
            lock();
            try {
                load();
            } catch (SQLException e) {
                if (!isCorrupt(e)) {
                    throw e;
                }
                setAside(e);
                load();
            }
        } catch (IOException | SQLException e) {
            close();
            throw new OutboxException("The outbox " + path + " can't be opened: " + e.getMessage(), e);
        } catch (OutboxException e) {
            close();
            throw e;
        }
        open = true;
        writer.start();
    }

    private void lock() throws IOException, OutboxException {
        lockChannel = FileChannel.open(directory.resolve("outbox.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock;
        try {
            lock = lockChannel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new OutboxException("The outbox " + path + " is in use by another process", null);
        }
    }

    private static boolean isCorrupt(SQLException e) {
        return e instanceof SQLiteException s
                && ((s.getResultCode().code & 0xFF) == SQLiteErrorCode.SQLITE_CORRUPT.code
                        || s.getResultCode() == SQLiteErrorCode.SQLITE_NOTADB);
    }

    /** Nothing is ever deleted of a file that can't be read: somebody may still save events from it. */
    private void setAside(SQLException cause) throws SQLException, IOException {
        if (connection != null) {
            connection.close();
        }
        String suffix = ".corrupt-" + Instant.now().toString().replace(":", "");
        LOG.error(
                "The outbox {} is corrupt ({}). It is kept as {} and a new one is begun: its events are NOT delivered "
                        + "until somebody recovers them",
                path, cause.getMessage(), path + suffix);
        for (String tail : List.of("", "-wal", "-shm")) {
            Path file = Path.of(path + tail);
            if (Files.exists(file)) {
                Files.move(file, Path.of(path + suffix + tail));
            }
        }
    }

    private void load() throws SQLException, OutboxException {
        lanes.clear();
        events = 0;
        bytes = 0;
        connection = connect(false);
        try (Statement statement = connection.createStatement()) {
            int version = number(statement, "PRAGMA user_version").intValue();
            if (version > SCHEMA_VERSION) {
                throw new OutboxException("The outbox " + path + " was written by a newer program (schema version "
                        + version + ", this program knows " + SCHEMA_VERSION + ")", null);
            }
            try (ResultSet check = statement.executeQuery("PRAGMA quick_check(1)")) {
                if (!check.next() || !"ok".equals(check.getString(1))) {
                    throw new SQLiteException(check.getString(1), SQLiteErrorCode.SQLITE_CORRUPT);
                }
            }
            if (version == 0) {
                for (String table : TABLES) {
                    statement.executeUpdate(table);
                }
                statement.executeUpdate("PRAGMA user_version = " + SCHEMA_VERSION);
            }
            connection.commit();
            try (ResultSet rows = statement
                    .executeQuery("SELECT lane, sum(events), sum(bytes) FROM chunk GROUP BY lane")) {
                while (rows.next()) {
                    lane(rows.getString(1)).changed(rows.getLong(2), rows.getLong(3));
                    events += rows.getLong(2);
                    bytes += rows.getLong(3);
                }
            }
            lastChunk = number(statement, "SELECT max(id) FROM chunk").longValue();
            try (ResultSet rows = statement.executeQuery("SELECT id, at, keys FROM seen ORDER BY id")) {
                while (rows.next()) {
                    lastSeen = rows.getLong(1);
                    if (window.add(rows.getBytes(3), rows.getLong(2)) || firstSeenOfYoung == 0) {
                        firstSeenOfYoung = lastSeen;
                    }
                }
            }
            connection.commit();
        }
        insertChunk = connection.prepareStatement("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        insertSeen = connection.prepareStatement("INSERT INTO seen VALUES (?, ?, ?)");
        deleteSeen = connection.prepareStatement("DELETE FROM seen WHERE id < ?");
        // a batch takes every chunk of its group between its first and its last, so a range names them
        deleteChunks = connection
                .prepareStatement("DELETE FROM chunk WHERE lane = ? AND grp = ? AND id BETWEEN ? AND ?");
        shrinkChunk = connection.prepareStatement(
                "UPDATE chunk SET events = events - ?, bytes = bytes - ?, body = substr(body, ? + 1) WHERE id = ?");
        insertDeadLetter = connection.prepareStatement(
                "INSERT INTO dead_letter (kept, reason, detail, body) VALUES (?, ?, ?, ?)");
        deleteDeadLetters = connection.prepareStatement(
                "DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?");
        insertProbe = connection.prepareStatement("INSERT OR REPLACE INTO probe VALUES (1, ?)");
    }

    private Connection connect(boolean readOnly) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setJournalSizeLimit(64 * 1024 * 1024);
        config.setBusyTimeout(5000);
        // DriverManager would find the driver by reflection, which a native executable doesn't have
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + path);
        Connection made = source.getConnection();
        try (Statement statement = made.createStatement()) {
            // the first two count only for a file that has nothing yet, so they come before anything is written
            statement.execute("PRAGMA page_size = 8192");
            statement.execute("PRAGMA auto_vacuum = INCREMENTAL");
            statement.execute("PRAGMA journal_mode = WAL");
        }
        made.setAutoCommit(readOnly);
        return made;
    }

    private static Number number(Statement statement, String query) throws SQLException {
        try (ResultSet row = statement.executeQuery(query)) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    /** The lane of that name, empty if nothing was ever stored for it. */
    Lane lane(String name) {
        return lanes.computeIfAbsent(name, Lane::new);
    }

    /** All lanes that have a route or waiting events. */
    public Iterable<Lane> lanes() {
        return lanes.values();
    }

    /** Whether the last event was refused for one of the bounds. */
    public boolean isFull() {
        return full;
    }

    /**
     * Stores an event, unless its key is known.
     *
     * @param alert what the event belongs to; may be {@code null}
     * @param event one line of UTF-8 without a line break
     */
    public void append(String lane, String group, String key, String alert, byte[] event, Outcome outcome) {
        offer(new Append(lane(lane), group, KeyWindow.key(key), alert == null ? 0 : alert.hashCode(), event, outcome));
    }

    /** Removes what a batch holds, once it is delivered. */
    public void remove(Batch batch, Outcome outcome) throws InterruptedException {
        put(new Remove(batch, outcome));
    }

    /**
     * Keeps what can't be delivered.
     *
     * @param reason one of a few words
     * @param detail what was wrong, for people
     * @param body   as it came
     */
    public void keep(String reason, String detail, byte[] body, Outcome outcome) {
        offer(new Keep(reason, detail, body, outcome));
    }

    /** Writes next to nothing, to tell whether the file can be written. */
    public void probe(Outcome outcome) throws InterruptedException {
        put(new Probe(outcome));
    }

    /** Puts a write that must not wait at the end of the queue, or refuses it if there are too many before it. */
    private void offer(Write write) {
        if (!open) {
            write.outcome.done(false, closed());
        } else if (waitingBytes.addAndGet(write.size()) > WAITING_BYTES || !waiting.offer(write)) {
            waitingBytes.addAndGet(-write.size());
            write.outcome.done(false, new OutboxFullException("Too many events are waiting to be written to disk"));
        }
    }

    /** Puts a write that makes room at the end of the queue, however long the queue is. */
    private void put(Write write) throws InterruptedException {
        if (open) {
            waiting.put(write);
        } else {
            write.outcome.done(false, closed());
        }
    }

    private OutboxException closed() {
        return new OutboxException("The outbox " + path + " is closed", null);
    }

    private void write() {
        List<Write> writes = new ArrayList<>(WRITES_PER_COMMIT);
        while (open || !waiting.isEmpty()) {
            try {
                Write first = waiting.poll(100, TimeUnit.MILLISECONDS);
                if (first == null) {
                    giveBackFreePages();
                    continue;
                }
                writes.add(first);
                waiting.drainTo(writes, WRITES_PER_COMMIT - 1);
                commit(List.copyOf(writes));
            } catch (InterruptedException e) {
                // only close() ends the writer, and it lets it finish
                LOG.debug("The outbox's writer was interrupted", e);
            } finally {
                writes.clear();
            }
        }
    }

    private void commit(List<Write> writes) {
        Commit commit = new Commit();
        Exception failure = null;
        try {
            commit.hasRoom = hasRoom();
            for (Write write : writes) {
                write.apply(commit);
            }
            commit.store();
            connection.commit();
            commit.succeeded();
        } catch (SQLException | IOException | RuntimeException | Error e) {
            // whatever it is, the senders must be told and the next commit tried
            failure = new OutboxException("The outbox " + path + " can't be written: " + e.getMessage(), e);
            LOG.error("{}", failure.getMessage());
            rollback();
        }
        Exception outcome = failure;
        for (Write write : writes) {
            waitingBytes.addAndGet(-write.size());
        }
        acknowledgements.execute(() -> {
            for (Write write : writes) {
                write.outcome.done(write.repeated, outcome == null ? write.refusal : outcome);
            }
        });
    }

    private void rollback() {
        try {
            connection.rollback();
        } catch (SQLException e) {
            LOG.error("The outbox {} can't take back a failed write: {}", path, e.getMessage());
        }
    }

    private boolean hasRoom() throws IOException {
        return disk.getUsableSpace() > bounds.freeDisk();
    }

    private void giveBackFreePages() {
        try (Statement statement = connection.createStatement()) {
            long free = number(statement, "PRAGMA freelist_count").longValue();
            if (free > FREE_PAGES_KEPT) {
                statement.execute("PRAGMA incremental_vacuum(" + FREE_PAGES_GIVEN_BACK_AT_ONCE + ")");
            }
            connection.commit();
        } catch (SQLException e) {
            LOG.warn("The outbox {} can't give back free pages: {}", path, e.getMessage());
            rollback();
        }
    }

    /** How long the lane's oldest event has waited, in milliseconds; 0 if none waits. */
    public long age(String lane) throws SQLException {
        try (Reader reader = reader()) {
            long oldest = reader.oldest(lane);
            return oldest == 0 ? 0 : Math.max(0, System.currentTimeMillis() - oldest);
        }
    }

    /** Opens a reader for one thread. */
    Reader reader() throws SQLException {
        return new Reader();
    }

    /** Commits what waits and closes the file. */
    @Override
    public void close() {
        boolean wasOpen = open;
        open = false;
        try {
            if (wasOpen) {
                writer.join();
                // what came in between the last commit and now
                waiting.forEach(write -> write.outcome.done(false, closed()));
            }
            if (connection != null) {
                connection.close();
            }
            if (lockChannel != null) {
                lockChannel.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException | IOException e) {
            LOG.warn("The outbox {} was not closed cleanly: {}", path, e.getMessage());
        }
    }

    /** One lane as it is on disk: how much waits, and a place to wait for more. */
    public static final class Lane {

        private final String name;
        private long events;
        private long bytes;

        Lane(String name) {
            this.name = name;
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

        private synchronized void changed(long moreEvents, long moreBytes) {
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

    /** What one transaction gathers before it is stored, and does once it is. */
    private final class Commit {

        private final long now = System.currentTimeMillis();
        private final Map<String, Chunk> chunks = new LinkedHashMap<>();
        private final List<Chunk> closed = new ArrayList<>();
        private final Set<ByteBuffer> keys = new HashSet<>();
        private final List<Batch> removed = new ArrayList<>();
        private long moreEvents;
        private long moreBytes;
        private boolean hasRoom;
        private boolean refused;

        boolean accepts(Append write) {
            boolean accepts = hasRoom && events + moreEvents < bounds.events()
                    && bytes + moreBytes + write.event.length < bounds.bytes();
            refused |= !accepts;
            return accepts;
        }

        void add(Append write) {
            Chunk chunk = chunks.computeIfAbsent(write.lane.name + '\n' + write.group,
                    k -> new Chunk(write.lane, write.group));
            if (chunk.events > 0 && chunk.body.size() + write.event.length >= CHUNK_BYTES) {
                closed.add(chunk);
                chunk = new Chunk(write.lane, write.group);
                chunks.put(write.lane.name + '\n' + write.group, chunk);
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
                insertChunk.setString(2, chunk.lane.name);
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
            if (full != refused) {
                full = refused;
                LOG.warn("The outbox {} {}, {} events are waiting", path,
                        full ? "is full and refuses events" : "takes events again",
                        events);
            }
            for (Chunk chunk : closed) {
                chunk.lane.changed(chunk.events, chunk.body.size());
            }
            for (Batch batch : removed) {
                long batchBytes = batch.parts().stream().mapToLong(Batch.Part::bytes).sum();
                events -= batch.events();
                bytes -= batchBytes;
                lane(batch.lane()).changed(-batch.events(), -batchBytes);
            }
            if (!keys.isEmpty() && window.add(keyBytes(), now)) {
                forgottenSeen = firstSeenOfYoung;
                firstSeenOfYoung = lastSeen;
            }
        }
    }

    /** The events of one commit, lane and group. */
    private static final class Chunk {

        private final Lane lane;
        private final String group;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream(1024);
        private final ByteArrayOutputStream orders = new ByteArrayOutputStream(64);
        private int events;

        Chunk(Lane lane, String group) {
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

    private final class Append extends Write {

        private final Lane lane;
        private final String group;
        private final ByteBuffer key;
        private final int order;
        private final byte[] event;

        Append(Lane lane, String group, byte[] key, int order, byte[] event, Outcome outcome) {
            super(outcome);
            this.lane = lane;
            this.group = group;
            this.key = ByteBuffer.wrap(key);
            this.order = order;
            this.event = event;
        }

        @Override
        void apply(Commit commit) {
            if (window.contains(key) || commit.keys.contains(key)) {
                repeated = true;
            } else if (commit.accepts(this)) {
                commit.add(this);
            } else {
                refusal = new OutboxFullException(commit.hasRoom ? "The outbox is full" : "The outbox's disk is full");
            }
        }

        @Override
        int size() {
            return event.length;
        }
    }

    private final class Remove extends Write {

        private final Batch batch;

        Remove(Batch batch, Outcome outcome) {
            super(outcome);
            this.batch = batch;
        }

        @Override
        void apply(Commit commit) throws SQLException {
            List<Batch.Part> parts = batch.parts();
            Batch.Part last = parts.get(parts.size() - 1);
            long lastWhole = last.whole() ? last.chunk() : last.chunk() - 1;
            deleteChunks.setString(1, batch.lane());
            deleteChunks.setString(2, batch.group());
            deleteChunks.setLong(3, parts.get(0).chunk());
            deleteChunks.setLong(4, lastWhole);
            deleteChunks.executeUpdate();
            if (!last.whole()) {
                shrinkChunk.setInt(1, last.events());
                shrinkChunk.setInt(2, last.bytes());
                shrinkChunk.setInt(3, last.bytes());
                shrinkChunk.setLong(4, last.chunk());
                shrinkChunk.executeUpdate();
            }
            commit.removed.add(batch);
        }
    }

    private final class Keep extends Write {

        private final String reason;
        private final String detail;
        private final byte[] body;

        Keep(String reason, String detail, byte[] body, Outcome outcome) {
            super(outcome);
            this.reason = reason;
            this.detail = detail;
            this.body = body;
        }

        @Override
        void apply(Commit commit) throws SQLException {
            if (!commit.hasRoom) {
                refusal = new OutboxFullException("The outbox's disk is full");
                return;
            }
            insertDeadLetter.setLong(1, commit.now);
            insertDeadLetter.setString(2, reason);
            insertDeadLetter.setString(3, detail);
            insertDeadLetter.setBytes(4, body);
            insertDeadLetter.executeUpdate();
            deleteDeadLetters.setLong(1, bounds.deadLetters());
            int forgotten = deleteDeadLetters.executeUpdate();
            if (forgotten > 0) {
                LOG.warn("{} dead letter(s) made room for new ones: more than {} are not kept", forgotten,
                        bounds.deadLetters());
            }
        }

        @Override
        int size() {
            return body.length;
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
                refusal = new OutboxFullException("The outbox's disk is full");
            }
        }
    }

    /** Reads batches; for one thread. */
    final class Reader implements AutoCloseable {

        private final Connection connection = connect(true);
        private final PreparedStatement chunks = connection.prepareStatement(
                "SELECT id, grp, accepted, events, bytes FROM chunk WHERE lane = ? ORDER BY id");
        private final PreparedStatement bodies = connection
                .prepareStatement("SELECT orders, body FROM chunk WHERE id = ?");

        private Reader() throws SQLException {
        }

        /** When the lane's oldest event was stored, in milliseconds since the epoch; 0 if none waits. */
        long oldest(String lane) throws SQLException {
            chunks.setString(1, lane);
            try (ResultSet row = chunks.executeQuery()) {
                return row.next() ? row.getLong(3) : 0;
            }
        }

        /**
         * The lane's oldest event and those of its group that may go with it. An event stays behind if one of the same
         * alert waits before it in a chunk of another group, so that within a lane an alert's events keep their order.
         *
         * @param  maxEvents at most that many events
         * @param  maxBytes  at most that many bytes, unless the first event alone has more
         * @return           {@code null} if nothing waits
         */
        Batch next(String lane, int maxEvents, int maxBytes) throws SQLException {
            String group = null;
            int count = 0;
            int lookedPast = 0;
            ByteArrayOutputStream body = new ByteArrayOutputStream(64 * 1024);
            List<Batch.Part> parts = new ArrayList<>();
            Set<Integer> alertsLeft = new HashSet<>();
            chunks.setString(1, lane);
            try (ResultSet row = chunks.executeQuery()) {
                while (row.next() && lookedPast < CHUNKS_LOOKED_PAST) {
                    long chunk = row.getLong(1);
                    if (group == null) {
                        group = row.getString(2);
                    } else if (!group.equals(row.getString(2))) {
                        lookedPast++;
                        alertsLeft.addAll(alerts(chunk));
                        continue;
                    } else if (!alertsLeft.isEmpty() && alerts(chunk).stream().anyMatch(alertsLeft::contains)) {
                        break;
                    }
                    Batch.Part part = take(chunk, row.getInt(4), row.getInt(5), row.getLong(3), maxEvents - count,
                            maxBytes - body.size(), parts.isEmpty(), body);
                    if (part.events() > 0) {
                        parts.add(part);
                        count += part.events();
                    }
                    if (!part.whole()) {
                        break;
                    }
                }
            }
            if (parts.isEmpty()) {
                return null;
            }
            byte[] lines = body.toByteArray();
            return new Batch(lane, group, count, java.util.Arrays.copyOf(lines, lines.length - 1), parts);
        }

        /** Copies as many of the chunk's events as there is room for. A line break at the batch's end is not counted. */
        private Batch.Part take(long chunk, int events, int bytes, long accepted, int maxEvents, int maxBytes,
                boolean first,
                ByteArrayOutputStream into) throws SQLException {
            if (maxEvents <= 0) {
                return new Batch.Part(chunk, 0, 0, false, accepted);
            }
            byte[] body = row(chunk, 2);
            if (events <= maxEvents && bytes - 1 <= maxBytes) {
                into.writeBytes(body);
                return new Batch.Part(chunk, events, bytes, true, accepted);
            }
            int taken = 0;
            int end = 0;
            while (taken < maxEvents) {
                int next = end;
                while (body[next] != '\n') {
                    next++;
                }
                if (next > maxBytes && !(first && taken == 0)) {
                    break;
                }
                taken++;
                end = next + 1;
                if (end == body.length) {
                    break;
                }
            }
            into.write(body, 0, end);
            return new Batch.Part(chunk, taken, end, end == body.length, accepted);
        }

        private Set<Integer> alerts(long chunk) throws SQLException {
            ByteBuffer orders = ByteBuffer.wrap(row(chunk, 1));
            Set<Integer> alerts = new HashSet<>();
            while (orders.hasRemaining()) {
                int alert = orders.getInt();
                if (alert != 0) {
                    alerts.add(alert);
                }
            }
            return alerts;
        }

        private byte[] row(long chunk, int column) throws SQLException {
            bodies.setLong(1, chunk);
            try (ResultSet row = bodies.executeQuery()) {
                return row.getBytes(column);
            }
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }
}
