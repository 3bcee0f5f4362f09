package io.ilertsumo.bridge.store.sqlite;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.store.sqlite.OutboxLane.Fifo;
import io.ilertsumo.bridge.store.sqlite.OutboxLane.State;

/**
 * A batch of the outbox. It ends at a position of its FIFO.
 *
 * @param bytes bytes of its events in the file, line breaks included
 * @param row   rows with a lower ID are before the position
 * @param taken bytes of this row that are before the position
 */
record OutboxBatch(Fifo fifo, int events, byte[] body, List<Part> parts, long bytes, long row, int taken)
        implements
            Batch {

    /** Events of one row. */
    record Part(int events, long accepted) implements Batch.Part {
    }

    @Override
    public String lane() {
        return fifo.lane.name();
    }

    @Override
    public String group() {
        return fifo.group;
    }

    /** Reads the next batch of a FIFO: lines of one row after the other, from the position on. */
    static final class Reader {

        private final Fifo fifo;
        private final State start;
        private final int maxEvents;
        private final int maxBytes;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream(64 * 1024);
        private final List<Part> parts = new ArrayList<>();
        private int events;
        private long row;
        private int taken;
        /** The first row, if it is damaged: not to be delivered. */
        OutboxBatch damaged;

        Reader(Fifo fifo, int maxEvents, int maxBytes) {
            this.fifo = fifo;
            this.start = fifo.committed;
            this.maxEvents = maxEvents;
            this.maxBytes = maxBytes;
        }

        /** Returns the batch; {@code null} if there is no event, or the first row is damaged. */
        OutboxBatch read(Sql sql) throws SQLException {
            sql.query("SELECT id, accepted, events, checksum, body FROM event WHERE queue = ? AND id >= ? ORDER BY id",
                    this::add, fifo.id, start.first());
            byte[] lines = body.toByteArray();
            return events == 0
                    ? null
                    : new OutboxBatch(fifo, events, Arrays.copyOf(lines, lines.length - 1), parts, lines.length, row,
                            taken);
        }

        /** Adds the lines of a row; returns whether the next row may follow. */
        private boolean add(ResultSet result) throws SQLException {
            long id = result.getLong(1);
            int begin = id == start.first() ? start.taken() : 0;
            byte[] lines = result.getBytes(5);
            if (EventTable.checksum(lines) != result.getLong(4)) {
                // a row after others is read again, as the first one
                if (events == 0) {
                    long before = new String(lines, 0, begin, StandardCharsets.ISO_8859_1).lines().count();
                    damaged = new OutboxBatch(fifo, result.getInt(3) - (int) before, lines, parts, lines.length - begin,
                            id + 1, 0);
                }
                return false;
            }
            int before = events;
            int end = begin;
            while (end < lines.length && events < maxEvents) {
                int lineBreak = end;
                while (lines[lineBreak] != '\n') {
                    lineBreak++;
                }
                // the last line break is not part of the batch
                if ((long) body.size() + lineBreak - begin > maxBytes && events > 0) {
                    break;
                }
                end = lineBreak + 1;
                events++;
            }
            if (events > before) {
                body.write(lines, begin, end - begin);
                parts.add(new Part(events - before, result.getLong(2)));
            }
            boolean isWhole = end == lines.length;
            row = isWhole ? id + 1 : id;
            taken = isWhole ? 0 : end;
            return isWhole && events < maxEvents;
        }
    }
}
