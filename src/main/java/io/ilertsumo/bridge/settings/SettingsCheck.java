package io.ilertsumo.bridge.settings;

import java.io.IOException;
import java.lang.reflect.Method;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.apache.camel.support.ObjectHelper;
import org.eclipse.microprofile.config.spi.ConfigSource;

import io.quarkus.runtime.ExecutionMode;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.ConfigValidationException.Problem;
import io.smallrye.config.ConfigValidator;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SmallRyeConfigBuilderCustomizer;
import io.smallrye.config.WithName;
import io.smallrye.config.common.utils.StringUtil;

/**
 * Adds the settings that are files ({@code bridge.secrets.dir}) and validates all settings before anything starts: the
 * declared {@link Range} of each, and what one requires of another. Reports all errors of the settings with one prefix
 * together. A message names the environment variable and contains no secret.
 */
public final class SettingsCheck implements SmallRyeConfigBuilderCustomizer, ConfigValidator {

    /** Above Quarkus's own converter of sizes, which refuses 1MB. */
    private static final int CONVERTER_PRIORITY = 1000;
    private static final Pattern VARIABLE = Pattern.compile("[A-Z0-9_]+");
    private static final Pattern TOKEN = Pattern.compile("[\\w+/=.~$%!*-]+");

    @Override
    public void configBuilder(SmallRyeConfigBuilder builder) {
        // a build would write the secrets into the program
        if (ExecutionMode.current() == ExecutionMode.RUNTIME_INIT) {
            builder.withSources((ConfigSourceFactory) SettingsCheck::secrets);
        }
        builder.withInterceptorFactories(new LiteralVariables());
        builder.withConverter(MemorySize.class, CONVERTER_PRIORITY, new SizeConverter());
        builder.withValidator(this);
    }

    private static Iterable<ConfigSource> secrets(ConfigSourceContext context) {
        String dir = context.getValue("bridge.secrets.dir").getValue();
        if (dir == null || dir.isEmpty()) {
            return List.of();
        }
        Map<String, String> secrets = SecretFiles.read(Path.of(dir));
        secrets.values().removeIf(Objects::isNull);
        return List.of(new SecretFiles(secrets));
    }

    @Override
    public void validateMapping(Class<?> type, String prefix, Object settings) {
        List<String> errors = new ArrayList<>();
        checkRanges(type, prefix, settings, errors);
        if (settings instanceof SumoLogicSettings sumoLogic) {
            check(sumoLogic, errors);
        } else if (settings instanceof WebhookSettings webhook) {
            if (webhook.auth() != WebhookSettings.Authentication.NONE && webhook.password().isEmpty()) {
                errors.add("ILERT_WEBHOOK_PASSWORD is missing: the secret that iLert sends"
                        + " (or set ILERT_WEBHOOK_AUTH to none)");
            }
        } else if (settings instanceof BridgeSettings bridge) {
            check(bridge, errors);
        }
        if (!errors.isEmpty()) {
            throw new ConfigValidationException(errors.stream().map(Problem::new).toArray(Problem[]::new));
        }
    }

    private static void checkRanges(Class<?> type, String prefix, Object settings, List<String> errors) {
        Stream.of(type.getDeclaredMethods()).filter(method -> method.isAnnotationPresent(Range.class))
                .sorted(Comparator.comparing(Method::getName)).forEach(method -> {
                    Range range = method.getAnnotation(Range.class);
                    Object value = ObjectHelper.invokeMethod(method, settings);
                    BigInteger number = number(value);
                    if (number.compareTo(read(range.min(), value)) < 0
                            || number.compareTo(read(range.max(), value)) > 0) {
                        errors.add(environmentVariable(prefix, method) + " must be between " + range.min() + " and "
                                + range.max() + ": " + text(value));
                    }
                });
    }

    /** Reads a bound of values of that type. */
    private static BigInteger read(String text, Object value) {
        if (value instanceof Duration) {
            return number(new DurationConverter().convert(text));
        }
        return value instanceof MemorySize ? number(new SizeConverter().convert(text)) : new BigInteger(text);
    }

    /** Milliseconds, bytes or the number itself. */
    private static BigInteger number(Object value) {
        if (value instanceof Duration duration) {
            return BigInteger.valueOf(duration.toMillis());
        }
        return value instanceof MemorySize size ? size.asBigInteger() : new BigInteger(value.toString());
    }

    private static String text(Object value) {
        if (value instanceof Duration duration) {
            return duration.toMillisPart() == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
        }
        return number(value).toString();
    }

    private static String environmentVariable(String prefix, Method setting) {
        WithName name = setting.getAnnotation(WithName.class);
        String property = prefix + "." + (name != null ? name.value() : StringUtil.skewer(setting.getName()));
        return StringUtil.replaceNonAlphanumericByUnderscores(property).toUpperCase(Locale.ROOT);
    }

    private static void check(SumoLogicSettings settings, List<String> errors) {
        if (settings.url().isEmpty()) {
            errors.add("SUMOLOGIC_URL is missing: the URL of the Sumo Logic HTTP source");
        }
        settings.url().map(url -> error("SUMOLOGIC_URL", url)).ifPresent(errors::add);
        settings.token().map(token -> error("SUMOLOGIC_TOKEN", token)).ifPresent(errors::add);
    }

    /** Returns what is wrong with the value of an environment variable or file; {@code null} if nothing is. */
    static String error(String variable, String value) {
        if (variable.equals("SUMOLOGIC_URL") && !isHttpUrl(value)) {
            return "SUMOLOGIC_URL is not an http or https URL, or has blanks, quotes or a # in it";
        } else if (variable.equals("SUMOLOGIC_TOKEN") && !TOKEN.matcher(value).matches()) {
            return "SUMOLOGIC_TOKEN must be the token alone, without x-sumo-token:, blanks or quotes";
        }
        return null;
    }

    private static void check(BridgeSettings settings, List<String> errors) {
        checkDirectory("BRIDGE_SECRETS_DIR", settings.secretsDir(), errors);
        settings.secretsDir().filter(Files::isDirectory).ifPresent(dir -> unreadable(dir).forEach(
                file -> errors.add("BRIDGE_SECRETS_DIR contains a file that can't be read: " + file)));
        checkDirectory("BRIDGE_ROUTES_DIR", settings.routesDir(), errors);
        if (settings.dropGroups().chars().anyMatch(Character::isWhitespace)) {
            errors.add("BRIDGE_DROP_GROUPS contains blanks: separate groups by commas alone");
        }
        if (settings.retryDelay().compareTo(settings.retryMaxDelay()) > 0) {
            errors.add("BRIDGE_RETRY_MAX_DELAY must be at least BRIDGE_RETRY_DELAY, " + text(settings.retryDelay())
                    + ": " + text(settings.retryMaxDelay()));
        }
    }

    private static List<Path> unreadable(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            // a keystore is no setting
            return files.filter(file -> !Files.isDirectory(file) && text(file).isEmpty()
                    && (!Files.isReadable(file) || VARIABLE.matcher(file.getFileName().toString()).matches())).toList();
        } catch (IOException e) {
            return List.of(directory);
        }
    }

    /** The text of a file; empty if it can't be read or is not UTF-8. */
    static Optional<String> text(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static void checkDirectory(String variable, Optional<Path> path, List<String> errors) {
        path.filter(dir -> !Files.isDirectory(dir))
                .ifPresent(wrong -> errors.add(variable + " is not a directory: " + wrong));
    }

    private static boolean isHttpUrl(String text) {
        try {
            URI uri = URI.create(text);
            return uri.getHost() != null && uri.getPort() <= 65535 && uri.getRawFragment() == null
                    && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
