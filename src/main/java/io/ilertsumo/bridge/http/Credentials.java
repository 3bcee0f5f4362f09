package io.ilertsumo.bridge.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/**
 * A secret that calls are authenticated by, compared in constant time. One that is not ASCII may be sent in UTF-8 or in
 * ISO-8859-1. Immutable.
 */
final class Credentials {

    /** The value of {@code WWW-Authenticate} for HTTP Basic (RFC 7617). */
    static final String CHALLENGE = "Basic realm=\"ilert-sumologic-bridge\", charset=\"UTF-8\"";
    private static final String BASIC = "Basic ";

    private final byte[] utf8;
    private final byte[] latin1;

    /** @param secret the value of a header, or {@code user:password} */
    Credentials(String secret) {
        utf8 = secret.getBytes(StandardCharsets.UTF_8);
        // what ISO-8859-1 lacks would become a question mark, which anybody could send
        latin1 = StandardCharsets.ISO_8859_1.newEncoder().canEncode(secret)
                ? secret.getBytes(StandardCharsets.ISO_8859_1)
                : utf8;
    }

    /** Whether an {@code Authorization} header, or {@code null} for none, has these credentials. */
    boolean matchesBasic(String authorization) {
        try {
            return authorization != null && authorization.regionMatches(true, 0, BASIC, 0, BASIC.length())
                    && matches(Base64.getDecoder().decode(authorization.substring(BASIC.length()).trim()));
        } catch (IllegalArgumentException e) {
            // not Base64
            return false;
        }
    }

    /** Whether a header, or {@code null} for none, has this value. Netty reads each of its bytes as a character. */
    boolean matchesHeader(String value) {
        return value != null && matches(value.getBytes(StandardCharsets.ISO_8859_1));
    }

    private boolean matches(byte[] given) {
        return MessageDigest.isEqual(utf8, given) | MessageDigest.isEqual(latin1, given);
    }
}
