package io.ilertsumo.bridge.store.sqlite;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * A connection to a SQLite file that prepares each statement once. For one thread. After an error of a write it
 * is of no use.
 */
final class Sql implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Sql.class);

    final Connection connection;
    private final Map<String, PreparedStatement> prepared = new HashMap<>();

    /** Reads one row; returns whether to read the next one too. */
    @FunctionalInterface
    interface RowReader {
        boolean read(ResultSet row) throws SQLException;
    }

    private Sql(Path file, SQLiteConfig config) throws SQLException {
        // else the driver asks for the last key after each write
        config.setGetGeneratedKeys(false);
        // DriverManager would find the driver by reflection, which a native executable doesn't have
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + file);
        connection = source.getConnection();
    }

    static Sql open(Path file) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setJournalSizeLimit(64 * 1024 * 1024);
        config.setBusyTimeout(5000);
        return new Sql(file, config);
    }

    /** Opens a corrupt file, to read what can be read. */
    static Sql openCorrupt(Path file) throws SQLException {
        Sql sql = new Sql(file, new SQLiteConfig());
        // else a file that is shorter than the size in its header can't be read at all
        sql.execute("PRAGMA writable_schema = ON");
        return sql;
    }

    static boolean isCorrupt(Throwable e) {
        // IDs are counted: that of an added row exists only if another one is damaged
        return hasCode(e, SQLiteErrorCode.SQLITE_CORRUPT) || hasCode(e, SQLiteErrorCode.SQLITE_NOTADB)
                || e instanceof SQLiteException s && s.getResultCode() == SQLiteErrorCode.SQLITE_CONSTRAINT_PRIMARYKEY;
    }

    /** Whether rows or tables of a corrupt file can't be read. */
    static boolean isUnreadable(SQLException e) {
        return isCorrupt(e) || hasCode(e, SQLiteErrorCode.SQLITE_ERROR);
    }

    private static boolean hasCode(Throwable e, SQLiteErrorCode code) {
        return e instanceof SQLiteException s && (s.getResultCode().code & 0xFF) == code.code;
    }

    private PreparedStatement prepare(String sql, Object... parameters) throws SQLException {
        PreparedStatement statement = prepared.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            prepared.put(sql, statement);
        }
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }

    /** Runs statements to their end, whether or not they return rows. */
    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }

    /** Returns the number of rows that are changed. */
    int update(String sql, Object... parameters) throws SQLException {
        return prepare(sql, parameters).executeUpdate();
    }

    /** Returns the number of rows that are read. */
    int query(String sql, RowReader reader, Object... parameters) throws SQLException {
        int rows = 0;
        try (ResultSet row = prepare(sql, parameters).executeQuery()) {
            for (boolean isNextWanted = true; isNextWanted && row.next(); rows++) {
                isNextWanted = reader.read(row);
            }
        } catch (SQLException e) {
            // the driver has closed the statement
            prepared.remove(sql);
            throw e;
        }
        return rows;
    }

    /** Returns the first column of the first row; 0 if there is no row. */
    long number(String sql, Object... parameters) throws SQLException {
        try (ResultSet row = prepare(sql, parameters).executeQuery()) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    /** Closes a connection, if there is one. */
    static void close(Sql sql) {
        if (sql != null) {
            sql.close();
        }
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.warn("A connection to the outbox was not closed cleanly: {}", e.getMessage());
        }
    }
}
