package io.ilertsumo.bridge.kafka;

import java.nio.charset.StandardCharsets;
import java.util.Set;

import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

import io.ilertsumo.bridge.lane.LaneConstants;

/** The headers of the bridge's records, text in UTF-8 as far as the bridge reads them. */
final class EventHeaders {

    /** Those that an event's record takes over from the message. */
    static final Set<String> NAMES = Set.of(LaneConstants.LANE, LaneConstants.GROUP, LaneConstants.EVENT_ID,
            LaneConstants.ACCEPTED, LaneConstants.DEAD_LETTER);

    private EventHeaders() {
    }

    /** The header's value; {@code null} if there is none of that name. */
    static String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    /** Adds a header, unless the value is {@code null}. */
    static void put(Headers headers, String name, Object value) {
        if (value != null) {
            headers.add(name, value.toString().getBytes(StandardCharsets.UTF_8));
        }
    }
}
