package io.ilertsumo.bridge.delivery;

import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;

/** The HTTP header {@code Retry-After} (RFC 9110, 10.2.3): a number of seconds or a date. */
final class RetryAfter {

    private RetryAfter() {
    }

    /**
     * Returns the time to wait; zero if the header is missing or malformed.
     *
     * @param header may be {@code null}
     * @param now    what a date is compared with
     */
    static Duration parse(String header, Instant now) {
        String text = header == null ? "" : header.trim();
        if (text.matches("[0-9]+")) {
            // more than 9 digits are 31 years and more
            return Duration.ofSeconds(text.length() > 9 ? 999_999_999 : Long.parseLong(text));
        }
        try {
            Duration wait = Duration.between(now, ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME));
            return wait.isNegative() ? Duration.ZERO : wait;
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }
}
