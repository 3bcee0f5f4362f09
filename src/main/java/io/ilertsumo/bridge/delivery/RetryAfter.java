package io.ilertsumo.bridge.delivery;

import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/** The HTTP header {@code Retry-After} (RFC 9110, 10.2.3): a number of seconds or a date. */
final class RetryAfter {

    private RetryAfter() {
    }

    /**
     * How long to wait; nothing if the header is missing or makes no sense.
     *
     * @param header may be {@code null}
     * @param now    what a date is compared with
     */
    static Optional<Duration> parse(String header, Instant now) {
        if (header == null) {
            return Optional.empty();
        }
        String text = header.trim();
        try {
            if (!text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
                // more than 9 digits are 31 years and more
                return Optional.of(Duration.ofSeconds(text.length() > 9 ? 999_999_999 : Long.parseLong(text)));
            }
            Duration left = Duration.between(now, ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME));
            return Optional.of(left.isNegative() ? Duration.ZERO : left);
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }
}
