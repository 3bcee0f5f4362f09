package io.ilertsumo.bridge.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Base64;
import java.util.stream.Stream;

import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.provider.MethodSource;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

/** Searches for headers that authentication fails on, or that are not the secret and accepted. */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class CredentialsFuzz {

    /** @param input a secret, a line break, and a header */
    @MethodSource("seeds")
    @DictionaryEntries({ "Basic ", "basic ", "=", "==", "aWxlcnQ6c2VjcmV0", "ilert:secret", "\u00e9", "\u20ac" })
    @FuzzTest
    void acceptsTheSecretAndNothingElse(byte[] input) {
        String[] parts = new String(input, ISO_8859_1).split("\n", 2);
        String secret = new String(parts[0].getBytes(ISO_8859_1), UTF_8);
        String header = parts[parts.length - 1];
        Credentials credentials = new Credentials(secret);

        assertTrue(credentials.matchesHeader(new String(secret.getBytes(UTF_8), ISO_8859_1)));
        assertTrue(credentials.matchesBasic("Basic " + Base64.getEncoder().encodeToString(secret.getBytes(UTF_8))));
        assertEquals(isSecret(secret, header.getBytes(ISO_8859_1)), credentials.matchesHeader(header));
        assertEquals(isSecret(secret, basic(header)), credentials.matchesBasic(header));
    }

    static Stream<byte[]> seeds() {
        return Stream.of("ilert:secret\nBasic aWxlcnQ6c2VjcmV0", "secret\nsecret", "\u00e9\nBASIC w6k=", "\u20ac\n?")
                .map(text -> text.getBytes(UTF_8));
    }

    private static boolean isSecret(String secret, byte[] given) {
        return given != null && (new String(given, ISO_8859_1).equals(secret)
                || new String(given, ISO_8859_1).equals(new String(secret.getBytes(UTF_8), ISO_8859_1)));
    }

    /** What a header of HTTP Basic has encoded; {@code null} if it is none. */
    private static byte[] basic(String header) {
        if (!header.matches("(?is)basic .*")) {
            return null;
        }
        try {
            return Base64.getDecoder().decode(header.substring(6).trim().getBytes(ISO_8859_1));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
