package io.ilertsumo.bridge.outbox;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

import io.ilertsumo.bridge.deadletter.DeadLetterGoneException;
import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.deadletter.Undeliverable;
import io.ilertsumo.bridge.lane.KeyWindow;
import io.ilertsumo.bridge.lane.LaneException;
import io.ilertsumo.bridge.lane.Outcome;

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
public final class OutboxFile implements DeadLetterStore, AutoCloseable {

    /** The version of the tables below, kept in the file as {@code user_version}. */
    static final int SCHEMA_VERSION = 2;

    private static final Logger LOG = LoggerFactory.getLogger(OutboxFile.class);

    // key: the first 128 bits of a digest of what makes the letter; the body comes last, so that a list reads none
    private static final String DEAD_LETTER = "CREATE TABLE dead_letter (id INTEGER PRIMARY KEY AUTOINCREMENT,"
            + " key BLOB NOT NULL UNIQUE, reason TEXT NOT NULL, detail TEXT, status INTEGER, answer TEXT,"
            + " attempts INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, event_id TEXT,"
            + " event_type TEXT, lane TEXT, grp TEXT, encoding TEXT, body BLOB NOT NULL)";

    private static final String DEAD_LETTER_LAST = "CREATE INDEX dead_letter_last ON dead_letter (last)";

    private static final String[] TABLES = {
            // one row per commit, lane and group; orders: a hash of the alert id per event, events in the body's order
            "CREATE TABLE chunk (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, grp TEXT NOT NULL, accepted INTEGER NOT NULL,"
                    + " events INTEGER NOT NULL, bytes INTEGER NOT NULL, orders BLOB NOT NULL, body BLOB NOT NULL)",
            // covers all that is asked of a lane but the bodies
            "CREATE INDEX chunk_lane ON chunk (lane, id, grp, accepted, events, bytes)",
            // the idempotency keys of one commit
            "CREATE TABLE seen (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, keys BLOB NOT NULL)",
            DEAD_LETTER,
            DEAD_LETTER_LAST,
            "CREATE TABLE probe (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)" };

    private static final String[] FROM_1_TO_2 = {
            "ALTER TABLE dead_letter RENAME TO dead_letter_1",
            DEAD_LETTER,
            DEAD_LETTER_LAST,
            "INSERT INTO dead_letter (id, key, reason, detail, attempts, first, last, body)"
                    + " SELECT id, randomblob(16), reason, detail, 1, kept, kept, body FROM dead_letter_1",
            "DROP TABLE dead_letter_1" };

    private final Path directory;
    private final Path path;
    private final Bounds bounds;
    private final Executor acknowledgements;
    private final Map<String, OutboxLane> lanes = new ConcurrentHashMap<>();

    private FileChannel lockChannel;
    private OutboxWriter writer;

    /**
     * How much the outbox takes.
     *
     * @param events        waiting events
     * @param bytes         their bytes
     * @param freeDisk      bytes that stay free on the disk
     * @param keys          idempotency keys known at least, if {@code keysMillis} allows
     * @param keysMillis    how long a key is known at least, if {@code keys} allows
     * @param deadLetters   how many dead letters, and for how long
     */
    public record Bounds(long events, long bytes, long freeDisk, int keys, long keysMillis,
            DeadLetterBounds deadLetters) {
    }

    /**
     * How many dead letters are kept; the oldest make room for new ones.
     *
     * @param count       dead letters
     * @param bytes       of their bodies
     * @param ageMillis   since they became dead letters for the last time
     * @param checkMillis how often the age is looked at. If the clock was set meanwhile, nothing is thrown away
     */
    public record DeadLetterBounds(long count, long bytes, long ageMillis, long checkMillis) {
    }

    private OutboxFile(Path directory, Bounds bounds, Executor acknowledgements) {
        this.directory = directory;
        this.path = directory.resolve("outbox.db");
        this.bounds = bounds;
        this.acknowledgements = acknowledgements;
    }

    /**
     * Opens the file in the directory, or makes a new one, and starts to write.
     *
     * @param  acknowledgements runs the outcomes; one task per commit
     * @throws LaneException  if another process has it, a newer program wrote it, or it can't be opened
     */
    public static OutboxFile open(Path directory, Bounds bounds, Executor acknowledgements) throws LaneException {
        OutboxFile file = new OutboxFile(directory, bounds, acknowledgements);
        try {
            Files.createDirectories(directory);
            file.lock();
            SqliteLibrary.unpack(directory);
            file.writer = file.writer();
            file.writer.start();
            return file;
        } catch (IOException | SQLException e) {
            file.close();
            throw new LaneException("The outbox " + file + " can't be opened: " + e.getMessage(), e);
        } catch (LaneException e) {
            file.close();
            throw e;
        }
    }

