package io.ilertsumo.bridge.store.sqlite;

import java.time.Duration;

/**
 * The bounds of an outbox. Beyond those of events and disk, new events are rejected; beyond those of dead letters, the
 * oldest are evicted.
 *
 * @param events          pending events
 * @param bytes           bytes of pending events
 * @param freeDisk        bytes that stay free on the disk
 * @param keys            event IDs that are remembered at least, as far as {@code keyAge} allows
 * @param keyAge          how long an event ID is remembered at least, as far as {@code keys} allows
 * @param deadLetters     dead letters
 * @param deadLetterBytes bytes of dead letters
 * @param deadLetterAge   how long a dead letter is kept, checked once an hour
 */
public record Bounds(long events, long bytes, long freeDisk, int keys, Duration keyAge, long deadLetters,
        long deadLetterBytes, Duration deadLetterAge) {
}
