package io.ilertsumo.bridge.store.sqlite;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;

import io.ilertsumo.bridge.lane.StoreException;

/**
 * The outbox on disk: one SQLite file in WAL mode with {@code synchronous=FULL}, so that what is committed survives a
 * {@code kill -9} and a power cut. Thread-safe, except that one thread opens the connection that writes.
 */
final class OutboxDatabase implements AutoCloseable {

    /** The version of the schema, stored in the file as {@code user_version}. */
    static final int SCHEMA_VERSION = 1;
    static final int PAGE_SIZE = 8192;

    private static final String SCHEMA = """
            -- one row per lane and group, see OutboxLane.State
            CREATE TABLE queue (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, grp TEXT NOT NULL, events INTEGER NOT NULL,
                bytes INTEGER NOT NULL, first INTEGER NOT NULL, offset INTEGER NOT NULL);
            -- one row per commit, lane and group; id: the queue's ID in the highest 24 bits, so that no index is needed;
            -- traceparents: 55 characters for each event up to the last one that has a trace context, blanks where there
            -- is none; body: each event and a line break; checksum: CRC-32C of id, lane, grp and body
            CREATE TABLE event (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, grp TEXT NOT NULL,
                accepted INTEGER NOT NULL, events INTEGER NOT NULL, checksum INTEGER NOT NULL, traceparents TEXT,
                body BLOB NOT NULL);
            -- rows of events, and dead letters, whose checksum is wrong
            CREATE TABLE damaged (id INTEGER PRIMARY KEY, lane TEXT, grp TEXT, accepted INTEGER,
                events INTEGER NOT NULL, checksum INTEGER, traceparents TEXT, body BLOB);
            -- the keys of the events of one commit
            CREATE TABLE seen (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, keys BLOB NOT NULL);
            -- the body comes last, so that a list does not read it; checksum: CRC-32C of what is replayed or answered
            CREATE TABLE dead_letter (id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE,
                reason TEXT NOT NULL, detail TEXT, status INTEGER, answer TEXT, attempts INTEGER NOT NULL,
                first INTEGER NOT NULL, last INTEGER NOT NULL, event_id TEXT, event_type TEXT, lane TEXT, grp TEXT,
                encoding TEXT, bytes INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL);
            CREATE INDEX dead_letter_last ON dead_letter (last, bytes);
            CREATE TABLE probe (id INTEGER PRIMARY KEY, at INTEGER NOT NULL);
            """;

    /** The driver's system property for the directory of SQLite's native library. */
    private static final String LIBRARY_PATH = "org.sqlite.lib.path";
    static final String CORRUPT = ".corrupt-";
    private static final List<String> TAILS = List.of("", "-wal", "-shm");
    private static final Logger LOG = LoggerFactory.getLogger(OutboxDatabase.class);
    private static final long MAX_UNREADABLE_ROWS = 1L << 61;

    private final Path file;
    /** Replaces a corrupt file. */
    private final Path created;
    private FileChannel lockChannel;
    /** Changes whenever the file is replaced: a connection that was opened before reads the former file. */
    volatile int generation;
    /** The error that shows that the file is corrupt, until the file is replaced. */
    volatile Throwable corrupt;

    /** Uses a connection. */
    @FunctionalInterface
    interface Opened {
        void accept(Sql sql) throws SQLException;
    }

    OutboxDatabase(Path directory) {
        file = directory.resolve("outbox.db");
        created = directory.resolve("outbox.db.new");
    }

