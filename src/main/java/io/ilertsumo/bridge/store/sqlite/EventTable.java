package io.ilertsumo.bridge.store.sqlite;

import java.sql.SQLException;
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
    /** By lane and group. */
    private final Map<List<String>, Fifo> fifos = new HashMap<>();
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

    static long checksum(byte[] body) {
        CRC32C checksum = new CRC32C();
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
        damaged = sql.number("SELECT sum(events) FROM damaged");
        sql.query("SELECT id, lane, grp, events, bytes, first, offset FROM queue", row -> {
            if (row.getString(2) == null || row.getString(3) == null) {
                throw new SQLiteException("A queue has no name", SQLiteErrorCode.SQLITE_CORRUPT);
            }
            Fifo fifo = fifo(row.getString(2), row.getString(3), row.getLong(1));
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
            int offset = row.getLong(1) == stored.first() ? stored.offset() : 0;
            // rather the row again than a part of an event
            if (offset != 0 && !isBehindLine(row.getBytes(3), offset)) {
                offset = 0;
            }
            state[0] = new State(Math.max(1, stored.events()), Math.max(1, stored.bytes()), row.getLong(1), offset,
                    row.getLong(2));
            return false;
        }, fifo.begin, fifo.end);
        long first = stored.first();
        return rows > 0 ? state[0] : new State(0, 0, first > fifo.begin && first < fifo.end ? first : fifo.begin, 0, 0);
    }

    /** Whether the position is that of an event in the body, and not the first one. */
    private static boolean isBehindLine(byte[] body, int position) {
        return body != null && position > 0 && position < body.length && body[position - 1] == '\n';
    }

    private Fifo fifo(String lane, String group, long id) {
        return fifos.computeIfAbsent(List.of(lane, group), name -> new Fifo(id, lanes.apply(lane), group));
    }

    private long oldest(Fifo fifo) throws SQLException {
        return sql.number("SELECT accepted FROM event WHERE id >= ? AND id < ? ORDER BY id LIMIT 1", fifo.begin,
                fifo.end);
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
            sql.update("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", ++fifo.lastRow, now, fifo.rowEvents,
                    checksum(body), fifo.traceparents.isEmpty() ? null : fifo.traceparents.toString(), body);
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
        long oldest = oldest(fifo);
        // exact, unless a row was damaged: then a FIFO without rows has no events, and one with rows is delivered
        long eventsLeft = oldest == 0 ? 0 : Math.max(1, before.events() - batch.events());
        long bytesLeft = oldest == 0 ? 0 : Math.max(1, before.bytes() - batch.body().length - 1);
        events -= before.events() - eventsLeft;
        bytes -= before.bytes() - bytesLeft;
        fifo.current = new State(eventsLeft, bytesLeft, batch.row(), batch.offset(), oldest);
        changed.add(fifo);
    }

    /** Moves the first row of a FIFO, which is damaged, to a table of its own. */
    void setAside(OutboxBatch row) throws SQLException {
        sql.update("INSERT OR IGNORE INTO damaged SELECT event.id, lane, grp, accepted, event.events, checksum, body"
                + " FROM event JOIN queue ON queue.id = event.id >> " + ROW_BITS + " WHERE event.id = ?",
                row.row() - 1);
        damaged = sql.number("SELECT sum(events) FROM damaged");
        acknowledge(row);
    }

    /** The events of all rows that were set aside. */
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
