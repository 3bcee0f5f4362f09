package io.ilertsumo.bridge.start;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.eclipse.microprofile.config.spi.ConfigSource;

import io.ilertsumo.bridge.event.Redaction;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.KafkaSettings;
import io.ilertsumo.bridge.settings.SumoLogicSettings;
import io.ilertsumo.bridge.settings.WebhookSettings;
import io.quarkus.runtime.ExecutionMode;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.ConfigValidationException.Problem;
import io.smallrye.config.ConfigValidator;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SmallRyeConfigBuilderCustomizer;
import io.smallrye.config.source.file.FileSystemConfigSource;

/**
 * Reads the settings that lie in files of their own, and checks what the types of the settings don't say, before
 * anything starts. What is wrong is said together; the bounds of settings that begin with the same word once all of
 * those can be read. No message holds a secret.
 */
public final class SettingsCheck implements SmallRyeConfigBuilderCustomizer, ConfigValidator {

    /** Between environment variables (300) and system properties (400). */
    private static final int FILES_ORDINAL = 350;
    private static final List<String> SASL_MECHANISMS = List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
            "OAUTHBEARER");
    /** What Camel and Quarkus read alike. */
    private static final Pattern TIME = Pattern.compile("0|\\d+(ms|s|m|h|d)");

    @Override
    public void configBuilder(SmallRyeConfigBuilder builder) {
        // a build would write them into the program
        if (ExecutionMode.current() == ExecutionMode.RUNTIME_INIT) {
            builder.withSources((ConfigSourceFactory) SettingsCheck::secrets);
        }
        builder.withValidator(this);
    }

    private static Iterable<ConfigSource> secrets(ConfigSourceContext context) {
        return Optional.ofNullable(context.getValue("bridge.secrets.dir")).map(ConfigValue::getValue)
                .filter(dir -> !dir.isEmpty()).<List<ConfigSource>>map(dir -> List.of(
                        new FileSystemConfigSource(Path.of(dir).toFile(), FILES_ORDINAL) {
                            private static final long serialVersionUID = 1L;

                            @Override
                            public String getValue(String name) {
                                String value = super.getValue(name);
                                // a secret is no expression
                                return value == null ? null : value.replace("$", "\\$");
                            }
                        }))
                .orElse(List.of());
    }

    @Override
    public void validateMapping(Class<?> type, String prefix, Object settings) {
        List<String> wrong = new ArrayList<>();
        if (settings instanceof SumoLogicSettings sumoLogic) {
            check(sumoLogic, wrong);
        } else if (settings instanceof WebhookSettings webhook) {
            if (webhook.auth() != WebhookSettings.Authentication.NONE && webhook.password().isEmpty()) {
                wrong.add(
                        "ILERT_WEBHOOK_PASSWORD is missing: the secret that iLert sends (or set ILERT_WEBHOOK_AUTH to none)");
            }
        } else if (settings instanceof BridgeSettings bridge) {
            check(bridge, wrong);
        }
        if (!wrong.isEmpty()) {
            throw new ConfigValidationException(wrong.stream().map(Problem::new).toArray(Problem[]::new));
        }
    }

    private static void check(SumoLogicSettings settings, List<String> wrong) {
        if (settings.url().isEmpty()) {
            wrong.add("SUMOLOGIC_URL is missing: the URL of the Sumo Logic HTTP source");
        } else if (!isHttpUrl(settings.url().get())) {
            wrong.add("SUMOLOGIC_URL is not an http or https URL");
        }
        atLeast(1, Map.of("SUMOLOGIC_CONNECTIONS", settings.connections(),
                "SUMOLOGIC_CONNECT_TIMEOUT", settings.connectTimeout(),
                "SUMOLOGIC_RESPONSE_TIMEOUT", settings.responseTimeout()), wrong);
    }

    private static void check(BridgeSettings settings, List<String> wrong) {
        isDirectory("BRIDGE_SECRETS_DIR", settings.secretsDir(), wrong);
        settings.secretsDir().filter(Files::isDirectory).ifPresent(dir -> unreadable(dir).forEach(
                file -> wrong.add("BRIDGE_SECRETS_DIR has a file that can't be read: " + file)));
        isDirectory("BRIDGE_ROUTES_DIR", settings.routesDir(), wrong);
        settings.routesDir().filter(Files::isDirectory).ifPresent(dir -> {
            if (!Files.isRegularFile(dir.resolve(settings.lanes().routes()))) {
                wrong.add("BRIDGE_ROUTES_DIR has no " + settings.lanes().routes() + ": " + dir);
            }
        });
        if (settings.lanes() == BridgeSettings.Lanes.KAFKA) {
            check(settings.kafka(), wrong);
        }
        if (settings.dropGroups().chars().anyMatch(Character::isWhitespace)) {
            wrong.add("BRIDGE_DROP_GROUPS has blanks: separate groups by commas alone");
        }
        try {
            new Redaction(settings.redact(), settings.redactMode(), Optional.empty());
        } catch (IllegalArgumentException e) {
            wrong.add(e.getMessage());
        }
        isTime("BRIDGE_IDEMPOTENCY_PERIOD", settings.idempotencyPeriod(), wrong);
        isTime("BRIDGE_DEAD_LETTERS_MAX_AGE", settings.deadLettersMaxAge(), wrong);
        isTime("BRIDGE_EXPRESS_LINGER", settings.expressLinger(), wrong);
        isTime("BRIDGE_BULK_LINGER", settings.bulkLinger(), wrong);
        isTime("BRIDGE_REPORT_PERIOD", settings.reportPeriod(), wrong);
        // the route's precondition knows one way to write it
        if (settings.reportPeriod().matches("0+[a-z]+|00+")) {
            wrong.add("BRIDGE_REPORT_PERIOD must be 0 for never: " + settings.reportPeriod());
        }
        atLeast(0, Map.of("BRIDGE_RECEIVE_MAX_PER_SECOND", settings.receiveMaxPerSecond(),
                "BRIDGE_RETRY_AFTER", settings.retryAfter(),
                "BRIDGE_OUTBOX_MIN_FREE_DISK", settings.outboxMinFreeDisk(),
                "BRIDGE_IDEMPOTENCY_KEYS", settings.idempotencyKeys(),
                "BRIDGE_REQUESTS_PER_SECOND_INCREASE", settings.requestsPerSecondIncrease()), wrong);
        atLeast(1, Map.of("BRIDGE_OUTBOX_MAX_EVENTS", settings.outboxMaxEvents(),
                "BRIDGE_OUTBOX_MAX_BYTES", settings.outboxMaxBytes(),
                "BRIDGE_DEAD_LETTERS_MAX", settings.deadLettersMax(),
                "BRIDGE_DEAD_LETTERS_MAX_BYTES", settings.deadLettersMaxBytes(),
                "BRIDGE_BATCH_MAX_EVENTS", settings.batchMaxEvents(),
                "BRIDGE_BATCH_MAX_BYTES", settings.batchMaxBytes(),
                "BRIDGE_RETRY_MISCONFIGURED_AFTER", settings.retryMisconfiguredAfter(),
                "BRIDGE_MAX_REFUSED_IN_A_ROW", settings.maxRefusedInARow()), wrong);
        if (settings.maxBodySize().asLongValue() > Integer.MAX_VALUE) {
            wrong.add("BRIDGE_MAX_BODY_SIZE must be less than 2G");
        }
        atLeast(1, Map.of("BRIDGE_MAX_BODY_SIZE", settings.maxBodySize().asLongValue(),
                "BRIDGE_RECEIVE_TIMEOUT (in milliseconds)", settings.receiveTimeout().toMillis(),
                "BRIDGE_RETRY_DELAY (in milliseconds)", settings.retryDelay().toMillis()), wrong);
        atLeast(settings.retryDelay().toMillis(), Map.of("BRIDGE_RETRY_MAX_DELAY (in milliseconds)",
                settings.retryMaxDelay().toMillis()), wrong);
        atLeast(1, Map.of("BRIDGE_EXPRESS_MIN_REQUESTS_PER_SECOND", settings.expressMinRequestsPerSecond(),
                "BRIDGE_BULK_MIN_REQUESTS_PER_SECOND", settings.bulkMinRequestsPerSecond()), wrong);
        atLeast(settings.expressMinRequestsPerSecond(), Map.of("BRIDGE_EXPRESS_MAX_REQUESTS_PER_SECOND",
                settings.expressMaxRequestsPerSecond()), wrong);
        atLeast(settings.bulkMinRequestsPerSecond(), Map.of("BRIDGE_BULK_MAX_REQUESTS_PER_SECOND",
                settings.bulkMaxRequestsPerSecond()), wrong);
    }

    private static void check(KafkaSettings settings, List<String> wrong) {
        if (settings.brokers().isEmpty()) {
            wrong.add("BRIDGE_KAFKA_BROKERS is missing: the Kafka brokers, as host:port");
        }
        if (!SASL_MECHANISMS.contains(settings.saslMechanism())) {
            wrong.add("BRIDGE_KAFKA_SASL_MECHANISM is none of " + String.join(", ", SASL_MECHANISMS) + ": "
                    + settings.saslMechanism());
        }
        if (settings.securityProtocol().name.startsWith("SASL")
                && (settings.username().isEmpty() || settings.password().isEmpty())) {
            wrong.add("BRIDGE_KAFKA_USERNAME or BRIDGE_KAFKA_PASSWORD is missing");
        }
        if (settings.securityProtocol().name.startsWith("SASL") && "OAUTHBEARER".equals(settings.saslMechanism())
                && settings.oauthTokenUrl().isEmpty()) {
            wrong.add("BRIDGE_KAFKA_OAUTH_TOKEN_URL is missing: where the token for OAUTHBEARER comes from");
        }
        isReadable("BRIDGE_KAFKA_CA", settings.ca(), wrong);
        isReadable("BRIDGE_KAFKA_CERTIFICATE", settings.certificate(), wrong);
        isReadable("BRIDGE_KAFKA_KEY", settings.key(), wrong);
        if (settings.certificate().isPresent() != settings.key().isPresent()) {
            wrong.add("BRIDGE_KAFKA_CERTIFICATE and BRIDGE_KAFKA_KEY go together");
        }
        atLeast(1, Map.of("BRIDGE_KAFKA_PARTITIONS", settings.partitions(),
                "BRIDGE_KAFKA_MAX_EVENTS", settings.maxEvents()), wrong);
        // beyond what the producers wait for company
        atLeast(100, Map.of("BRIDGE_KAFKA_TIMEOUT (in milliseconds)", settings.timeout().toMillis()), wrong);
    }

    /** Where one can't be read, none of them would be. */
    private static List<Path> unreadable(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> !Files.isReadable(file)).toList();
        } catch (IOException e) {
            return List.of(directory);
        }
    }

    private static void isDirectory(String variable, Optional<Path> path, List<String> wrong) {
        path.filter(dir -> !Files.isDirectory(dir))
                .ifPresent(dir -> wrong.add(variable + " is not a directory: " + dir));
    }

    private static void isReadable(String variable, Optional<Path> path, List<String> wrong) {
        path.filter(file -> !Files.isRegularFile(file) || !Files.isReadable(file))
                .ifPresent(file -> wrong.add(variable + " is not a file that can be read: " + file));
    }

    private static void isTime(String variable, String value, List<String> wrong) {
        if (!TIME.matcher(value).matches()) {
            wrong.add(variable + " is not a time such as 500ms, 10s, 5m, 24h or 30d: " + value);
        }
    }

    private static void atLeast(long least, Map<String, Number> values, List<String> wrong) {
        values.forEach((variable, value) -> {
            if (value.doubleValue() < least) {
                wrong.add(variable + " must be at least " + least + ": " + value);
            }
        });
    }

    private static boolean isHttpUrl(String text) {
        try {
            URI uri = URI.create(text);
            return uri.getHost() != null && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
