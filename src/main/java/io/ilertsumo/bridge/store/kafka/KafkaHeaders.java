package io.ilertsumo.bridge.store.kafka;

import java.nio.charset.StandardCharsets;

import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/** The headers of records, text in UTF-8. */
final class KafkaHeaders {

    static final String GROUP = "group";
    static final String EVENT_ID = "eventId";
    /** The event's key, by which duplicates are detected; a replay has none. */
    static final String EVENT_KEY = "eventKey";

    /** The event's trace context, as other programs send it in a record. */
    static final String TRACEPARENT = "traceparent";

    private KafkaHeaders() {
    }

    /** Returns the header's value; {@code null} if there is none. */
    static String get(Headers headers, String name) {
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