    /** Creates the directory if it is missing, and locks the file against other processes until it is closed. */
    void lock() throws IOException, StoreException {
        Files.createDirectories(file.getParent());
        lockChannel = FileChannel.open(file.resolveSibling("outbox.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock;
        try {
            lock = lockChannel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new StoreException("The outbox " + file + " is in use by another process");
        }
        unpackLibrary();
        if (!Files.exists(file) && Files.exists(created)) {
            // a kill came between the two steps of a replacement; SQLite would apply the former log to the new file
            setAside(aside());
            Files.move(created, file);
        }
        Path log = Path.of(file + "-wal");
        Path damaged = Path.of(aside() + "-wal");
        int frames = WriteAheadLog.repair(log, Path.of(file + "-shm"), damaged);
        if (frames > 0) {
            LOG.error("{} pages in the write-ahead log {} are damaged. It is kept as {}; all commits are read", frames,
                    log, damaged);
        }
    }

    /**
     * Writes SQLite's native library, which has to be a file, beside the outbox. The driver would write it to the
     * directory for temporary files at each start, which a container may not have or may not load code from, and compare
     * it byte for byte, which is a fifth of the start of a native executable.
     */
    private void unpackLibrary() {
        String name = LibraryLoaderUtil.getNativeLibName();
        Path library = file.resolveSibling(name);
        try (InputStream packed = SQLiteJDBCLoader.class
                .getResourceAsStream(LibraryLoaderUtil.getNativeLibResourcePath() + "/" + name)) {
            if (packed == null || System.getProperty(LIBRARY_PATH) != null) {
                return;
            }
            byte[] content = packed.readAllBytes();
            if (!Files.exists(library) || !Arrays.equals(content, Files.readAllBytes(library))) {
                Path written = Files.write(file.resolveSibling(name + ".new"), content);
                Files.move(written, library, StandardCopyOption.ATOMIC_MOVE);
            }
            System.setProperty(LIBRARY_PATH, file.toAbsolutePath().getParent().toString());
        } catch (IOException e) {
            LOG.debug("{} can't be written: the driver uses the directory for temporary files", library, e);
        }
    }

    /** Opens a connection that reads. */
    Sql connect() throws SQLException {
        if (corrupt != null) {
            // SQLite would create an empty file in place of the one that is set aside
            throw new SQLException("It is being replaced, since it is corrupt");
        }
        return Sql.open(file);
    }

    /**
     * Opens the connection that writes, and creates the tables if they are missing. A corrupt file is set aside, and all
     * that can be read of it is copied to a new one.
     *
     * @param opened reads what is committed; called again for a new file
     */
    Sql open(Opened opened) throws SQLException, IOException, StoreException {
        Sql sql = null;
        try {
            if (corrupt == null) {
                sql = connect();
                return prepare(sql, opened);
            }
        } catch (SQLException | StoreException e) {
            report(e);
            if (corrupt == null) {
                Sql.close(sql);
                throw e;
            }
        }
        replace();
        // not before: to close it would write the write-ahead log into the corrupt file
        Sql.close(sql);
        return prepare(connect(), opened);
    }

    private Sql prepare(Sql sql, Opened opened) throws SQLException, StoreException {
        prepare(sql);
        opened.accept(sql);
        return sql;
    }

    /** Has a file that the error shows to be corrupt replaced when it is opened next. */
    void report(Throwable e) {
        if (Sql.isCorrupt(e)) {
            corrupt = e;
        }
    }

    private void prepare(Sql sql) throws SQLException, StoreException {
        long version = sql.number("PRAGMA user_version");
        if (version != 0 && version != SCHEMA_VERSION) {
            throw new StoreException("The outbox " + file + " has the schema version " + version
                    + ", this program needs " + SCHEMA_VERSION);
        }
        // what is set here stays in the file, and page size and vacuum can be set only while the file is empty
        if (sql.number("PRAGMA page_count") == 0) {
            sql.execute("PRAGMA page_size = " + PAGE_SIZE);
            sql.execute("PRAGMA auto_vacuum = INCREMENTAL");
        }
        sql.execute("PRAGMA journal_mode = WAL");
        if (version == 0) {
            sql.execute("BEGIN IMMEDIATE");
            sql.execute(SCHEMA);
            sql.execute("PRAGMA user_version = " + SCHEMA_VERSION);
            sql.execute("COMMIT");
        }
    }

    /**
     * Copies what can be read to a new file, which replaces the corrupt one. Nothing of the corrupt file is deleted: an
     * operator may recover more of it.
     */
    private void replace() throws SQLException, IOException, StoreException {
        Path aside = aside();
        LOG.error("The outbox {} is corrupt ({}). It is kept as {}; the rows that can be read are copied to a new file",
                file, corrupt.getMessage(), aside);
        for (String tail : TAILS) {
            Files.deleteIfExists(Path.of(created + tail));
        }
        long rows;
        try (Sql from = Sql.openCorrupt(file)) {
            try (Sql to = Sql.open(created)) {
                prepare(to);
                // else the disk would need room for a write-ahead log as large as the backlog
                to.execute("PRAGMA journal_mode = OFF");
                to.execute("BEGIN IMMEDIATE");
                rows = copy(from, to, "queue") + copy(from, to, "event") + copy(from, to, "damaged")
                        + copy(from, to, "seen") + copy(from, to, "dead_letter");
                // of queues that are lost
                to.execute("INSERT OR IGNORE INTO queue SELECT id >> " + EventTable.ROW_BITS
                        + ", lane, grp, 0, 0, 0, 0 FROM event GROUP BY id >> " + EventTable.ROW_BITS);
                to.execute("UPDATE queue SET (events, bytes) = (SELECT coalesce(sum(events), 0),"
                        + " coalesce(sum(length(body)), 0) FROM event WHERE event.id >> " + EventTable.ROW_BITS
                        + " = queue.id)");
                to.execute("COMMIT");
            }
            setAside(aside);
        }
        Files.move(created, file, StandardCopyOption.ATOMIC_MOVE);
        generation++;
        corrupt = null;
        LOG.error("The outbox {} is replaced by a new file with {} rows. Events of other rows are NOT delivered", file,
                rows);
    }

    private Path aside() {
        return Path.of(file + CORRUPT + Instant.now().toString().replace(":", ""));
    }

    private void setAside(Path aside) throws IOException {
        for (String tail : TAILS) {
            if (Files.exists(Path.of(file + tail))) {
                Files.move(Path.of(file + tail), Path.of(aside + tail));
            }
        }
    }

    /** Copies all rows of a table that can be read. */
    private static int copy(Sql from, Sql to, String table) throws SQLException {
        String query = "SELECT * FROM " + table + " WHERE id >= ? ORDER BY id";
        int[] rows = new int[1];
        long[] next = new long[1];
        while (next[0] >= 0) {
            try {
                from.query(query, row -> {
                    Object[] values = new Object[row.getMetaData().getColumnCount()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = row.getObject(i + 1);
                    }
                    rows[0] += to.update("INSERT OR IGNORE INTO " + table + " VALUES ("
                            + String.join(", ", Collections.nCopies(values.length, "?")) + ")", values);
                    // the IDs of a corrupt page may be anything
                    next[0] = Math.max(next[0], row.getLong(1) + 1);
                    return true;
                }, next[0]);
                break;
            } catch (SQLException e) {
                if (!Sql.isUnreadable(e)) {
                    throw e;
                }
                LOG.warn("Rows of the table {} from {} on can't be read: {}", table, next[0], e.getMessage());
                next[0] = readable(from, query, next[0]);
            }
        }
        return rows[0];
    }

    /** The ID behind rows that can't be read, of one page mostly; negative if no row behind them can be read. */
    private static long readable(Sql from, String query, long unreadable) {
        long step = 1;
        while (step <= MAX_UNREADABLE_ROWS && !isReadable(from, query, unreadable + step)) {
            step *= 2;
        }
        long readable = step > MAX_UNREADABLE_ROWS ? -1 : unreadable + step;
        for (long back = step / 4; readable > 0 && back > 0; back /= 2) {
            readable -= isReadable(from, query, readable - back) ? back : 0;
        }
        return readable;
    }

    private static boolean isReadable(Sql from, String query, long id) {
        try {
            from.query(query, row -> false, id);
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    /** Reports the error of a connection that reads; returns it for the caller. */
    StoreException unreadable(SQLException e) {
        report(e);
        return new StoreException("The outbox " + file + " can't be read: " + e.getMessage(), e);
    }

    /** Unlocks the file. */
    @Override
    public void close() {
        try {
            if (lockChannel != null) {
                lockChannel.close();
            }
        } catch (IOException e) {
            LOG.warn("The lock of the outbox {} was not released: {}", file, e.getMessage());
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
