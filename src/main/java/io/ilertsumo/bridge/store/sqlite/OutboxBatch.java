package io.ilertsumo.bridge.store.sqlite;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.store.sqlite.OutboxLane.Fifo;
import io.ilertsumo.bridge.store.sqlite.OutboxLane.State;

/**
 * A batch of the outbox. It ends at a position of its FIFO.
 *
 * @param row       rows with a lower ID are before the position
 * @param offset    bytes of this row that are before the position
 * @param isDamaged whether it is the rest of a damaged row, which is not to be delivered
 */
record OutboxBatch(Fifo fifo, int events, byte[] body, List<String> traceparents, List<Part> parts, long row,
        int offset, boolean isDamaged)
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

    /** Reads the next batch of a FIFO, or its first row if that is damaged; {@code null} if there is no event. */
    static OutboxBatch read(Sql sql, Fifo fifo, int maxEvents, int maxBytes) throws SQLException {
        Reader reader = new Reader(fifo, maxEvents, maxBytes);
        sql.query(
                "SELECT id, accepted, events, checksum, body, traceparents FROM event WHERE id >= ? AND id < ? ORDER BY id",
                reader::add, reader.start.first(), fifo.end);
        return reader.events == 0
                ? null
                : new OutboxBatch(fifo, reader.events, reader.lines.toByteArray(), reader.traceparents, reader.parts,
                        reader.row, reader.offset, reader.isDamaged);
    }

    /** Collects lines of one row after the other, from a position on. */
    private static final class Reader {
        private final Fifo fifo;
        private final State start;
        private final int maxEvents;
        private final int maxBytes;
        /** Without the last line break. */
        private final ByteArrayOutputStream lines;
        private final List<String> traceparents = new ArrayList<>();
        private final List<Part> parts = new ArrayList<>();
        private int events;
        private long row;
        private int offset;
        private boolean isDamaged;

        Reader(Fifo fifo, int maxEvents, int maxBytes) {
            this.fifo = fifo;
            start = fifo.committed;
            this.maxEvents = maxEvents;
            this.maxBytes = maxBytes;
            // a damaged count may be any
            lines = new ByteArrayOutputStream((int) Math.max(0, Math.min(Math.min(maxBytes, 1 << 20), start.bytes())));
        }

        /** Adds lines of a row; returns whether the next row may follow. */
        private boolean add(ResultSet result) throws SQLException {
            byte[] read = result.getBytes(5);
            byte[] body = read == null ? new byte[0] : read;
            int begin = result.getLong(1) == start.first() ? Math.min(start.offset(), body.length) : 0;
            if (body.length == 0 || result.getLong(4) != EventTable.checksum(body, result.getLong(1),
                    fifo.lane.name(), fifo.group)) {
                // after other rows, it is read again as the first one
                if (events == 0) {
                    isDamaged = true;
                    add(result, Math.max(1, result.getInt(3) - lines(body, begin)), body, begin, body.length);
                }
                return false;
            }
            int count = 0;
            int end = begin;
            while (end < body.length && events + count < maxEvents) {
                int lineBreak = end;
                while (body[lineBreak] != '\n') {
                    lineBreak++;
                }
                if ((long) lines.size() + (events > 0 ? 1 : 0) + lineBreak - begin > maxBytes && events + count > 0) {
                    break;
                }
                end = lineBreak + 1;
                count++;
            }
            if (count > 0) {
                addTraceparents(result.getString(6), body, begin, count);
                add(result, count, body, begin, end);
            }
            return count > 0 && offset == 0 && events < maxEvents;
        }

        /** Adds those of so many events from a position of the body on. */
        private void addTraceparents(String stored, byte[] body, int begin, int count) {
            int length = LaneEvent.TRACEPARENT_LENGTH;
            int first = stored == null ? 0 : lines(body, begin);
            for (int i = first; stored != null && i < first + count && (i + 1) * length <= stored.length(); i++) {
                String traceparent = stored.substring(i * length, (i + 1) * length);
                if (!traceparent.isBlank()) {
                    traceparents.add(traceparent);
                }
            }
        }

        /** The number of lines before a position. */
        private static int lines(byte[] body, int end) {
            return (int) new String(body, 0, end, StandardCharsets.ISO_8859_1).chars().filter(c -> c == '\n').count();
        }

        private void add(ResultSet result, int count, byte[] body, int begin, int end) throws SQLException {
            boolean isWhole = end == body.length;
            if (events > 0) {
                lines.write('\n');
            }
            lines.write(body, begin, Math.max(0, end - begin - 1));
            parts.add(new Part(count, result.getLong(2)));
            events += count;
            row = result.getLong(1) + (isWhole ? 1 : 0);
            offset = isWhole ? 0 : end;
        }
    }
}
