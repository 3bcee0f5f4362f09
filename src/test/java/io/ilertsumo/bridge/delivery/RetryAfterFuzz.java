package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;

import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

/** Searches for headers {@code Retry-After} that are no wait. */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class RetryAfterFuzz {

    private static final Instant NOW = Instant.parse("2026-01-31T23:59:59Z");

    @DictionaryEntries({ "Sun, 1 Feb 2026 00:00:09 GMT", "Fri, 31 Dec 9999 23:59:60 +1800", " GMT", "0", "999999999",
            "1000000000", "\u0661" })
    @FuzzTest
    void isAWait(FuzzedDataProvider data) {
        String header = data.consumeRemainingAsString();

        Duration wait = CircuitBreaker.retryAfter(header, NOW);

        assertFalse(wait.isNegative());
        assertTrue(wait.toMillis() >= 0, "it overflows");
        if (header.matches("[0-9]{1,9}")) {
            assertEquals(Integer.parseInt(header), wait.toSeconds());
        } else if (header.chars().noneMatch(Character::isDigit)) {
            assertTrue(wait.isZero());
        }
    }
}
