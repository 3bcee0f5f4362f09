package io.ilertsumo.bridge.deadletter;

import io.ilertsumo.bridge.lane.KeyWindow;

/**
 * What can't be delivered, and why.
 *
 * @param reason    one of a few words
 * @param detail    what was wrong, for people; may be {@code null}
 * @param status    what Sumo Logic answered; {@code null} if it was not asked
 * @param answer    the beginning of Sumo Logic's answer; may be {@code null}
 * @param eventId   the event, if known; may be {@code null}
 * @param eventType its type; may be {@code null}
 * @param lane      the lane it was in; may be {@code null}
 * @param group     its group; may be {@code null}
 * @param encoding  the body's {@code Content-Encoding}; may be {@code null}
 * @param body      as it came
 */
public record Undeliverable(String reason, String detail, Integer status, String answer, String eventId,
        String eventType, String lane, String group, String encoding, byte[] body) {

    /** The same event, and the same body of an event that can't be told, has the same key. */
    public byte[] key() {
        return eventId == null ? KeyWindow.key(body) : KeyWindow.key(eventId);
    }
}
