package io.ilertsumo.bridge.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.eclipse.microprofile.config.spi.ConfigSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;

/** Settings are read with their units, and a wrong one is reported by its environment variable. */
class SettingsCheckTest {

    private static final String URL = "sumologic.url=https://sumo.example/receiver/v1/http/SECRET-TOKEN";
    private static final String PASSWORD = "ilert.webhook.password=secret";
    private static final String NO_URL = "SUMOLOGIC_URL is not an http or https URL, or has blanks, quotes or a # in it";
    private static final String NO_TOKEN = "SUMOLOGIC_TOKEN must be the token alone, without x-sumo-token:, blanks or "
            + "quotes";

    @Test
    void theDefaultsAreValid() throws IOException {
        BridgeSettings settings = config(URL, PASSWORD).getConfigMapping(BridgeSettings.class);

        assertEquals(Duration.ofMillis(250), settings.retryDelay());
        assertEquals(4L << 30, settings.outboxMaxBytes().asLongValue());
    }

    @Test
    void sizesHaveUnitsInSettingsOfQuarkusToo() throws IOException {
        SmallRyeConfig config = config(URL, PASSWORD, "bridge.max-body-size=2MB");

        assertEquals(2 << 20, config.getValue("quarkus.http.limits.max-body-size", MemorySize.class).asLongValue());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', ignoreLeadingAndTrailingWhitespace = false, value = {
            "bridge.batch.max-events=0|BRIDGE_BATCH_MAX_EVENTS must be between 1 and 100000: 0",
            "bridge.batch.max-events=2147483647|BRIDGE_BATCH_MAX_EVENTS must be between 1 and 100000: 2147483647",
            "bridge.max-body-size=17MB|BRIDGE_MAX_BODY_SIZE must be between 1KB and 16MB: 17825792",
            "bridge.outbox.max-bytes=999999999999999999T|BRIDGE_OUTBOX_MAX_BYTES must be between 1KB and 1000TB: "
                    + "1099511627775999998900488372224",
            "bridge.receive.timeout=50ms|BRIDGE_RECEIVE_TIMEOUT must be between 100ms and 1h: 50ms",
            "bridge.receive.timeout=2h|BRIDGE_RECEIVE_TIMEOUT must be between 100ms and 1h: 7200s",
            "bridge.kafka.replication-factor=-2|BRIDGE_KAFKA_REPLICATION_FACTOR must be between -1 and 100: -2",
            "sumologic.connections=0|SUMOLOGIC_CONNECTIONS must be between 1 and 64: 0",
            "bridge.retry.delay=10s|BRIDGE_RETRY_MAX_DELAY must be at least BRIDGE_RETRY_DELAY, 10s: 5s",
            "bridge.secrets.dir=/not/there|BRIDGE_SECRETS_DIR is not a directory: /not/there",
            "bridge.routes.dir=/not/there|BRIDGE_ROUTES_DIR is not a directory: /not/there",
            "bridge.drop-groups=other, escalation|BRIDGE_DROP_GROUPS contains blanks: separate groups by commas alone",
            "sumologic.url=sumo/SECRET-TOKEN|" + NO_URL,
            "sumologic.url=https://sumo.example/SECRET-TOKEN |" + NO_URL,
            "sumologic.url=\"https://sumo.example/SECRET-TOKEN\"|" + NO_URL,
            "sumologic.url=https://sumo.example/#SECRET-TOKEN|" + NO_URL,
            "sumologic.url=https://sumo.example/{{SECRET-TOKEN}}|" + NO_URL,
            "sumologic.token=x-sumo-token: SECRET-TOKEN|" + NO_TOKEN,
            "sumologic.token={{SECRET-TOKEN}}|" + NO_TOKEN,
            "sumologic.token=SECRET-TOKEN |" + NO_TOKEN,
            "sumologic.url=|SUMOLOGIC_URL is missing: the URL of the Sumo Logic HTTP source",
            "ilert.webhook.password=|ILERT_WEBHOOK_PASSWORD is missing: the secret that iLert sends "
                    + "(or set ILERT_WEBHOOK_AUTH to none)" })
    void aWrongSettingIsReported(String setting, String problem) {
        assertEquals(List.of(problem), problems(URL, PASSWORD, setting));
    }

    @ParameterizedTest
    @ValueSource(strings = { "30", "1.5s", "soon", "-1s", "PT1S" })
    void aDurationNeedsAUnit(String duration) {
        List<String> problems = problems(URL, PASSWORD, "bridge.bulk.linger=" + duration);

        assertEquals(1, problems.size());
        assertTrue(problems.get(0).contains("bridge.bulk.linger") && problems.get(0).contains(
                "'" + duration + "' is not a duration with a unit, such as 250ms, 30s, 5m, 24h or 30d"),
                problems::toString);
    }

    @Test
    void allErrorsAreReportedTogether() {
        assertEquals(List.of("BRIDGE_DEAD_LETTERS_MAX must be between 1 and 10000000: 0",
                "BRIDGE_OUTBOX_MAX_BYTES must be between 1KB and 1000TB: 0",
                "SUMOLOGIC_CONNECTIONS must be between 1 and 64: 100", NO_URL),
                problems(PASSWORD, "bridge.outbox.max-bytes=0", "bridge.dead-letters.max=0", "sumologic.url=token",
                        "sumologic.connections=100").stream().sorted().toList());
    }

    @Test
    void aFileThatCanNotBeReadInTheSecretsDirectoryIsReported(@TempDir Path directory) throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("SUMOLOGIC_TOKEN"), directory.resolve("gone"));

        assertEquals(List.of("BRIDGE_SECRETS_DIR contains a file that can't be read: " + link),
                problems(URL, PASSWORD, "bridge.secrets.dir=" + directory));
    }

    @Test
    void aSecretThatIsNoTextIsReportedAndAKeystoreIsNot(@TempDir Path directory) throws IOException {
        byte[] binary = { (byte) 0xC3, 0x28, 0 };
        Files.write(directory.resolve("client.p12"), binary);
        Path secret = Files.write(directory.resolve("BRIDGE_REDACT_KEY"), binary);

        assertEquals(List.of("BRIDGE_SECRETS_DIR contains a file that can't be read: " + secret),
                problems(URL, PASSWORD, "bridge.secrets.dir=" + directory));
    }

    @ParameterizedTest
    @ValueSource(strings = { "a$$b", "a${c:d}e", "${sumologic.name}", "$", "\\$", "\\\\$$", "$${", "a\\b", "{{a}}",
            "#a", " a ",
            "${x::y}" })
    void environmentVariablesAreLiteral(String secret) throws IOException {
        Map<String, String> variables = Map.of("ILERT_WEBHOOK_PASSWORD", secret, "ILERT_WEBHOOK_USERNAME", secret,
                "BRIDGE_MANAGEMENT_PASSWORD", secret, "SUMOLOGIC_NAME", secret, "KAFKA_SASL_JAAS_CONFIG", secret);
        SmallRyeConfig config = config(new EnvConfigSource(variables, 300), URL, "used=a-${sumologic.name}-b");

        assertEquals(secret, config.getConfigMapping(WebhookSettings.class).password().orElse(null));
        assertEquals(secret, config.getConfigMapping(WebhookSettings.class).username());
        assertEquals(secret, config.getConfigMapping(BridgeSettings.class).managementPassword().orElse(null));
        // as Quarkus reads properties of Kafka's clients
        assertEquals(secret, config.getValue("KAFKA_SASL_JAAS_CONFIG", String.class));
        assertEquals(secret, config.getValue("kafka.sasl.jaas.config", String.class));
        assertEquals("a-" + secret + "-b", config.getValue("used", String.class));
    }

    @Test
    void noMessageHoldsASecret() {
        String all = String.join(" ", problems("sumologic.url=SECRET-TOKEN", "sumologic.connections=x",
                "ilert.webhook.auth=x", PASSWORD));

        assertFalse(all.contains("SECRET-TOKEN"), all);
    }

    private static List<String> problems(String... settings) {
        ConfigValidationException failure = assertThrows(ConfigValidationException.class, () -> config(settings));
        return IntStream.range(0, failure.getProblemCount()).mapToObj(i -> failure.getProblem(i).getMessage()).toList();
    }

    /** The packaged defaults, overridden by settings; of a setting that is there twice the last counts. */
    private static SmallRyeConfig config(String... settings) throws IOException {
        return config(new EnvConfigSource(Map.of(), 300), settings);
    }

    static SmallRyeConfig config(ConfigSource environment, String... settings) throws IOException {
        Map<String, String> overrides = Arrays.stream(settings).map(setting -> setting.split("=", 2))
                .collect(Collectors.toMap(setting -> setting[0], setting -> setting[1], (first, last) -> last));
        return new SmallRyeConfigBuilder().addDefaultInterceptors()
                .withMapping(BridgeSettings.class).withMapping(SumoLogicSettings.class)
                .withMapping(WebhookSettings.class).withCustomizers(new SettingsCheck())
                .withMappingIgnore("bridge.**").withMappingIgnore("sumologic.**").withMappingIgnore("ilert.**")
                .withSources(new PropertiesConfigSource(
                        Path.of("src", "main", "resources", "application.properties").toUri().toURL(), 100))
                .withSources(new PropertiesConfigSource(overrides, "test", 200), environment).build();
    }
}