    private void lock() throws IOException, LaneException {
        lockChannel = FileChannel.open(directory.resolve("outbox.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock;
        try {
            lock = lockChannel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new LaneException("The outbox " + path + " is in use by another process", null);
        }
    }

    private static boolean isCorrupt(Exception e) {
        return e instanceof SQLiteException s
                && ((s.getResultCode().code & 0xFF) == SQLiteErrorCode.SQLITE_CORRUPT.code
                        || s.getResultCode() == SQLiteErrorCode.SQLITE_NOTADB);
    }

    /** Nothing is ever deleted of a file that can't be read: somebody may still save events from it. */
    private void setAside(Exception cause) throws IOException {
        lanes.clear();
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

    private OutboxWriter writer() throws SQLException, IOException, LaneException {
        Connection connection = null;
        try {
            connection = connect();
            return writer(connection);
        } catch (SQLException | LaneException e) {
            if (isCorrupt(e)) {
                setAside(e);
            }
            // not before: the close would copy the write-ahead log into the corrupt file, and delete it
            if (connection != null) {
                connection.close();
            }
            if (!isCorrupt(e)) {
                throw e;
            }
        }
        return writer(connect());
    }

    private OutboxWriter writer(Connection connection) throws SQLException, IOException, LaneException {
        prepare(connection);
        return new OutboxWriter(this, connection, bounds, Files.getFileStore(directory), acknowledgements);
    }

    private void prepare(Connection connection) throws SQLException, LaneException {
        try (Statement statement = connection.createStatement()) {
            layOut(statement);
            connection.setAutoCommit(false);
            int version;
            try (ResultSet row = statement.executeQuery("PRAGMA user_version")) {
                version = row.getInt(1);
            }
            if (version > SCHEMA_VERSION) {
                throw new LaneException("The outbox " + path + " was written by a newer program (schema version "
                        + version + ", this program knows " + SCHEMA_VERSION + ")", null);
            }
            try (ResultSet check = statement.executeQuery("PRAGMA quick_check(1)")) {
                if (!"ok".equals(check.getString(1))) {
                    throw new SQLiteException(check.getString(1), SQLiteErrorCode.SQLITE_CORRUPT);
                }
            }
            if (version < SCHEMA_VERSION) {
                for (String change : version == 0 ? TABLES : FROM_1_TO_2) {
                    statement.executeUpdate(change);
                }
                statement.executeUpdate("PRAGMA user_version = " + SCHEMA_VERSION);
            }
            connection.commit();
        }
    }

    /** What is set here stays in the file, so it is set by the writer alone and before its first transaction. */
    private static void layOut(Statement statement) throws SQLException {
        boolean isNew;
        try (ResultSet pages = statement.executeQuery("PRAGMA page_count")) {
            isNew = pages.getLong(1) == 0;
        }
        // these two count only for a file that has nothing yet, and the second would write to any other
        if (isNew) {
            statement.execute("PRAGMA page_size = 8192");
            statement.execute("PRAGMA auto_vacuum = INCREMENTAL");
        }
        statement.execute("PRAGMA journal_mode = WAL");
    }

    Connection connect() throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setJournalSizeLimit(64 * 1024 * 1024);
        config.setBusyTimeout(5000);
        // else the driver asks for the last key after each write
        config.setGetGeneratedKeys(false);
        // DriverManager would find the driver by reflection, which a native executable doesn't have
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + path);
        return source.getConnection();
    }

    /** The lane of that name, empty if nothing was ever stored for it. */
    OutboxLane lane(String name) {
        return lanes.computeIfAbsent(name, wanted -> new OutboxLane(this, wanted));
    }

    /** All lanes that have a route or waiting events. */
    public Collection<OutboxLane> lanes() {
        return lanes.values();
    }

    /** Whether the last event was refused for one of the bounds, and nothing was removed since. */
    public boolean isFull() {
        return writer.isFull();
    }

    /**
     * Stores an event, unless its key is known.
     *
     * @param alert what the event belongs to; may be {@code null}
     * @param event one line of UTF-8 without a line break
     */
    public void append(String lane, String group, String key, String alert, byte[] event, Outcome outcome) {
        writer.append(lane(lane), group, KeyWindow.key(key), order(alert), event, outcome);
    }

    /**
     * Stores an event that was a dead letter, whether or not its key is known, and takes the dead letter away, both in
     * one. If there is no such dead letter any more nothing is stored, and the outcome is a
     * {@link DeadLetterGoneException}.
     */
    public void replay(long deadLetter, String lane, String group, String key, String alert, byte[] event,
            Outcome outcome) {
        writer.replay(deadLetter, lane(lane), group, KeyWindow.key(key), order(alert), event, outcome);
    }

    private static int order(String alert) {
        return alert == null ? 0 : alert.hashCode();
    }

    /** Removes what a batch holds, once it is delivered. */
    public void remove(OutboxBatch batch, Outcome outcome) throws InterruptedException {
        writer.remove(batch, outcome);
    }

    @Override
    public void keep(Undeliverable undeliverable, Outcome outcome) {
        writer.keep(undeliverable, outcome);
    }

    @Override
    public void discard(long deadLetter, Outcome outcome) throws InterruptedException {
        writer.discard(deadLetter, outcome);
    }

    @Override
    public long kept() {
        return writer.deadLetters();
    }

    @Override
    public long dropped() {
        return writer.deadLettersDropped();
    }

    @Override
    public OutboxDeadLetters open() throws IOException {
        try {
            return new OutboxDeadLetters(connect());
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Writes next to nothing, to tell whether the file can be written. */
    public void probe(Outcome outcome) throws InterruptedException {
        writer.probe(outcome);
    }

    /** How long the lane's oldest event has waited, in milliseconds; 0 if none waits. */
    public long age(String lane) throws SQLException {
        try (OutboxReader reader = reader()) {
            long oldest = reader.oldest(lane);
            return oldest == 0 ? 0 : Math.max(0, System.currentTimeMillis() - oldest);
        }
    }

    /** Opens a reader for one thread. */
    OutboxReader reader() throws SQLException {
        Connection connection = connect();
        try {
            return new OutboxReader(connection);
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    /** Commits what waits and closes the file. */
    @Override
    public void close() {
        try {
            try {
                if (writer != null) {
                    writer.close();
                }
            } finally {
                if (lockChannel != null) {
                    lockChannel.close();
                }
            }
        } catch (SQLException | IOException e) {
            LOG.warn("The outbox {} was not closed cleanly: {}", path, e.getMessage());
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
