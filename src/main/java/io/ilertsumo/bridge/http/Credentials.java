package io.ilertsumo.bridge.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;

/**
 * A secret that calls are authenticated by, compared in constant time. One that is not ASCII may be sent in UTF-8 or in
 * ISO-8859-1. After a change the former secret is valid for some more minutes. Thread-safe.
 */
final class Credentials {

    /** The value of {@code WWW-Authenticate} for HTTP Basic (RFC 7617). */
    static final String CHALLENGE = "Basic realm=\"ilert-sumologic-bridge\", charset=\"UTF-8\"";
    /** How long the former secret is valid after a change. */
    static final Duration OVERLAP = Duration.ofMinutes(5);
    private static final String BASIC = "Basic ";

    private volatile Secrets secrets;

    private record Secrets(Secret present, Secret former, long changedNanos) {
    }

    private record Secret(byte[] utf8, byte[] latin1) {

        boolean matches(byte[] given) {
            return MessageDigest.isEqual(utf8, given) | MessageDigest.isEqual(latin1, given);
        }
    }

    /** @param secret the value of a header, or {@code user:password} */
    Credentials(String secret) {
        Secret first = secret(secret);
        secrets = new Secrets(first, first, System.nanoTime());
    }

    private static Secret secret(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        // what ISO-8859-1 lacks would become a question mark, which any sender could send
        return new Secret(utf8, StandardCharsets.ISO_8859_1.newEncoder().canEncode(text)
                ? text.getBytes(StandardCharsets.ISO_8859_1)
                : utf8);
    }

    /** Replaces the secret by another one; does nothing if it is the same. */
    void change(String secret) {
        Secret next = secret(secret);
        if (!MessageDigest.isEqual(next.utf8, secrets.present.utf8)) {
            secrets = new Secrets(next, secrets.present, System.nanoTime());
        }
    }

    /** Whether an {@code Authorization} header, or {@code null} for none, has these credentials. */
    boolean matchesBasic(String authorization) {
        try {
            return authorization != null && authorization.regionMatches(true, 0, BASIC, 0, BASIC.length())
                    && matches(Base64.getDecoder().decode(authorization.substring(BASIC.length()).trim()),
                            System.nanoTime());
        } catch (IllegalArgumentException e) {
            // not Base64
            return false;
        }
    }

    /** Whether a header, or {@code null} for none, has this value. Netty reads each of its bytes as a character. */
    boolean matchesHeader(String value) {
        return value != null && matches(value.getBytes(StandardCharsets.ISO_8859_1), System.nanoTime());
    }

    boolean matches(byte[] given, long nanos) {
        Secrets valid = secrets;
        return valid.present.matches(given)
                | (nanos - valid.changedNanos < OVERLAP.toNanos() & valid.former.matches(given));
    }
}
