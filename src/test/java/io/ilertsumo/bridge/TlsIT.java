package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Certificates;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Events are sent by https only to a server with a trusted certificate. */
class TlsIT {

    private static SumoLogic sumoLogic;
    private static Program program;

    @BeforeAll
    static void start() throws Exception {
        Path store = new Certificates().of(Certificates.Holder.LOCALHOST).store();
        char[] password = Certificates.STORE_PASSWORD.toCharArray();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, password);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        sumoLogic = new SumoLogic(context.getServerSocketFactory());
        program = Program.start(Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox")),
                "-Djavax.net.ssl.trustStore=" + store,
                "-Djavax.net.ssl.trustStorePassword=" + Certificates.STORE_PASSWORD);
    }

    @AfterAll
    static void stop() {
        program.close();
        sumoLogic.close();
    }

    @AfterEach
    void forget() throws Exception {
        sumoLogic.recover();
        eventually().until(() -> program.management("/q/metrics").lines()
                .filter(line -> line.startsWith("bridge_pending_events{")).allMatch(line -> line.endsWith(" 0.0")));
        sumoLogic.forget();
    }

    @Test
    void eventsArriveByHttps() throws Exception {
        String id = Events.newId();
        assertEquals(202, program.send(Events.express(id)));

        eventually().untilAsserted(() -> assertEquals(List.of(Events.express(id)), sumoLogic.messages()));
    }

    @Test
    void nothingIsSentToSomebodyWhoIsNotTrusted() throws Exception {
        try (Program distrustful = Program.start(
                Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox")))) {
            assertEquals(202, distrustful.send(Events.express(Events.newId())));
            eventually().until(() -> distrustful.management("/q/health/ready").contains("failed: "));
            assertEquals(List.of(), sumoLogic.requests());
        }
    }

    @Test
    void aRedirectionIsAMisconfigurationAndNotFollowed() throws Exception {
        try (SumoLogic other = new SumoLogic()) {
            for (Map.Entry<Integer, String> redirection : List.of(Map.entry(307, other.url()),
                    Map.entry(308, sumoLogic.url().replace("localhost", "127.0.0.1")),
                    Map.entry(307, "https://:"),
                    Map.entry(308, sumoLogic.url()),
                    Map.entry(307, sumoLogic.url() + "?moved"),
                    Map.entry(301, sumoLogic.url() + "?moved"))) {
                sumoLogic.answer(new Answer.Status(redirection.getKey(), "Location", redirection.getValue()));
                String id = Events.newId();
                assertEquals(202, program.send(Events.express(id)));
                eventually().until(() -> program.management("/q/health/ready")
                        .contains("misconfigured: Sumo Logic answered " + redirection.getKey()));
                assertEquals(List.of(), sumoLogic.messages());
                forget();
            }
            assertEquals(List.of(), other.requests());
            assertFalse(program.output().contains(SumoLogic.TOKEN));
        }
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(30));
    }
}
