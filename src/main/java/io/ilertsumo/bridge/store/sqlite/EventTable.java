package io.ilertsumo.bridge.store.sqlite;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.zip.CRC32C;

import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.store.sqlite.OutboxLane.Fifo;
import io.ilertsumo.bridge.store.sqlite.OutboxLane.State;

/**
 * Writes pending events. Their counts and positions are in memory and stored as absolute values with each commit, so
 * that nothing depends on the size of the backlog. For the thread that writes.
 */
final class EventTable {

    /** Bits of a row's ID that count the rows of a FIFO; the bits above are the FIFO's ID. */
    static final int ROW_BITS = 40;
    /** The maximum size of a row, unless its only event is larger: reading a row needs little memory. */
    static final int MAX_ROW_BYTES = 256 * 1024;

    private final Function<String, OutboxLane> lanes;
    /** By lane and group; of a second one with the same names by its ID, too. */
    private final Map<List<Object>, Fifo> fifos = new HashMap<>();
    private final Set<Fifo> changed = new HashSet<>();
    private Sql sql;
    private long lastFifo;
    /** Pending events of all lanes. */
    long events;
    /** Bytes of the pending events of all lanes. */
    long bytes;
    private volatile long damaged;

    /** @param lanes the lane of a name, which may be new */
    EventTable(Function<String, OutboxLane> lanes) {
        this.lanes = lanes;
    }

    /** Of a body, and of all that decides what becomes of it. */
    static long checksum(byte[] body, Object... others) {
        CRC32C checksum = new CRC32C();
        checksum.update(Arrays.toString(others).getBytes(StandardCharsets.UTF_8));
        checksum.update(body);
        return checksum.getValue();
    }

    /** Uses the connection from now on, and reads what is committed. */
    void open(Sql connection) throws SQLException {
        sql = connection;
        changed.clear();
        events = 0;
        bytes = 0;
        Set<Fifo> unread = new HashSet<>(fifos.values());
        unread.forEach(Fifo::clearRow);
        // not that of events whose queue is lost
        lastFifo = Math.max(lastFifo, sql.number("SELECT max(id) FROM event") >> ROW_BITS);
        countDamaged();
        sql.query("SELECT id, lane, grp, events, bytes, first, offset FROM queue", row -> {
            long id = row.getLong(1);
            String[] names = { row.getString(2), row.getString(3) };
            sql.query("SELECT id, lane, grp, checksum, coalesce(body, x'') FROM event WHERE id >= ? AND id < ?"
                    + " ORDER BY id LIMIT 1", first -> {
                        String[] intact = { first.getString(2), first.getString(3) };
                        if (checksum(first.getBytes(5), first.getLong(1), intact[0], intact[1]) == first.getLong(4)) {
                            System.arraycopy(intact, 0, names, 0, 2);
                        }
                        return false;
                    }, id << ROW_BITS, id + 1 << ROW_BITS);
            if (names[0] == null || names[1] == null) {
                throw new SQLiteException("A queue has no name", SQLiteErrorCode.SQLITE_CORRUPT);
            }
            Fifo named = fifo(names[0], names[1], id);
            // another one was made while the name of this one was damaged
            Fifo fifo = named.id == id
                    ? named
                    : fifos.computeIfAbsent(List.of(names[0], names[1], id), key -> new Fifo(id, named.lane, names[1]));
            unread.remove(fifo);
            open(fifo, new State(row.getLong(4), row.getLong(5), row.getLong(6), row.getInt(7), 0));
            lastFifo = Math.max(lastFifo, fifo.id);
            return true;
        });
        // their rows of the table were damaged, or never committed
        for (Fifo fifo : unread) {
            open(fifo, fifo.committed);
            changed.add(fifo);
        }
    }

    private void open(Fifo fifo, State stored) throws SQLException {
        fifo.current = state(fifo, stored);
        // an ID is not used again, even if there is no row any more that has it
        fifo.lastRow = Math.max(fifo.current.first() - 1,
                Math.max(fifo.lastRow, sql.number("SELECT max(id) FROM event WHERE id < ?", fifo.end)));
        fifo.lane.commit(fifo);
        events += fifo.current.events();
        bytes += fifo.current.bytes();
    }

    /** The stored state, corrected by the rows: damaged counts or positions lose no event and hide none. */
    private State state(Fifo fifo, State stored) throws SQLException {
        State[] state = new State[1];
        int rows = sql.query("SELECT id, accepted, body FROM event WHERE id >= ? AND id < ? ORDER BY id", row -> {
            byte[] body = row.getBytes(3);
            int offset = stored.offset();
            // rather the row again than a part of an event
            boolean isBehindLine = row.getLong(1) == stored.first() && body != null && offset > 0
                    && offset < body.length && body[offset - 1] == '\n';
            state[0] = new State(Math.max(1, stored.events()), Math.max(1, stored.bytes()), row.getLong(1),
                    isBehindLine ? offset : 0, row.getLong(2));
            return false;
        }, fifo.begin, fifo.end);
        long first = stored.first() > fifo.begin && stored.first() < fifo.end ? stored.first() : fifo.begin;
        // a search misses rows that are out of order: the lane checks whether there are any
        return rows > 0 ? state[0] : new State(Math.max(0, stored.events()), Math.max(0, stored.bytes()), first, 0, 0);
    }

