package io.ilertsumo.bridge.store.sqlite;

import java.io.ByteArrayOutputStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.zip.CRC32C;

import io.ilertsumo.bridge.store.sqlite.OutboxLane.Fifo;
import io.ilertsumo.bridge.store.sqlite.OutboxLane.State;

/**
 * Writes pending events. Their counts and positions are in memory and stored as absolute values with each commit, so
 * that nothing depends on the size of the backlog. For the thread that writes.
 */
final class EventTable {

    /** A row has at most so many bytes, unless its only event has more: reading a row takes little memory. */
    private static final int MAX_ROW_BYTES = 256 * 1024;

    private final Function<String, OutboxLane> lanes;
    private final Map<Name, Fifo> fifos = new HashMap<>();
    private final Map<Fifo, List<Row>> added = new HashMap<>();
    private final Set<Fifo> changed = new HashSet<>();
    private Sql sql;
    private long lastRow;
    private long lastFifo;
    private long events;
    private long bytes;

    private record Name(String lane, String group) {
    }

    private static final class Row {

        private final ByteArrayOutputStream body = new ByteArrayOutputStream(1024);
        private int events;
    }

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
        added.clear();
        changed.clear();
        events = 0;
        bytes = 0;
        fifos.values().forEach(fifo -> fifo.current = fifo.committed);
        lastRow = Math.max(lastRow, sql.number("SELECT max(id) FROM event"));
        sql.query("SELECT id, lane, grp, events, bytes, first, taken FROM queue", row -> {
            long id = row.getLong(1);
            Fifo fifo = fifos.computeIfAbsent(new Name(row.getString(2), row.getString(3)),
                    name -> new Fifo(id, lanes.apply(name.lane), name.group));
            fifo.current = new State(row.getLong(4), row.getLong(5), row.getLong(6), row.getInt(7), oldest(fifo));
            fifo.lane.commit(fifo);
            events += fifo.current.events();
            bytes += fifo.current.bytes();
            lastFifo = Math.max(lastFifo, id);
            // an ID is not used again, even if there is no row any more that has it
            lastRow = Math.max(lastRow, fifo.current.first() - 1);
            return true;
        });
    }

    private long oldest(Fifo fifo) throws SQLException {
        return sql.number("SELECT accepted FROM event WHERE queue = ? ORDER BY id LIMIT 1", fifo.id);
    }

    /** Pending events of all lanes. */
    long events() {
        return events;
    }

    /** Bytes of the pending events of all lanes. */
    long bytes() {
        return bytes;
    }

    void add(String lane, String group, byte[] line) {
        Fifo fifo = fifos.computeIfAbsent(new Name(lane, group),
                name -> new Fifo(++lastFifo, lanes.apply(lane), group));
        List<Row> rows = added.computeIfAbsent(fifo, f -> new ArrayList<>());
        if (rows.isEmpty() || rows.get(rows.size() - 1).body.size() + line.length >= MAX_ROW_BYTES) {
            rows.add(new Row());
        }
        Row row = rows.get(rows.size() - 1);
        row.body.writeBytes(line);
        row.body.write('\n');
        row.events++;
        events++;
        bytes += line.length + 1;
    }

    /** Moves the position of a FIFO to the end of a batch. Does nothing if it is there already. */
    void acknowledge(OutboxBatch batch) throws SQLException {
        Fifo fifo = batch.fifo();
        State before = fifo.current;
        if (before.first() > batch.row() || before.first() == batch.row() && before.taken() >= batch.taken()) {
            return;
        }
        sql.update("DELETE FROM event WHERE queue = ? AND id < ?", fifo.id, batch.row());
        long oldest = oldest(fifo);
        // exact, unless a row was damaged: then a FIFO without rows has no events, and one with rows is delivered
        long eventsLeft = oldest == 0 ? 0 : Math.max(1, before.events() - batch.events());
        long bytesLeft = oldest == 0 ? 0 : Math.max(1, before.bytes() - batch.bytes());
        events -= before.events() - eventsLeft;
        bytes -= before.bytes() - bytesLeft;
        fifo.current = new State(eventsLeft, bytesLeft, batch.row(), batch.taken(), oldest);
        changed.add(fifo);
    }

    /** Moves the first row of a FIFO, which is damaged, to a table of its own. */
    void setAside(OutboxBatch damaged) throws SQLException {
        sql.update("INSERT OR IGNORE INTO damaged SELECT event.id, lane, grp, accepted, event.events, checksum, body"
                + " FROM event JOIN queue ON queue.id = queue WHERE event.id = ?", damaged.row() - 1);
        acknowledge(damaged);
    }

    /** Writes what was added, and the counts and positions that have changed. */
    void write(long now) throws SQLException {
        for (Map.Entry<Fifo, List<Row>> entry : added.entrySet()) {
            Fifo fifo = entry.getKey();
            for (Row row : entry.getValue()) {
                byte[] body = row.body.toByteArray();
                sql.update("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", ++lastRow, fifo.id, now, row.events,
                        checksum(body), body);
                State state = fifo.current;
                fifo.current = new State(state.events() + row.events, state.bytes() + body.length, state.first(),
                        state.taken(), state.oldest() == 0 ? now : state.oldest());
            }
            changed.add(fifo);
        }
        for (Fifo fifo : changed) {
            State state = fifo.current;
            sql.update("INSERT INTO queue VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id)"
                    + " DO UPDATE SET events = ?4, bytes = ?5, first = ?6, taken = ?7", fifo.id, fifo.lane.name(),
                    fifo.group, state.events(), state.bytes(), state.first(), state.taken());
        }
    }

    /** Shows the lanes what is committed. */
    void committed() {
        changed.forEach(fifo -> fifo.lane.commit(fifo));
        changed.clear();
        added.clear();
    }
}
