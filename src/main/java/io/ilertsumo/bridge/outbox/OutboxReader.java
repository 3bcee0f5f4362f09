package io.ilertsumo.bridge.outbox;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads batches from the outbox file, over a connection of its own; for one thread. */
final class OutboxReader implements AutoCloseable {

    /** Chunks of other groups that are looked past before what there is is handed out. */
    private static final int CHUNKS_LOOKED_PAST = 512;

    private final Connection connection;
    private final PreparedStatement chunks;
    private final PreparedStatement bodies;

    OutboxReader(Connection connection) throws SQLException {
        this.connection = connection;
        this.chunks = connection
                .prepareStatement("SELECT id, grp, accepted, events, bytes FROM chunk WHERE lane = ? ORDER BY id");
        this.bodies = connection.prepareStatement("SELECT orders, body FROM chunk WHERE id = ?");
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
    OutboxBatch next(String lane, int maxEvents, int maxBytes) throws SQLException {
        String group = null;
        int count = 0;
        int lookedPast = 0;
        ByteArrayOutputStream body = new ByteArrayOutputStream(64 * 1024);
        List<OutboxBatch.Part> parts = new ArrayList<>();
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
                OutboxBatch.Part part = take(chunk, row.getInt(4), row.getInt(5), row.getLong(3), maxEvents - count,
                        maxBytes - body.size(), parts.isEmpty(), body);
                if (part.events() > 0) {
                    parts.add(part);
                    count += part.events();
                }
                if (!part.isWhole()) {
                    break;
                }
            }
        }
        if (parts.isEmpty()) {
            return null;
        }
        byte[] lines = body.toByteArray();
        return new OutboxBatch(lane, group, count, Arrays.copyOf(lines, lines.length - 1), parts);
    }

    /** Copies as many of the chunk's events as there is room for. A line break at the batch's end is not counted. */
    private OutboxBatch.Part take(long chunk, int events, int bytes, long accepted, int maxEvents, int maxBytes,
            boolean first,
            ByteArrayOutputStream into) throws SQLException {
        if (maxEvents <= 0) {
            return new OutboxBatch.Part(chunk, 0, 0, bytes, accepted);
        }
        byte[] body = row(chunk, 2);
        if (events <= maxEvents && bytes - 1 <= maxBytes) {
            into.writeBytes(body);
            return new OutboxBatch.Part(chunk, events, bytes, bytes, accepted);
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
        return new OutboxBatch.Part(chunk, taken, end, body.length, accepted);
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
            row.next();
            return row.getBytes(column);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
