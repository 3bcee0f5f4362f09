package io.ilertsumo.bridge.start;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.apache.camel.FailedToCreateRouteException;

import io.ilertsumo.bridge.lane.StoreException;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusBindException;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigValidationException;

/**
 * Starts the bridge, and prints one line if settings, routes or the machine prevent that. Not a {@code @QuarkusMain}:
 * with one, Camel Quarkus would start the routes after the HTTP server.
 */
public final class Main {

    private static final Pattern SETTING = Pattern.compile("[\\w.]*: SRCFG\\d+: The config property ([\\w.-]+) "
            + "(?:with the config value \".*?\" threw an Exception whilst being converted )?(?:SRCFG\\d+: )?"
            + "(?:java[\\w.]+: )?(.*)", Pattern.DOTALL);
    /** The error, then its place; of several the last is the most precise. */
    private static final Pattern YAML = Pattern.compile("^(\\S.*)\\R+ in (.*, line \\d+, column \\d+):$",
            Pattern.MULTILINE);

    private Main() {
    }

    /** Runs until the process is asked to stop. Exits with 1 if the start has failed. */
    public static void main(String... args) {
        Quarkus.run(null, Main::exit, args);
    }

    private static void exit(int exitCode, Throwable failure) {
        if (failure != null) {
            String reason = reason(failure);
            if (reason != null) {
                System.err.println("The bridge can't start. " + reason);
            } else {
                failure.printStackTrace();
            }
        }
        System.exit(exitCode);
    }

    /** The reason and its place; {@code null} for a failure that neither settings nor routes nor the machine explain. */
    static String reason(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConfigValidationException settings) {
                return IntStream.range(0, settings.getProblemCount())
                        .mapToObj(i -> setting(settings.getProblem(i).getMessage())).collect(Collectors.joining(". "));
            }
            if (cause instanceof ConfigurationException || cause instanceof StoreException
                    || cause instanceof FailedToCreateRouteException) {
                return oneLine(cause.getMessage());
            }
            if (cause instanceof QuarkusBindException port) {
                return "Port " + port.getPort() + " is in use already";
            }
            if (cause instanceof UnsupportedOperationException
                    && cause.getStackTrace()[0].getClassName().startsWith("org.apache.camel.dsl.yaml.")) {
                return "A route file has a step with a value on its line, such as wireTap: direct:x, that needs fields "
                        + "below it, such as uri";
            }
            Optional<MatchResult> yaml = YAML.matcher(String.valueOf(cause.getMessage())).results()
                    .reduce((first, last) -> last);
            if (cause.getCause() == null && yaml.isPresent()) {
                return oneLine(yaml.get().group(2) + ": " + yaml.get().group(1));
            }
        }
        return null;
    }

    /** SmallRye Config names the property; an operator has set the environment variable. */
    private static String setting(String problem) {
        Matcher setting = SETTING.matcher(problem);
        return oneLine(setting.matches()
                ? setting.group(1).replaceAll("[^a-zA-Z0-9]", "_").toUpperCase(Locale.ROOT) + ": "
                        + setting.group(2).replaceAll(" to enum class [\\w.$]+", "")
                : problem);
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
