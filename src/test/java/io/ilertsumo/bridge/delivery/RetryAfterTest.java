package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {

    private static final Instant NOW = Instant.parse("2026-01-31T23:59:59Z");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            120                           | PT2M
            ' 7 '                         | PT7S
            999999999                     | PT999999999S
            99999999999999999999          | PT999999999S
            Sun, 1 Feb 2026 00:00:09 GMT  | PT10S
            Sun, 01 Feb 2026 00:00:09 GMT | PT10S
            1 Feb 999002026 1:09 GMT      | PT999999999S
            """)
    void secondsAndDatesAreRead(String header, Duration expected) {
        assertEquals(expected, CircuitBreaker.retryAfter(header, NOW));
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = { "0", "Sat, 31 Jan 2026 00:00:00 GMT", "soon", "-1", "1.5", "1e3", "2026-02-01T00:00:00Z",
            "Mon, 1 Feb 2026 00:00:09 GMT", "١٢" })
    void whatMakesNoSenseIsNothing(String header) {
        assertEquals(Duration.ZERO, CircuitBreaker.retryAfter(header, NOW));
    }

    @Test
    void aDateIsComparedWithNow() {
        assertEquals(Duration.ofHours(1),
                CircuitBreaker.retryAfter("Sun, 1 Feb 2026 00:00:00 GMT", Instant.parse("2026-01-31T23:00:00Z")));
    }
}
