package io.ilertsumo.bridge.webhook;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/**
 * A user and a password, and whether an {@code Authorization} header has just them (RFC 7617), compared in constant
 * time. Immutable.
 */
public final class BasicCredentials {

    private static final String BASIC = "Basic ";

    private final byte[] expected;

    public BasicCredentials(String user, String password) {
        expected = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    }

    /** Whether it claims to be of somebody at all. */
    public static boolean isGiven(String authorization) {
        return authorization != null && authorization.regionMatches(true, 0, BASIC, 0, BASIC.length());
    }

    /** Whether it is of the one who is expected. */
    public boolean isMatchedBy(String authorization) {
        if (!isGiven(authorization)) {
            return false;
        }
        try {
            byte[] given = Base64.getDecoder().decode(authorization.substring(BASIC.length()).trim());
            return MessageDigest.isEqual(expected, given);
        } catch (IllegalArgumentException e) {
            // not Base64: nobody's credentials
            return false;
        }
    }
}
