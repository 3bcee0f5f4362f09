package io.ilertsumo.bridge.deadletter;

import java.time.Instant;

/**
 * A dead letter as it is kept.
 *
 * @param id       its number; higher ones came later
 * @param attempts how often it was kept: once more for each repeat of a call that can't be read, and for each replay that
 *                 could still not be read
 * @param first    when it became one
 * @param last     when it did so the last time
 * @param size     bytes of its body
 * @param content  what it is; in a list without the body
 */
public record DeadLetter(long id, int attempts, Instant first, Instant last, int size, Undeliverable content) {

    /**
     * Which dead letters are meant: those that all of these hold for.
     *
     * @param reason its reason; {@code null} for any
     * @param type   its event's type; {@code null} for any
     * @param from   became one, for the last time, then or later; {@code null} for any time
     * @param to     became one, for the last time, before; {@code null} for any time
     */
    public record Filter(String reason, String type, Instant from, Instant to) {

        /** Whether the dead letter is one of them. */
        public boolean includes(DeadLetter letter) {
            return (reason == null || reason.equals(letter.content.reason()))
                    && (type == null || type.equals(letter.content.eventType()))
                    && (from == null || !letter.last.isBefore(from)) && (to == null || letter.last.isBefore(to));
        }
    }
}
