package io.ilertsumo.bridge.outbox;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.deadletter.DeadLetters;
import io.ilertsumo.bridge.deadletter.Undeliverable;

/** Reads dead letters from the outbox file, over a connection of its own; for one thread. */
final class OutboxDeadLetters implements DeadLetters {

    private static final String COLUMNS = "SELECT id, attempts, first, last, length(body), reason, detail, status, answer,"
            + " event_id, event_type, lane, grp, encoding";
    private static final String MEANT = " FROM dead_letter WHERE id > ? AND (?2 IS NULL OR reason = ?2)"
            + " AND (?3 IS NULL OR event_type = ?3) AND last >= ?4 AND last < ?5 ORDER BY id LIMIT ?6";

    private final Connection connection;

    OutboxDeadLetters(Connection connection) {
        this.connection = connection;
    }

    /** A question to the file. */
    @FunctionalInterface
    private interface Question<T> {
        T ask() throws SQLException;
    }

    private static <T> T answer(Question<T> question) throws IOException {
        try {
            return question.ask();
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) throws IOException {
        return answer(() -> {
            try (PreparedStatement query = query(COLUMNS + MEANT, filter, after, limit);
                    ResultSet row = query.executeQuery()) {
                List<DeadLetter> letters = new ArrayList<>();
                while (row.next()) {
                    letters.add(letter(row, null));
                }
                return letters;
            }
        });
    }

    @Override
    public List<Long> ids(DeadLetter.Filter filter) throws IOException {
        return answer(() -> {
            try (PreparedStatement query = query("SELECT id" + MEANT, filter, 0, -1);
                    ResultSet row = query.executeQuery()) {
                List<Long> ids = new ArrayList<>();
                while (row.next()) {
                    ids.add(row.getLong(1));
                }
                return ids;
            }
        });
    }

    private PreparedStatement query(String sql, DeadLetter.Filter filter, long after, int limit) throws SQLException {
        PreparedStatement query = connection.prepareStatement(sql);
        query.setLong(1, after);
        query.setString(2, filter.reason());
        query.setString(3, filter.type());
        query.setLong(4, filter.from() == null ? Long.MIN_VALUE : filter.from().toEpochMilli());
        query.setLong(5, filter.to() == null ? Long.MAX_VALUE : filter.to().toEpochMilli());
        query.setInt(6, limit);
        return query;
    }

    @Override
    public Optional<DeadLetter> get(long id) throws IOException {
        return answer(() -> {
            try (PreparedStatement query = connection
                    .prepareStatement(COLUMNS + ", body FROM dead_letter WHERE id = ?")) {
                query.setLong(1, id);
                try (ResultSet row = query.executeQuery()) {
                    return row.next() ? Optional.of(letter(row, row.getBytes(15))) : Optional.empty();
                }
            }
        });
    }

    private static DeadLetter letter(ResultSet row, byte[] body) throws SQLException {
        int status = row.getInt(8);
        return new DeadLetter(row.getLong(1), row.getInt(2), Instant.ofEpochMilli(row.getLong(3)),
                Instant.ofEpochMilli(row.getLong(4)), row.getInt(5),
                new Undeliverable(row.getString(6), row.getString(7), status == 0 ? null : status, row.getString(9),
                        row.getString(10), row.getString(11), row.getString(12), row.getString(13),
                        row.getString(14), body));
    }

    @Override
    public void close() throws IOException {
        answer(() -> {
            connection.close();
            return null;
        });
    }
}
