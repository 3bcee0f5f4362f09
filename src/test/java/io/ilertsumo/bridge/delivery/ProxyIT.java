package io.ilertsumo.bridge.delivery;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.Certificates;
import io.ilertsumo.bridge.testing.Certificates.Holder;
import io.ilertsumo.bridge.testing.ConnectProxy;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Events go through the proxy that the environment names, to a host whose name only the proxy knows. */
class ProxyIT {

    private static final String PASSWORD = "marker:p@ss w$rd";
    private static final String ENCODED = "marker%3Ap%40ss%20w$rd";
    private static final Path TINYPROXY = Path.of("/usr/bin/tinyproxy");

    private static Certificates certificates;
    private final SumoLogic sumoLogic = new SumoLogic(certificates.sockets(Holder.ELSEWHERE));
    private final ConnectProxy proxy = new ConnectProxy("bridge:" + PASSWORD, sumoLogic.port());
    private final String proxyUrl = "http://bridge:" + ENCODED + "@localhost:" + proxy.port();
    private final Map<String, String> settings = settings(sumoLogic);

    private static Map<String, String> settings(SumoLogic receiver) {
        Map<String, String> settings = Program.settings(receiver, SumoLogicResource.newDirectory("outbox"));
        settings.put("SUMOLOGIC_URL", receiver.url().replace("localhost", Certificates.OTHER_HOST));
        settings.put("SUMOLOGIC_CA", certificates.ca().toString());
        return settings;
    }

    @BeforeAll
    static void issue() {
        certificates = new Certificates();
    }

    @AfterEach
    void stop() {
        proxy.close();
        sumoLogic.close();
    }

    @ParameterizedTest
    @ValueSource(strings = { "SUMOLOGIC_PROXY", "HTTPS_PROXY", "https_proxy" })
    void eventsGoThroughTheProxyWhichResolvesTheName(String variable) throws Exception {
        settings.put(variable, proxyUrl);
        settings.put("HTTP_PROXY", "http://localhost:1");
        settings.put("NO_PROXY", "10.0.0.0/8,.example.com");
        try (Program program = Program.start(settings)) {
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));

            eventually().until(() -> sumoLogic.messagesWith(id).size() == 1);
            assertThat(proxy.calls(), everyItem(
                    startsWith("CONNECT " + Certificates.OTHER_HOST + ":" + sumoLogic.port() + " ")));
            // with the credentials at once
            assertEquals(1, proxy.calls().size());
        }
    }

    @ParameterizedTest
    @CsvSource({ "NO_PROXY, 'localhost,.invalid'", "SUMOLOGIC_PROXY, none" })
    void aHostThatIsExcludedIsCalledDirectly(String variable, String value) throws Exception {
        settings.put("HTTPS_PROXY", proxyUrl);
        settings.put(variable, value);
        try (Program program = Program.start(settings)) {
            assertEquals(202, program.send(Events.express(Events.newId())));

            eventually().untilAsserted(() -> assertThat(program.management("/q/health/ready"),
                    containsString("failed: " + Certificates.OTHER_HOST)));
            assertEquals(List.of(), proxy.calls());
        }
    }

    @Test
    void wrongCredentialsAreAMisconfigurationAndNotShown() throws Exception {
        settings.put("HTTPS_PROXY", proxyUrl.replace(ENCODED, ENCODED + "."));
        try (Program program = Program.start(settings)) {
            assertEquals(202, program.send(Events.express(Events.newId())));

            eventually().untilAsserted(() -> assertThat(program.management("/q/health/ready"),
                    containsString("misconfigured: The proxy localhost:" + proxy.port() + " answered 407")));
            assertTrue(program.metric("bridge_delivery_failures_total{lane=\"express\",reason=\"misconfigured\"}") > 0);
            String told = program.output() + program.management("/q/health/ready") + program.management("/q/metrics");
            assertFalse(told.contains("marker"), told);
            assertEquals(List.of(), sumoLogic.requests());
        }
    }

    @ParameterizedTest
    @CsvSource({ "403, misconfigured", "502, failed" })
    void aRefusalOfTheProxyIsReportedAsTheProxys(int status, String reason) throws Exception {
        settings.put("HTTPS_PROXY", proxyUrl);
        proxy.answer(status);
        try (Program program = Program.start(settings)) {
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));
            eventually().untilAsserted(() -> assertThat(program.management("/q/health/ready"),
                    containsString(reason + ": The proxy localhost:" + proxy.port() + " answered " + status)));

            proxy.answer(200);

            eventually().until(() -> sumoLogic.messagesWith(id).size() == 1);
        }
    }

    @Test
    void eventsAreDeliveredOnceTheProxyIsBack() throws Exception {
        settings.put("HTTPS_PROXY", proxyUrl);
        proxy.close();
        try (Program program = Program.start(settings)) {
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));
            eventually().untilAsserted(() -> assertThat(program.management("/q/health/ready"),
                    containsString("failed: Connect to http://localhost:" + proxy.port())));

            proxy.reopen();

            eventually().until(() -> sumoLogic.messagesWith(id).size() == 1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = { true, false })
    void eventsGoThroughTinyproxy(boolean isHttps) throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(TINYPROXY), "skipped: there is no tinyproxy here");
        int port = freePort();
        Path directory = SumoLogicResource.newDirectory("tinyproxy");
        Path log = directory.resolve("log");
        Path configuration = Files.writeString(directory.resolve("tinyproxy.conf"), """
                Port %d
                Listen 127.0.0.1
                Timeout 60
                LogFile "%s"
                LogLevel Connect
                MaxClients 20
                BasicAuth bridge marker-p.ss_w0rd
                """.formatted(port, log));
        Process tinyproxy = new ProcessBuilder(TINYPROXY.toString(), "-d", "-c", configuration.toString())
                .redirectErrorStream(true).redirectOutput(directory.resolve("output").toFile()).start();
        try (SumoLogic local = isHttps ? new SumoLogic(certificates.sockets(Holder.LOCALHOST)) : new SumoLogic()) {
            settings.put("SUMOLOGIC_URL", local.url());
            settings.put("SUMOLOGIC_PROXY", "bridge:marker-p%2Ess_w0rd@127.0.0.1:" + port);
            try (Program program = Program.start(settings)) {
                String id = Events.newId();
                assertEquals(202, program.send(Events.express(id)));

                eventually().until(() -> local.messagesWith(id).size() == 1);
                assertThat(Files.readString(log),
                        containsString(isHttps ? "CONNECT localhost:" + local.port() : "POST http://localhost:"));
            }
            settings.put("SUMOLOGIC_PROXY", "http://127.0.0.1:" + port);
            settings.put("SUMOLOGIC_CONNECTIONS", "1");
            settings.put("SUMOLOGIC_CONNECT_TIMEOUT", "1s");
            try (Program program = Program.start(settings)) {
                assertEquals(202, program.send(Events.express(Events.newId())));

                eventually().untilAsserted(() -> assertThat(program.management("/q/health/ready"),
                        containsString("misconfigured: The proxy 127.0.0.1:" + port + " answered 407")));
                // a refused call keeps no connection
                eventually().until(() -> program
                        .metric("bridge_delivery_failures_total{lane=\"express\",reason=\"misconfigured\"}") > 2);
            }
        } finally {
            tinyproxy.destroyForcibly().waitFor();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(30));
    }
}
