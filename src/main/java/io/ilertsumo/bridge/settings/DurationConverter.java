package io.ilertsumo.bridge.settings;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.eclipse.microprofile.config.spi.Converter;

/**
 * Reads a duration such as {@code 250ms}, {@code 30s}, {@code 5m}, {@code 24h} or {@code 30d}, which Camel reads alike.
 * A number without a unit is an error, except 0: Camel would read milliseconds and Quarkus seconds.
 */
public final class DurationConverter implements Converter<Duration> {

    private static final long serialVersionUID = 1L;
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
    private static final Map<String, ChronoUnit> UNITS = Map.of("ms", ChronoUnit.MILLIS, "s", ChronoUnit.SECONDS, "m",
            ChronoUnit.MINUTES, "h", ChronoUnit.HOURS, "d", ChronoUnit.DAYS);

    @Override
    public Duration convert(String text) {
        Matcher duration = DURATION.matcher(text.trim());
        if (text.trim().equals("0")) {
            return Duration.ZERO;
        } else if (!duration.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a duration with a unit, such as 250ms, 30s, 5m, 24h or 30d");
        }
        return Duration.of(Long.parseLong(duration.group(1)), UNITS.get(duration.group(2)));
    }
}
