package io.ilertsumo.bridge.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.settings.BridgeSettings;

/** Guessing is slow, and locks nobody out for good. */
class ManagementAuthenticationTest {

    private static final String RIGHT = basic("admin:right");
    private static final String WRONG = basic("admin:wrong");
    private static final int MAX_FAILURES = 10;

    private final long start = System.nanoTime();
    private final ManagementAuthentication authentication = new ManagementAuthentication(
            (BridgeSettings) Proxy.newProxyInstance(BridgeSettings.class.getClassLoader(),
                    new Class<?>[]{ BridgeSettings.class },
                    (proxy, setting, none) -> setting.getName().equals("managementUsername")
                            ? "admin"
                            : Optional.of("right")));

    @Test
    void anAddressWithTooManyFailedLoginsIsLimitedForAMinuteAndOthersAreNot() {
        for (int i = 0; i < MAX_FAILURES; i++) {
            assertEquals(200, login("10.0.0.1", RIGHT), "before the limit");
            assertEquals(401, login("10.0.0.1", WRONG));
        }

        assertEquals(429, login("10.0.0.1", WRONG));
        assertEquals(429, login("10.0.0.1", RIGHT), "a guess that is right is not told from the others");
        assertEquals(200, login("10.0.0.2", RIGHT));
        long later = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        assertEquals(200, authentication.authenticate("10.0.0.1", RIGHT, later));
        assertEquals(401, authentication.authenticate("10.0.0.1", WRONG, later));
    }

    @Test
    void callsWithoutCredentialsAreNoFailedLogins() {
        for (int i = 0; i < 2 * MAX_FAILURES; i++) {
            assertEquals(401, login("10.0.0.1", null));
        }
        assertEquals(200, login("10.0.0.1", RIGHT));
    }

    @Test
    void guessesFromManyAddressesAreLimitedTogether() {
        int guesses = 0;
        for (int i = 0; i < 20_000; i++) {
            guesses += login("10.1." + i / 250 + "." + i % 250, WRONG) == 401 ? 1 : 0;
        }

        assertEquals(1000 + MAX_FAILURES, guesses);
    }

    private int login(String address, String authorization) {
        return authentication.authenticate(address, authorization, start);
    }

    private static String basic(String credentials) {
        return "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes());
    }
}
