package io.ilertsumo.bridge.deadletter;

import java.time.Instant;

import io.ilertsumo.bridge.event.EventKey;

/**
 * An event or a call that can't be delivered or read, as it is kept.
 *
 * @param id       its number; later dead letters have higher ones
 * @param attempts how often it was kept; a repeated call or a failed replay adds one
 * @param first    when it was first kept
 * @param last     when it was last kept
 * @param size     bytes of its body
 * @param content  the rest; without the body in a list
 */
public record DeadLetter(long id, int attempts, Instant first, Instant last, int size, Content content) {

    /**
     * What is kept of an event or a call.
     *
     * @param reason    why it is a dead letter: {@code unreadable}, {@code rejected}, {@code route-failed},
     *                  {@code oversized}, or the reason of an edited route
     * @param detail    the reason in a sentence; may be {@code null}
     * @param status    Sumo Logic's HTTP status; {@code null} if it was not sent
     * @param answer    the beginning of Sumo Logic's answer; may be {@code null}
     * @param eventId   the event ID; may be {@code null}
     * @param eventType the event type; may be {@code null}
     * @param lane      the lane it was in; may be {@code null}
     * @param group     the group; may be {@code null}
     * @param encoding  the {@code Content-Encoding} of the body; may be {@code null}
     * @param body      the event as stored in its lane, or the call as received
     */
    public record Content(String reason, String detail, Integer status, String answer, String eventId,
            String eventType, String lane, String group, String encoding, byte[] body) {

        /** Two calls with the same key have one dead letter: the key of the event, or of a body that is no event. */
        public byte[] key() {
            return eventId == null ? EventKey.of(body) : EventKey.of(eventId);
        }
    }

    /**
     * Selects the dead letters that meet all conditions.
     *
     * @param reason its reason; {@code null} for any
     * @param type   its event type; {@code null} for any
     * @param from   last kept at this time or later; {@code null} for any time
     * @param to     last kept before this time; {@code null} for any time
     */
    public record Filter(String reason, String type, Instant from, Instant to) {

        /** Selects all. */
        public static final Filter ALL = new Filter(null, null, null, null);

        /** Whether the dead letter meets all conditions. */
        public boolean includes(DeadLetter letter) {
            return (reason == null || reason.equals(letter.content.reason()))
                    && (type == null || type.equals(letter.content.eventType()))
                    && (from == null || !letter.last.isBefore(from)) && (to == null || letter.last.isBefore(to));
        }
    }
}
