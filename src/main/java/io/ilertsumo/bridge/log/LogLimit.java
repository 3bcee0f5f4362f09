package io.ilertsumo.bridge.log;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Limits repeated log lines to one a minute for each key, and counts what they stand for. Thread-safe. */
public final class LogLimit {

    private static final long PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Map<String, Line> lines = new HashMap<>();

    private static final class Line {
        private long loggedNanos = System.nanoTime() - PERIOD_NANOS;
        private long count;
    }

    /**
     * Counts an occurrence.
     *
     * @return the occurrences since the last line, this one included, if a line is to be logged now; else 0
     */
    public synchronized long count(String key) {
        Line line = lines.computeIfAbsent(key, k -> new Line());
        line.count++;
        long now = System.nanoTime();
        if (now - line.loggedNanos < PERIOD_NANOS) {
            return 0;
        }
        long count = line.count;
        line.count = 0;
        line.loggedNanos = now;
        return count;
    }
}
