package io.ilertsumo.bridge.demo.search;

import java.util.Map;

/**
 * A log message to search. Immutable.
 *
 * @param time   its time, {@code _messagetime}, in milliseconds since the epoch
 * @param raw    its text, {@code _raw}
 * @param fields its metadata, such as {@code _sourceCategory}, by name
 */
public record LogMessage(long time, String raw, Map<String, String> fields) {

    public LogMessage {
        fields = Map.copyOf(fields);
    }
}
