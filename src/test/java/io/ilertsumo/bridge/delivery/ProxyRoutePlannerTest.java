package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.Map;

import org.apache.hc.core5.http.HttpHost;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.quarkus.runtime.configuration.ConfigurationException;

/** Which calls go through which proxy. */
class ProxyRoutePlannerTest {

    private static final String SUMO_LOGIC = "https://endpoint4.collection.sumologic.com";

    private final Map<String, String> settings = new HashMap<>(
            Map.of("https.proxy", "http://proxy:3128", "http.proxy", "http://other:8080"));

    private String proxy(String url) throws URISyntaxException {
        HttpHost proxy = new ProxyRoutePlanner(settings::get).determineProxy(HttpHost.create(url), null);
        return proxy == null ? "none" : proxy.toString();
    }

    @Test
    void theSchemeOfTheUrlDecides() throws Exception {
        assertEquals("http://proxy:3128", proxy(SUMO_LOGIC));
        assertEquals("http://other:8080", proxy("http://relay.example.com"));

        settings.remove("https.proxy");
        assertEquals("none", proxy(SUMO_LOGIC));
    }

    @Test
    void theSettingOverridesTheEnvironment() throws Exception {
        settings.put("no.proxy", "*");
        assertEquals("none", proxy(SUMO_LOGIC));

        settings.put("sumologic.proxy", "own.example.com:3129");
        assertEquals("http://own.example.com:3129", proxy(SUMO_LOGIC));
        assertEquals("http://own.example.com:3129", proxy("http://localhost:8080"));

        settings.put("sumologic.proxy", "none");
        settings.remove("no.proxy");
        assertEquals("none", proxy(SUMO_LOGIC));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
            "- | https://a.example.com | true",
            "example.com | https://example.com | false",
            "example.com | https://A.Example.com | false",
            "example.com | https://an-example.com | true",
            "' x.org, .example.com ' | https://a.b.example.com:8443 | false",
            "*.example.com | https://a.example.com | false",
            "x.org *  | https://a.example.com | false",
            "a.example.com:443 | https://a.example.com | false",
            "a.example.com:443 | https://a.example.com:8443 | true",
            "10.0.0.0/8 | https://10.1.2.3 | false",
            "10.0.0.0/8 | https://11.1.2.3 | true",
            "10.0.0.0/8 | https://a.example.com | true",
            "10.0.0.0/99,x/y | https://10.1.2.3 | true",
            "10.1.2.3 | https://10.1.2.3:8443 | false",
            "fd00::/8 | https://[fd00::1] | false",
            "fd00::/8 | https://[fe00::1] | true",
            "fd00::1 | https://[fd00::1] | false",
            "[fd00::1]:8443 | https://[fd00::1]:8443 | false",
            "[fd00::1]:8443 | https://[fd00::1] | true",
            "- | https://localhost:8443 | false",
            "- | https://127.1.2.3:8443 | false",
            "- | https://[::1]:8443 | false" })
    void aHostMayBeExcluded(String noProxy, String url, boolean isProxied) throws Exception {
        settings.put("no.proxy", noProxy);

        assertEquals(isProxied ? "http://proxy:3128" : "none", proxy(url));
    }

    @ParameterizedTest
    @ValueSource(strings = { "http://user:SECRET@", "https://user:SECRET@proxy:3128", "socks5://user:SECRET@proxy:1080",
            "http://user:SECRET/#@proxy:3128", "http://us er:SECRET@proxy", "SECRET@proxy:port" })
    void aWrongUrlIsReportedWithoutIt(String url) {
        settings.put("https.proxy", url);
        String message = assertThrows(ConfigurationException.class, () -> proxy(SUMO_LOGIC)).getMessage();

        assertTrue(message.startsWith("HTTPS_PROXY is not the URL of an HTTP proxy, such as http://"), message);
        assertFalse(message.contains("SECRET"), message);
    }
}
