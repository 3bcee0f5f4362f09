package io.ilertsumo.bridge.search;

import java.util.Map;

/**
 * A log message as a search sees it. Immutable.
 *
 * @param time   its time, {@code _messagetime}, in milliseconds since the epoch
 * @param raw    its text, {@code _raw}
 * @param fields what else is known of it, such as {@code _sourceCategory}, by name
 */
public record LogMessage(long time, String raw, Map<String, String> fields) {

    public LogMessage {
        fields = Map.copyOf(fields);
    }
}