    private Fifo fifo(String lane, String group, long id) {
        return fifos.computeIfAbsent(List.of(lane, group), name -> new Fifo(id, lanes.apply(lane), group));
    }

    void add(LaneEvent event, long now) throws SQLException {
        byte[] line = event.line();
        Fifo fifo = fifo(event.lane(), event.group(), lastFifo + 1);
        lastFifo = Math.max(lastFifo, fifo.id);
        if (fifo.row.size() + line.length >= MAX_ROW_BYTES) {
            writeRow(fifo, now);
        }
        fifo.row.writeBytes(line);
        fifo.row.write('\n');
        if (event.traceparent() != null) {
            int missing = fifo.rowEvents * LaneEvent.TRACEPARENT_LENGTH - fifo.traceparents.length();
            fifo.traceparents.append(" ".repeat(missing)).append(event.traceparent());
        }
        fifo.rowEvents++;
        changed.add(fifo);
        events++;
        bytes += line.length + 1;
    }

    private void writeRow(Fifo fifo, long now) throws SQLException {
        if (fifo.rowEvents > 0) {
            byte[] body = fifo.row.toByteArray();
            String lane = fifo.lane.name();
            sql.update("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ++fifo.lastRow, lane, fifo.group, now,
                    fifo.rowEvents, checksum(body, fifo.lastRow, lane, fifo.group),
                    fifo.traceparents.isEmpty() ? null : fifo.traceparents.toString(), body);
            State state = fifo.current;
            fifo.current = new State(state.events() + fifo.rowEvents, state.bytes() + body.length, state.first(),
                    state.offset(), state.oldest() == 0 ? now : state.oldest());
            fifo.clearRow();
        }
    }

    /** Moves the position of a FIFO to the end of a batch. Does nothing if it is there already. */
    void acknowledge(OutboxBatch batch) throws SQLException {
        Fifo fifo = batch.fifo();
        State before = fifo.current;
        if (before.first() > batch.row() || before.first() == batch.row() && before.offset() >= batch.offset()) {
            return;
        }
        sql.update("DELETE FROM event WHERE id >= ? AND id < ?", fifo.begin, batch.row());
        move(fifo, batch.events(), batch.body().length + 1, batch.row(), batch.offset());
    }

    /** Moves the first row of a FIFO, which is damaged, to a table of its own. */
    void setAside(OutboxBatch row) throws SQLException {
        sql.update("INSERT OR IGNORE INTO damaged SELECT id, lane, grp, accepted, coalesce(events, 1), checksum,"
                + " traceparents, body FROM event WHERE id = ?", row.row() - 1);
        if (sql.update("DELETE FROM event WHERE id = ?", row.row() - 1) == 0) {
            throw outOfOrder();
        }
        countDamaged();
        // not behind it: its ID may be damaged
        move(row.fifo(), row.events(), row.body().length + 1, row.fifo().current.first(), 0);
    }

    /** Moves the position of a FIFO, and corrects its counts by its rows. */
    void move(Fifo fifo, int removed, int removedBytes, long first, int offset) throws SQLException {
        State before = fifo.current;
        // a damaged time must not hide the row
        long oldest = sql.number("SELECT coalesce(max(CAST(accepted AS INTEGER), 1), 1) FROM event"
                + " WHERE id >= ? AND id < ? ORDER BY id LIMIT 1", first, fifo.end);
        // only a scan finds a row that is out of order
        if (oldest == 0 && before.events() > removed
                && sql.number("SELECT count(*) FROM event WHERE +id >= ? AND +id < ?", first, fifo.end) > 0) {
            throw outOfOrder();
        }
        // exact, unless a row was damaged: then a FIFO without rows has no events, and one with rows is delivered
        long eventsLeft = oldest == 0 ? 0 : Math.max(1, before.events() - removed);
        long bytesLeft = oldest == 0 ? 0 : Math.max(1, before.bytes() - removedBytes);
        events -= before.events() - eventsLeft;
        bytes -= before.bytes() - bytesLeft;
        fifo.current = new State(eventsLeft, bytesLeft, first, offset, oldest);
        changed.add(fifo);
    }

    /** Has the file replaced by one in order. */
    private static SQLiteException outOfOrder() {
        return new SQLiteException("The rows of a page are out of order", SQLiteErrorCode.SQLITE_CORRUPT);
    }

    void countDamaged() throws SQLException {
        damaged = sql.number("SELECT sum(events) FROM damaged");
    }

    /** The events of all rows that were set aside, dead letters among them. */
    long damaged() {
        return damaged;
    }

    /** Writes what was added, and the counts and positions that have changed. */
    void write(long now) throws SQLException {
        for (Fifo fifo : changed) {
            writeRow(fifo, now);
            State state = fifo.current;
            sql.update("INSERT INTO queue VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id)"
                    + " DO UPDATE SET events = ?4, bytes = ?5, first = ?6, offset = ?7", fifo.id, fifo.lane.name(),
                    fifo.group, state.events(), state.bytes(), state.first(), state.offset());
        }
    }

    /** Shows the lanes what is committed. */
    void committed() {
        changed.forEach(fifo -> fifo.lane.commit(fifo));
        changed.clear();
    }
}
