package io.ilertsumo.bridge.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Collects what the classes of a package log in the process of the test: level and message. Thread-safe. */
public final class LoggedLines extends Handler implements AutoCloseable {

    private final List<String> lines = new ArrayList<>();
    private final Logger logger;

    /** @param type a class of the package */
    public LoggedLines(Class<?> type) {
        logger = Logger.getLogger(type.getPackageName());
        logger.addHandler(this);
    }

    /** The lines that a pattern matches. */
    public synchronized List<String> matching(String pattern) {
        return lines.stream().filter(line -> line.matches(pattern)).toList();
    }

    @Override
    public synchronized void publish(LogRecord logged) {
        lines.add(logged.getLevel() + " " + logged.getMessage());
    }

    @Override
    public void flush() {
        // nothing is buffered
    }

    @Override
    public void close() {
        logger.removeHandler(this);
    }
}
