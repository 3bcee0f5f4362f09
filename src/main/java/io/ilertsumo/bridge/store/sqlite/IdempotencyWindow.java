package io.ilertsumo.bridge.store.sqlite;

import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

import com.carrotsearch.hppc.LongByteHashMap;

import io.ilertsumo.bridge.event.EventKey;

/**
 * The keys of the latest events, in memory and in the table {@code seen}, one row per commit. They are in two
 * generations: once the young one is full or old enough, it becomes the old one and the former old one is forgotten. So
 * the window holds at least the latest {@code generationSize} keys and at most about twice as many, in 32 to 64 bytes
 * each. In memory are 72 bits of a key: with a million keys, less than one event in 10^15 is mistaken for another. For
 * the thread that writes.
 */
final class IdempotencyWindow {

    /** Rows that the window no longer holds are deleted in steps, so that no commit takes long. */
    private static final int ROWS_DELETED_PER_COMMIT = 256;

    private final int generationSize;
    private final long generationMillis;
    /** The last byte of each key by its first half, without an object or a reference for each key. */
    private LongByteHashMap young = new LongByteHashMap();
    private LongByteHashMap old = new LongByteHashMap();
    private long youngSince;
    /** The first row of the young generation; 0 as long as there is none. */
    private long firstOfYoung;
    private long lastRow;
    /** The window no longer holds rows with a lower ID, which are to be deleted; 0 if there are none. */
    private long forgotten;
    /** In the open transaction. */
    private final Set<Key> added = new HashSet<>();
    private byte[] addedKeys;
    private Sql sql;

    /** The key of an event, see {@link EventKey}. */
    record Key(long high, long low) {

        static Key of(byte[] key) {
            ByteBuffer buffer = ByteBuffer.wrap(key);
            return new Key(buffer.getLong(), buffer.getLong());
        }
    }

    private record Row(long id, long at, byte[] keys) {
    }

    IdempotencyWindow(int generationSize, long generationMillis) {
        this.generationSize = generationSize;
        this.generationMillis = generationMillis;
    }

    /**
     * Uses the connection from now on, and reads what is committed and not in memory: at most one generation, which is what
     * the window has to hold, as a start takes longer with each key.
     */
    void open(Sql connection) throws SQLException {
        sql = connection;
        added.clear();
        Deque<Row> rows = new ArrayDeque<>();
        int[] count = new int[1];
        sql.query("SELECT id, at, keys FROM seen WHERE id > ? ORDER BY id DESC", row -> {
            byte[] keys = row.getBytes(3);
            // the keys of a damaged row are lost
            boolean isDamaged = keys == null || keys.length % EventKey.BYTES != 0;
            rows.addFirst(new Row(row.getLong(1), row.getLong(2), isDamaged ? new byte[0] : keys));
            count[0] += rows.getFirst().keys.length / EventKey.BYTES;
            return count[0] < generationSize;
        }, lastRow);
        if (lastRow == 0 && !rows.isEmpty()) {
            forgotten = rows.getFirst().id;
            // half full: it need not grow
            young = new LongByteHashMap(2 * count[0]);
        }
        rows.forEach(row -> remember(row.id, row.at, row.keys));
    }

    boolean contains(Key key) {
        return added.contains(key) || isIn(young, key) || isIn(old, key);
    }

    private static boolean isIn(LongByteHashMap keys, Key key) {
        return keys.containsKey(key.high) && keys.get(key.high) == (byte) key.low;
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
            added.forEach(key -> buffer.putLong(key.high).putLong(key.low));
            addedKeys = buffer.array();
            sql.update("INSERT INTO seen VALUES (?, ?, ?)", lastRow + 1, now, addedKeys);
        }
    }

    /** Remembers what is committed. */
    void committed(long now) {
        if (!added.isEmpty()) {
            remember(lastRow + 1, now, addedKeys);
            added.clear();
        }
    }

    /**
     * Remembers the keys of one commit.
     *
     * @param  keys any number of {@link EventKey#BYTES} bytes
     * @return      whether a new generation begins with them, so that all before the former one are forgotten
     */
    boolean remember(long row, long at, byte[] keys) {
        boolean begins = firstOfYoung > 0 && (young.size() >= generationSize || at - youngSince >= generationMillis);
        if (begins) {
            forgotten = firstOfYoung;
            old = young;
            young = new LongByteHashMap();
        }
        if (begins || firstOfYoung == 0) {
            firstOfYoung = row;
            youngSince = at;
        }
        lastRow = row;
        ByteBuffer buffer = ByteBuffer.wrap(keys);
        while (buffer.hasRemaining()) {
            young.put(buffer.getLong(), (byte) buffer.getLong());
        }
        return begins;
    }

    int size() {
        return young.size() + old.size();
    }
}
