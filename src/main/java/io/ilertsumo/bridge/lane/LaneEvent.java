package io.ilertsumo.bridge.lane;

import java.util.regex.Pattern;

/**
 * An event to store.
 *
 * @param lane        the lane
 * @param group       the group; a batch holds events of one group
 * @param eventId     identifies the event: a second one with the same ID is a duplicate, unless it is a replay
 * @param alertId     the alert that the event belongs to; may be {@code null}. Events of one alert keep their order within
 *                    lane and group
 * @param traceparent the event's W3C trace context; {@code null} if there is none or it is malformed
 * @param replay      whether the event was a dead letter, so that it is stored whether or not its ID was seen before
 * @param line        the event as one line of UTF-8 without a line break; not to be changed afterwards
 */
public record LaneEvent(String lane, String group, String eventId, String alertId, String traceparent, boolean replay,
        byte[] line) {

    /** Characters of a trace context. */
    public static final int TRACEPARENT_LENGTH = 55;
    private static final Pattern TRACEPARENT = Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");

    public LaneEvent {
        traceparent = wellFormed(traceparent);
    }

    /** The trace context, or {@code null} if it is malformed. */
    public static String wellFormed(String traceparent) {
        return traceparent != null && TRACEPARENT.matcher(traceparent).matches() ? traceparent : null;
    }
}
