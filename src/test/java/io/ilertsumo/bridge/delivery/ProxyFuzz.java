package io.ilertsumo.bridge.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;

import org.apache.hc.core5.http.HttpHost;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

import io.quarkus.runtime.configuration.ConfigurationException;

/** Searches for URLs of a proxy that are neither used nor an error that names the setting and quotes no secret. */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class ProxyFuzz {

    private static final HttpHost TARGET = new HttpHost("https", "sumo.example", 443);
    private static final String SECRET = "s3cret";

    /** @param input a text, tried as a URL, as a password in front of a host, and as {@code NO_PROXY} */
    @DictionaryEntries({ "http://", "https://", "HTTP://", "@", ":", "[::1]", ":99999", ":0", "none", "/8",
            "10.0.0.0/8",
            "fd00::/8", "*.", "%40", "\u0661", "," })
    @FuzzTest
    void isUsedOrAnErrorThatNamesTheSetting(byte[] input) {
        String text = new String(input, UTF_8);

        check(Map.of("sumologic.proxy", text.equals("none") ? "" : text), "SUMOLOGIC_PROXY");
        check(Map.of("sumologic.proxy", "http://" + SECRET + ":" + text), "SUMOLOGIC_PROXY");
        check(Map.of("https.proxy", text + SECRET), "HTTPS_PROXY");
        HttpHost address = new HttpHost("https", "10.1.2.3", 443);
        new ProxyRoutePlanner(Map.of("https.proxy", "proxy", "no.proxy", text)::get).determineProxy(address, null);
    }

    private static void check(Map<String, String> settings, String variable) {
        ProxyRoutePlanner planner;
        try {
            planner = new ProxyRoutePlanner(settings::get);
        } catch (ConfigurationException e) {
            assertTrue(e.getMessage().startsWith(variable + " is not the URL of an HTTP proxy"), e::getMessage);
            assertFalse(e.getMessage().contains(SECRET), "it quotes a secret");
            return;
        }
        assertNotNull(planner.determineProxy(TARGET, null));
    }
}
