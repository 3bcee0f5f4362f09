package io.ilertsumo.bridge.delivery;

import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/**
 * The HTTP header {@code Retry-After} (RFC 9110, 10.2.3): a number of seconds or a date.
 */
final class RetryAfter {

    private RetryAfter() {
    }

    /**
     * Returns the time to wait; nothing if the header is missing, malformed or says not to wait.
     *
     * @param header may be {@code null}
     * @param now    what a date is compared with
     */
    static Optional<Duration> parse(String header, Instant now) {
        if (header == null || header.isBlank()) {
            return Optional.empty();
        }
        try {
            return Optional.of(duration(header.trim(), now)).filter(wait -> !wait.isZero() && !wait.isNegative());
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }

    private static Duration duration(String text, Instant now) {
        if (text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            // more than 9 digits are 31 years and more
            return Duration.ofSeconds(text.length() > 9 ? 999_999_999 : Long.parseLong(text));
        }
        return Duration.between(now, ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME));
    }
}
