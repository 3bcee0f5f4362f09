package io.ilertsumo.bridge.delivery;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.Certificates;
import io.ilertsumo.bridge.testing.Certificates.Holder;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Events are sent by https only to a server with a trusted certificate. */
class TlsIT {

    private static Certificates certificates;
    private static SumoLogic sumoLogic;
    private static Program program;

    @BeforeAll
    static void start() throws Exception {
        certificates = new Certificates();
        sumoLogic = new SumoLogic(certificates.sockets(Holder.LOCALHOST));
        program = Program.start(settings(sumoLogic, certificates.ca()));
    }

    private static Map<String, String> settings(SumoLogic receiver, Path ca) {
        Map<String, String> settings = Program.settings(receiver, SumoLogicResource.newDirectory("outbox"));
        settings.put("SUMOLOGIC_CA", ca.toString());
        return settings;
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

    @ParameterizedTest
    @ValueSource(strings = { "TLSv1.2", "TLSv1.3" })
    void eventsArriveByHttps(String protocol) throws Exception {
        sumoLogic.offer(protocol);
        String id = Events.newId();
        assertEquals(202, program.send(Events.express(id)));

        eventually().untilAsserted(() -> assertEquals(List.of(Events.express(id)), sumoLogic.messages()));
    }

    /** Else a busy lane would never look up the address of the name again. */
    @Test
    void aConnectionIsReplacedWhileItIsUsed() {
        Awaitility.await().pollInterval(Duration.ofSeconds(1)).atMost(Duration.ofSeconds(60)).until(() -> {
            program.send(Events.express(Events.newId()));
            return sumoLogic.requests().stream().map(SumoLogic.Request::connection).distinct().count() > 1;
        });
    }

    @Test
    void theAuthoritiesOfTheFileAreTrustedInAdditionToThoseOfTheJvm() throws Exception {
        Path other = new Certificates().ca();
        try (Program trusting = Program.start(settings(sumoLogic, other),
                "-Djavax.net.ssl.trustStore=" + certificates.of(Holder.LOCALHOST).store(),
                "-Djavax.net.ssl.trustStorePassword=" + Certificates.STORE_PASSWORD)) {
            String id = Events.newId();
            assertEquals(202, trusting.send(Events.express(id)));

            eventually().until(() -> sumoLogic.messagesWith(id).size() == 1);
        }
    }

    @Test
    void aChangedFileCountsAtTheNextConnection() throws Exception {
        Path ca = SumoLogicResource.newDirectory("ca").resolve("ca.crt");
        Files.copy(new Certificates().ca(), ca);
        try (Program distrustful = Program.start(settings(sumoLogic, ca))) {
            String id = Events.newId();
            assertEquals(202, distrustful.send(Events.express(id)));
            eventually().until(() -> distrustful.management("/q/health/ready").contains("failed: "));
            assertEquals(List.of(), sumoLogic.requests());

            Files.copy(certificates.ca(), ca, StandardCopyOption.REPLACE_EXISTING);

            eventually().until(() -> sumoLogic.messagesWith(id).size() == 1);
        }
    }

    static Stream<Arguments> untrusted() {
        return Stream.of(
                arguments(Holder.LOCALHOST, false, "CN=localhost, signed by CN=ca, is not trusted: "
                        + "unable to find valid certification path to requested target (SUMOLOGIC_CA is not set)"),
                arguments(Holder.EXPIRED, true, "CN=expired, signed by CN=ca, is not trusted: NotAfter: "),
                arguments(Holder.ELSEWHERE, true, "Certificate for <localhost> doesn't match any of the subject "
                        + "alternative names: [" + Certificates.OTHER_HOST + "]"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void untrusted(Holder holder, boolean isAuthorityKnown, String reason) throws Exception {
        try (SumoLogic other = new SumoLogic(certificates.sockets(holder))) {
            Map<String, String> settings = settings(other, certificates.ca());
            if (!isAuthorityKnown) {
                settings.remove("SUMOLOGIC_CA");
            }
            try (Program distrustful = Program.start(settings)) {
                assertEquals(202, distrustful.send(Events.express(Events.newId())));
                eventually().untilAsserted(
                        () -> assertThat(distrustful.management("/q/health/ready"), containsString(reason)));
                assertEquals(List.of(), other.requests());
            }
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
