package io.ilertsumo.bridge.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.Charset;
import java.util.Base64;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {

    @ParameterizedTest
    @ValueSource(strings = { "secret", "Geheim-äöüß", "пароль", "火事\uD83D\uDD25", "a b:c?", "é" })
    void aSecretInUtf8Matches(String secret) {
        assertTrue(new Credentials(secret).matchesHeader(onTheWire(secret, UTF_8)));
        assertTrue(new Credentials("user:" + secret).matchesBasic(basic("user:" + secret, UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = { "secret", "Geheim-äöüß", "é" })
    void aSecretInLatin1MatchesIfItHasNoOtherLetters(String secret) {
        assertTrue(new Credentials(secret).matchesHeader(onTheWire(secret, ISO_8859_1)));
        assertTrue(new Credentials("user:" + secret).matchesBasic(basic("user:" + secret, ISO_8859_1)));
    }

    @Test
    void questionMarksDoNotMatchLettersThatLatin1Lacks() {
        assertFalse(new Credentials("пароль").matchesHeader("??????"));
        assertFalse(new Credentials("user:пароль").matchesBasic(basic("user:??????", UTF_8)));
    }

    @Test
    void anotherSecretDoesNotMatch() {
        for (String other : List.of("", "s", "secre", "secrets", "Secret", " secret", "secret\u00e9", "secre\u0174")) {
            assertFalse(new Credentials("secret").matchesHeader(other), other);
            assertFalse(new Credentials("user:secret").matchesBasic(basic("user:" + other, UTF_8)), other);
        }
        assertFalse(new Credentials("secret").matchesHeader(null));
        assertFalse(new Credentials("user:secret").matchesBasic(basic("usr:secret", UTF_8)));
    }

    @Test
    void onlyAnAuthorizationOfBasicMatches() {
        Credentials credentials = new Credentials("user:secret");
        String encoded = Base64.getEncoder().encodeToString("user:secret".getBytes(UTF_8));

        assertTrue(credentials.matchesBasic("basic   " + encoded + " "));
        for (String authorization : new String[]{ null, "", "Basic", "Basic ", "Basic %%%", "Bearer " + encoded,
                encoded,
                "Basic" + encoded, "Basic user:secret" }) {
            assertFalse(credentials.matchesBasic(authorization), authorization);
        }
    }

    /** What Netty reads when a header is sent so. */
    private static String onTheWire(String header, Charset charset) {
        return new String(header.getBytes(charset), ISO_8859_1);
    }

    private static String basic(String credentials, Charset charset) {
        return "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(charset));
    }

    @Test
    void afterAChangeTheFormerSecretIsValidForAWhileAndNoneBeforeIt() {
        Credentials credentials = new Credentials("first");
        credentials.change("second");
        credentials.change("second");
        long now = System.nanoTime();

        assertTrue(credentials.matches("first".getBytes(UTF_8), now));
        assertTrue(credentials.matches("second".getBytes(UTF_8), now));
        assertFalse(credentials.matches("third".getBytes(UTF_8), now));
        assertFalse(credentials.matches("first".getBytes(UTF_8), now + Credentials.OVERLAP.toNanos()));
        assertTrue(credentials.matches("second".getBytes(UTF_8), now + Credentials.OVERLAP.toNanos()));

        credentials.change("third");
        assertFalse(credentials.matches("first".getBytes(UTF_8), System.nanoTime()));
        assertTrue(credentials.matches("second".getBytes(UTF_8), System.nanoTime()));
        assertTrue(credentials.matches("third".getBytes(UTF_8), System.nanoTime()));
    }
}
