package io.ilertsumo.bridge.store.sqlite;

import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;

import io.ilertsumo.bridge.event.EventKey;
import io.ilertsumo.bridge.store.sqlite.IdempotencyWindow.Key;

/** Writes the keys of the idempotency window, one row per commit. For the thread that writes. */
final class SeenTable {

    /** Rows that the window has forgotten are deleted in steps, so that no commit takes long. */
    private static final int ROWS_DELETED_PER_COMMIT = 256;

    private final IdempotencyWindow window;
    private final Set<Key> added = new HashSet<>();
    private byte[] keys;
    private Sql sql;
    private long lastRow;
    private long firstOfYoung;
    /** The window has forgotten rows with a lower ID, which are to be deleted; 0 if there are none. */
    private long forgotten;

    SeenTable(IdempotencyWindow window) {
        this.window = window;
    }

    /** Uses the connection from now on, and reads what is committed and not in the window. */
    void open(Sql connection) throws SQLException {
        sql = connection;
        added.clear();
        sql.query("SELECT id, at, keys FROM seen WHERE id > ? ORDER BY id", row -> {
            show(row.getLong(1), row.getLong(2), row.getBytes(3));
            return true;
        }, lastRow);
    }

    private void show(long row, long at, byte[] seen) {
        lastRow = row;
        boolean begins = window.add(seen, at);
        if (begins) {
            forgotten = firstOfYoung;
        }
        if (begins || firstOfYoung == 0) {
            firstOfYoung = row;
        }
    }

    boolean contains(Key key) {
        return window.contains(key) || added.contains(key);
    }

    void add(Key key) {
        added.add(key);
    }

    /** Writes what was added. */
    void write(long now) throws SQLException {
        if (forgotten > 0) {
            int deleted = sql.update(
                    "DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE id < ? ORDER BY id LIMIT ?)", forgotten,
                    ROWS_DELETED_PER_COMMIT);
            forgotten = deleted < ROWS_DELETED_PER_COMMIT ? 0 : forgotten;
        }
        if (!added.isEmpty()) {
            ByteBuffer buffer = ByteBuffer.allocate(added.size() * EventKey.BYTES);
            added.forEach(key -> buffer.putLong(key.high()).putLong(key.low()));
            keys = buffer.array();
            sql.update("INSERT INTO seen VALUES (?, ?, ?)", lastRow + 1, now, keys);
        }
    }

    /** Shows the window what is committed. */
    void committed(long now) {
        if (!added.isEmpty()) {
            show(lastRow + 1, now, keys);
            added.clear();
        }
    }
}
