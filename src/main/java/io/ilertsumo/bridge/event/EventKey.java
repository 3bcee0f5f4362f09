package io.ilertsumo.bridge.event;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/** The key of an event: the first 128 bits of the SHA-256 of its event ID, or of a body that is no event. */
public final class EventKey {

    /** Bytes of a key. */
    public static final int BYTES = 16;

    private EventKey() {
    }

    /** The key of an event. */
    public static byte[] of(String eventId) {
        return of(eventId.getBytes(StandardCharsets.UTF_8));
    }

    /** The key of a body that is no event. */
    public static byte[] of(byte[] body) {
        return Arrays.copyOf(sha256(body), BYTES);
    }

    static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
