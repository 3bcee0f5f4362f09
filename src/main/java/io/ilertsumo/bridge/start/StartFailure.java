package io.ilertsumo.bridge.start;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.camel.FailedToCreateRouteException;

import io.ilertsumo.bridge.lane.LaneException;
import io.quarkus.runtime.QuarkusBindException;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigValidationException;

/** Puts into one line why a start failed, for the person who set it up. */
final class StartFailure {

    private static final Pattern SETTING = Pattern.compile(
            "[\\w.]*: SRCFG\\d+: The config property ([\\w.-]+) (?:with the config value \".*?\" threw an Exception whilst being converted )?(?:SRCFG\\d+: )?(?:java[\\w.]+: )?(.*)",
            Pattern.DOTALL);
    /** What is wrong, then where; the last of them is the place itself. */
    private static final Pattern YAML = Pattern.compile("^(\\S.*)\\R+ in (.*, line \\d+, column \\d+):$",
            Pattern.MULTILINE);

    private StartFailure() {
    }

    /** What is wrong, with the place; {@code null} where it is nothing that settings, routes or the machine explain. */
    static String reason(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConfigValidationException settings) {
                return Stream.iterate(0, i -> i < settings.getProblemCount(), i -> i + 1)
                        .map(i -> setting(settings.getProblem(i).getMessage())).collect(Collectors.joining(". "));
            }
            if (cause instanceof ConfigurationException || cause instanceof LaneException
                    || cause instanceof FailedToCreateRouteException) {
                return oneLine(cause.getMessage());
            }
            if (cause instanceof QuarkusBindException port) {
                return "Port " + port.getPort() + " is in use already";
            }
            Optional<MatchResult> yaml = YAML.matcher(String.valueOf(cause.getMessage())).results()
                    .reduce((first, last) -> last);
            if (cause.getCause() == null && yaml.isPresent()) {
                return oneLine(yaml.get().group(2) + ": " + yaml.get().group(1));
            }
        }
        return null;
    }

    /** SmallRye Config says the setting as a property; whoever reads this set an environment variable. */
    private static String setting(String problem) {
        Matcher setting = SETTING.matcher(problem);
        return oneLine(setting.matches()
                ? setting.group(1).replaceAll("[^a-zA-Z0-9]", "_").toUpperCase(Locale.ROOT) + ": " + setting.group(2)
                : problem);
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
