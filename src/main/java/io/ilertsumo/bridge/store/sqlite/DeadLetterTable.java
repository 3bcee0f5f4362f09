package io.ilertsumo.bridge.store.sqlite;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.deadletter.AgeCheck;
import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;

/**
 * The dead letters of the outbox. A letter that is kept again gets a new ID: the order of the IDs is the
 * order in which letters were kept last, and a replay that is done discards no letter that was kept since it began.
 * Thread-safe, except the methods without {@code @Override}, which are for the thread that writes.
 */
final class DeadLetterTable implements DeadLetterStore {

    private static final Logger LOG = LoggerFactory.getLogger(DeadLetterTable.class);

    private final Outbox outbox;
    private final BridgeSettings settings;
    private Sql sql;
    private volatile long count;
    private long bytes;
    private volatile long evicted;
    private long evictedNow;
    private final AgeCheck age;

    DeadLetterTable(Outbox outbox, BridgeSettings settings, AgeCheck age) {
        this.outbox = outbox;
        this.settings = settings;
        this.age = age;
    }

    /** Uses the connection from now on, and reads what is committed. */
    void open(Sql connection) throws SQLException {
        sql = connection;
        evictedNow = 0;
        sql.query("SELECT count(*), total(bytes) FROM dead_letter", row -> {
            count = row.getLong(1);
            bytes = row.getLong(2);
            return true;
        });
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public long evicted() {
        return evicted;
    }

    @Override
    public void keep(DeadLetter.Content content, StoreCallback callback) {
        if (content.reason() == null || content.body() == null) {
            callback.done(false, new StoreException("A dead letter needs a reason and a body"));
        } else {
            byte[] key = content.key();
            outbox.loop.offer(() -> keep(content, key, outbox.writer.now), content.body().length,
                    failure -> callback.done(false, failure), true);
        }
    }

    private void keep(DeadLetter.Content content, byte[] key, long now) throws SQLException, StoreException {
        // the events of a lane are kept on a full disk too: the lane could not go on without it
        if (outbox.writer.isDiskFull && content.lane() == null) {
            throw new StoreException("The disk of the outbox is full");
        }
        long[] first = { now };
        int[] attempts = { 1 };
        sql.query("DELETE FROM dead_letter WHERE key = ? RETURNING bytes, first, attempts", row -> {
            first[0] = row.getLong(2);
            attempts[0] += row.getInt(3);
            return deleted(row);
        }, key);
        sql.update("INSERT INTO dead_letter (key, reason, detail, status, answer, attempts, first, last, event_id,"
                + " event_type, lane, grp, encoding, bytes, checksum, body)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                key, content.reason(), content.detail(), content.status(), content.answer(), attempts[0],
                first[0], now, content.eventId(), content.eventType(), content.lane(),
                content.group(), content.encoding(), content.body().length, checksum(content),
                content.body());
        count++;
        bytes += content.body().length;
        long maxBytes = settings.deadLettersMaxBytes().asLongValue();
        while ((count > settings.deadLettersMax() || bytes > maxBytes && count > 1) && delete(
                "DELETE FROM dead_letter WHERE id = (SELECT min(id) FROM dead_letter) RETURNING bytes") > 0) {
            evictedNow++;
        }
    }

    @Override
    public void discard(List<Long> ids, StoreCallback callback) {
        List<Long> copy = List.copyOf(ids);
        outbox.loop.offer(() -> {
            for (Long id : copy) {
                delete("DELETE FROM dead_letter WHERE id = ? RETURNING bytes", id);
            }
        }, 0, failure -> callback.done(false, failure), true);
    }

    void evictAged(long nowMillis, long nowNanos) throws SQLException {
        if (age.isDue(nowMillis, nowNanos)) {
            evictedNow += delete("DELETE FROM dead_letter WHERE last < ? RETURNING bytes",
                    nowMillis - settings.deadLettersMaxAge().toMillis());
        }
    }

    private int delete(String statement, Object... parameters) throws SQLException {
        return sql.query(statement, this::deleted, parameters);
    }

    private boolean deleted(ResultSet row) throws SQLException {
        count--;
        bytes -= row.getLong(1);
        return true;
    }

    /** Counts what is committed. */
    void committed() {
        if (evictedNow > 0) {
            evicted += evictedNow;
            LOG.warn("Evicted {} dead letter(s) to keep the bounds, {} are kept", evictedNow, count);
            evictedNow = 0;
        }
    }

    @Override
    public List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) throws StoreException {
        // the + keeps SQLite from sorting all letters of a period for each page
        return read("NULL", "id > ?1 AND (?2 IS NULL OR reason = ?2) AND (?3 IS NULL OR event_type = ?3)"
                + " AND +last >= ?4 AND +last < ?5 ORDER BY id LIMIT ?6", after, filter.reason(), filter.type(),
                filter.from() == null ? Long.MIN_VALUE : filter.from().toEpochMilli(),
                filter.to() == null ? Long.MAX_VALUE : filter.to().toEpochMilli(), limit);
    }

    @Override
    public Optional<DeadLetter> get(long id) throws StoreException {
        // a body that is missing is damaged, as its checksum shows
        List<DeadLetter> letters = read("coalesce(body, x'')", "id = ?", id);
        if (letters.contains(null)) {
            outbox.write(() -> {
                sql.update("INSERT OR IGNORE INTO damaged SELECT id, lane, grp, last, 1, checksum, NULL, body"
                        + " FROM dead_letter WHERE id = ?", id);
                delete("DELETE FROM dead_letter WHERE id = ? RETURNING bytes", id);
                outbox.events.countDamaged();
            });
            LOG.error("The dead letter {} is damaged and moved to the table damaged of {}", id, outbox.database);
            return Optional.empty();
        }
        return letters.stream().findFirst();
    }

    private List<DeadLetter> read(String body, String condition, Object... parameters) throws StoreException {
        List<DeadLetter> letters = new ArrayList<>();
        try (Sql connection = outbox.database.connect()) {
            connection.query("SELECT id, attempts, first, last, bytes, reason, detail, status, answer, event_id,"
                    + " event_type, lane, grp, encoding, checksum, " + body + " FROM dead_letter WHERE " + condition,
                    row -> letters.add(letter(row)), parameters);
            return letters;
        } catch (SQLException e) {
            throw outbox.database.unreadable(e);
        }
    }

    /** {@code null} if it has a body and is damaged. */
    private static DeadLetter letter(ResultSet row) throws SQLException {
        int status = row.getInt(8);
        DeadLetter.Content content = new DeadLetter.Content(row.getString(6), row.getString(7),
                status == 0 ? null : status, row.getString(9), row.getString(10), row.getString(11), row.getString(12),
                row.getString(13), row.getString(14), row.getBytes(16));
        return content.body() != null && row.getLong(15) != checksum(content)
                ? null
                : new DeadLetter(row.getLong(1), row.getInt(2), Instant.ofEpochMilli(row.getLong(3)),
                        Instant.ofEpochMilli(row.getLong(4)), row.getInt(5), content);
    }

    private static long checksum(DeadLetter.Content content) {
        return EventTable.checksum(content.body(), content.reason(), content.detail(), content.status(),
                content.answer(), content.eventId(), content.eventType(), content.lane(), content.group(),
                content.encoding());
    }
}
