package io.ilertsumo.bridge.settings;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.util.Locale;
import java.util.Map;

import org.apache.hc.core5.http.HttpHost;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.common.utils.StringUtil;

/** Searches for texts of settings that are neither a value nor an error that names the setting and quotes no secret. */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class SettingsFuzz {

    private static final String SECRET = "s3cret";

    /** @param input a text, which becomes a URL, a token and a password by a secret, and a number without it */
    @DictionaryEntries({ "https://", "http://", "@", ":", "/", "#", "[::1]", ":99999/", "{{", "}}", "${", "-1", "64",
            "2147483648", "9223372036854775808", "0x10", "1_000", "\u0661", " ", "%" })
    @FuzzTest
    void isAValueOrAnErrorThatNamesTheSetting(byte[] input) throws Exception {
        String text = new String(input, UTF_8);
        String secret = text + SECRET;

        SmallRyeConfig secrets = config(Map.of("SUMOLOGIC_URL", secret, "SUMOLOGIC_TOKEN", secret,
                "ILERT_WEBHOOK_PASSWORD", secret));
        if (secrets != null) {
            assertEquals(secret, secrets.getConfigMapping(SumoLogicSettings.class).url().orElseThrow());
            assertEquals(secret, secrets.getConfigMapping(SumoLogicSettings.class).token().orElseThrow());
            assertEquals(secret, secrets.getConfigMapping(WebhookSettings.class).password().orElseThrow());
        }
        if (SettingsCheck.error("SUMOLOGIC_URL", secret) == null) {
            // as the HTTP client uses it
            HttpHost.create(URI.create(secret));
        }

        SmallRyeConfig numbers = config(Map.of("SUMOLOGIC_CONNECTIONS", text, "BRIDGE_KAFKA_REPLICATION_FACTOR", text,
                "BRIDGE_OUTBOX_MAX_EVENTS", text));
        if (numbers != null) {
            int connections = numbers.getConfigMapping(SumoLogicSettings.class).connections();
            BridgeSettings bridge = numbers.getConfigMapping(BridgeSettings.class);
            assertTrue(connections >= 1 && connections <= 64);
            assertEquals(Long.parseLong(text.trim()), connections);
            assertEquals(connections, bridge.kafkaReplicationFactor());
            assertEquals(connections, bridge.outboxMaxEvents());
        }
    }

    /** {@code null} if there are errors. */
    private static SmallRyeConfig config(Map<String, String> environment) throws IOException {
        try {
            return SettingsCheckTest.config(new EnvConfigSource(environment, 300),
                    "sumologic.url=https://sumo.example/",
                    "ilert.webhook.password=x");
        } catch (ConfigValidationException e) {
            for (int i = 0; i < e.getProblemCount(); i++) {
                String problem = e.getProblem(i).getMessage();
                String names = StringUtil.replaceNonAlphanumericByUnderscores(problem).toUpperCase(Locale.ROOT);
                assertTrue(environment.keySet().stream().anyMatch(names::contains), problem);
                assertFalse(environment.containsKey("SUMOLOGIC_URL") && problem.contains(SECRET), "it quotes a secret");
            }
            return null;
        }
    }
}
