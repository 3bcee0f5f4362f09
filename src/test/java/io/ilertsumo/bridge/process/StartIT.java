package io.ilertsumo.bridge.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.aggregator.ArgumentsAccessor;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import io.ilertsumo.bridge.testing.EditedRoutes;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** How the program starts, and when it doesn't. */
class StartIT {

    private final SumoLogic sumoLogic = new SumoLogic();
    private final Map<String, String> settings = Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));

    @AfterEach
    void end() {
        sumoLogic.close();
    }

    @Test
    void allMissingSettingsAreReportedInOneLine() {
        settings.remove("SUMOLOGIC_URL");
        settings.remove("ILERT_WEBHOOK_PASSWORD");

        doesNotStart("SUMOLOGIC_URL is missing", "ILERT_WEBHOOK_PASSWORD is missing");
    }

    @Test
    void aWrongUrlAndAMissingDirectoryAreReportedWithoutTheUrl() {
        settings.put("SUMOLOGIC_URL", "sumo/" + SumoLogic.TOKEN);
        settings.put("BRIDGE_ROUTES_DIR", "/not/there");

        String output = doesNotStart("SUMOLOGIC_URL is not an http or https URL",
                "BRIDGE_ROUTES_DIR is not a directory: /not/there");

        assertFalse(output.contains(SumoLogic.TOKEN), output);
    }

    @Test
    void anInvalidRedactionPathStopsTheStart() {
        settings.put("BRIDGE_REDACT", "assignedTo.email,responders[0].user");

        doesNotStart("BRIDGE_REDACT", "responders[0].user");
    }

    @Test
    void allInvalidSettingsAreReportedTogetherWithoutASecret() {
        settings.put("BRIDGE_BATCH_MAX_EVENTS", "many");
        settings.put("BRIDGE_OUTBOX_MAX_BYTES", "0");
        settings.put("BRIDGE_RETRY_DELAY", "soon");
        settings.put("BRIDGE_STORE", "rabbits");
        settings.put("BRIDGE_REDACT_MODE", "drop");
        settings.put("SUMOLOGIC_URL", SumoLogic.TOKEN);
        settings.put("SUMOLOGIC_CONNECTIONS", "0");
        settings.put("QUARKUS_HTTP_IDLE_TIMEOUT", "late");
        settings.remove("ILERT_WEBHOOK_PASSWORD");

        String output = doesNotStart("BRIDGE_BATCH_MAX_EVENTS", "BRIDGE_RETRY_DELAY", "BRIDGE_STORE",
                "BRIDGE_REDACT_MODE", "SUMOLOGIC_URL is not", "SUMOLOGIC_CONNECTIONS must be between 1 and 64: 0",
                "QUARKUS_HTTP_IDLE_TIMEOUT", "ILERT_WEBHOOK_PASSWORD is missing");

        assertFalse(output.contains(SumoLogic.TOKEN), output);
    }

    @Test
    void allSettingsOutOfRangeAreReportedTogether() {
        settings.put("BRIDGE_OUTBOX_MAX_BYTES", "0");
        settings.put("BRIDGE_MAX_BODY_SIZE", "32MB");
        settings.put("BRIDGE_BATCH_MAX_EVENTS", "2000000000");
        settings.put("BRIDGE_RETRY_DELAY", "2s");
        settings.put("BRIDGE_RETRY_MAX_DELAY", "1s");
        settings.put("BRIDGE_SECRETS_DIR", "/not/there");

        doesNotStart("BRIDGE_OUTBOX_MAX_BYTES must be between 1KB and 1000TB: 0",
                "BRIDGE_MAX_BODY_SIZE must be between 1KB and 16MB: 33554432",
                "BRIDGE_BATCH_MAX_EVENTS must be between 1 and 100000: 2000000000",
                "BRIDGE_RETRY_MAX_DELAY must be at least BRIDGE_RETRY_DELAY",
                "BRIDGE_SECRETS_DIR is not a directory: /not/there");
    }

    @Test
    void aDurationWithoutAUnitStopsTheStart() {
        settings.put("BRIDGE_BULK_LINGER", "1000");

        doesNotStart("BRIDGE_BULK_LINGER", "'1000' is not a duration with a unit, such as 250ms");
    }

    @Test
    void secretsCanBeFiles() throws Exception {
        Path secrets = SumoLogicResource.newDirectory("secrets");
        Files.writeString(secrets.resolve("SUMOLOGIC_URL"), settings.remove("SUMOLOGIC_URL") + "\n");
        settings.remove("ILERT_WEBHOOK_PASSWORD");
        String password = "p$$w${x}\\$";
        Files.writeString(secrets.resolve("ILERT_WEBHOOK_PASSWORD"), password + "\r\n");
        settings.put("BRIDGE_SECRETS_DIR", secrets.toString());

        try (Program program = Program.start(settings)) {
            String id = Events.newId();
            assertEquals(401, program.send(Events.express(id)), "that of the environment");
            assertEquals(202, program.send(Events.express(id), password));

            Awaitility.await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
        }
    }

    @Test
    void secretsInTheEnvironmentAreLiteral() throws Exception {
        String password = "a$$b${c:d}{{e}}#\\$ ";
        settings.put("ILERT_WEBHOOK_PASSWORD", password);
        settings.put("SUMOLOGIC_URL", settings.get("SUMOLOGIC_URL") + "?$$=$x");

        try (Program program = Program.start(settings)) {
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id), password));

            Awaitility.await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
            assertTrue(sumoLogic.requests().get(0).path().endsWith("?$$=$x"), () -> sumoLogic.requests().toString());
        }
    }

    @Test
    void aWrongProxyOrAuthorityIsReportedWithoutTheProxysPassword() throws Exception {
        settings.put("HTTPS_PROXY", "socks5://user:s3cret@proxy:1080");
        assertFalse(doesNotStart("HTTPS_PROXY is not the URL of an HTTP proxy").contains("s3cret"));
        settings.put("SUMOLOGIC_PROXY", "none");
        Path ca = SumoLogicResource.newDirectory("ca").resolve("ca.crt");
        settings.put("SUMOLOGIC_CA", ca.toString());
        for (String text : new String[]{ null, "", "no certificate", "-----BEGIN CERTIFICATE-----\nMII=\n" }) {
            if (text != null) {
                Files.writeString(ca, text);
            }
            doesNotStart("SUMOLOGIC_CA is not a PEM file of certificates: " + ca);
        }
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            settings.put("QUARKUS_HTTP_PORT", Integer.toString(taken.getLocalPort()));

            doesNotStart("Port " + taken.getLocalPort() + " is in use already");
        }
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                arguments("broken YAML", "route.camel.yaml", "        - choice:\n            id: group-by-type",
                        "        - choice:\n           id: group-by-type\n             x: y", "line 20, column"),
                arguments("an unknown EIP", "route.camel.yaml", "setHeader:", "setHaeder:",
                        "line 27, column 21: Unknown node id: setHaeder"),
                arguments("an unknown setting", "lane.camel.yaml", "bridge.bulk.linger", "bridge.bulk.lingr",
                        ":25: route bulk: ", "[bridge.bulk.lingr] not found"),
                arguments("an unknown option", "lane.camel.yaml", "yieldTo", "yieldToo", ":25: route bulk: ",
                        "yieldToo=express"),
                arguments("an unknown bean", "receive.camel.yaml", "ref: readEvent", "ref: readEvnt",
                        "route receive: ", "readEvnt"),
                arguments("an unknown exception", "deliver.camel.yaml", "java.io.IOException", "java.io.IOExeption",
                        "route deliver: ", "java.io.IOExeption"),
                arguments("an invalid expression", "route.camel.yaml", "== 'HIGH'", "=== 'HIGH'",
                        ":89: route route: Unexpected token = at location"),
                arguments("an unknown Kamelet", "deliver.camel.yaml", "kamelet:sumologic-sink",
                        "kamelet:sumologic-snk", "sumologic-snk.kamelet.yaml"),
                arguments("a route that is not there", "receive.camel.yaml", "name: route\n", "name: rout\n",
                        "receive.camel.yaml:118: no route consumes from direct:rout"),
                arguments("a dead letter channel to nowhere", "receive.camel.yaml", "direct:route-failed",
                        "direct:route-faild", "no route consumes from direct:route-faild"),
                arguments("a lane that is not there", "route.camel.yaml", "lane: express", "lane: expres",
                        ":120: no route consumes from lane:expres"),
                arguments("a lane without a consumer", "lane.camel.yaml", "        lane: bulk\n",
                        "        lane: slow\n", ":128: no route consumes from lane:bulk"),
                arguments("two routes of one name", "lane.camel.yaml", "id: bulk", "id: express",
                        "Duplicate route ids detected: express"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void aMistakeInARouteIsReportedWithItsPlaceAndNothingIsAccepted(ArgumentsAccessor mistake) throws Exception {
        String file = mistake.getString(1);
        settings.put("BRIDGE_ROUTES_DIR",
                new EditedRoutes().replace(file, mistake.getString(2), mistake.getString(3)).folder());

        String output = doesNotStart(mistake.toList().stream().skip(4).map(String.class::cast).toArray(String[]::new));

        assertFalse(output.contains("Listening on"), output);
    }

    @Test
    void aMissingRouteForEventsIsReported() throws Exception {
        settings.put("BRIDGE_ROUTES_DIR", new EditedRoutes().delete("receive.camel.yaml").folder());

        doesNotStart("No route receives events");
    }

    @Test
    void pendingEventsOfARemovedLaneStopTheStartAndAreKept() throws Exception {
        sumoLogic.refuseConnections();
        String id = Events.newId();
        try (Program program = Program.start(settings)) {
            assertEquals(202, program.send(Events.bulk(id)));
            program.kill();
        }
        settings.put("BRIDGE_ROUTES_DIR",
                new EditedRoutes().replace("lane.camel.yaml", "        lane: bulk\n", "        lane: slow\n")
                        .replace("route.camel.yaml", "lane: bulk", "lane: slow").folder());

        String output = doesNotStart("No route consumes from lane:bulk, where 1 events are pending");

        assertFalse(output.contains("Listening on"), output);
        settings.remove("BRIDGE_ROUTES_DIR");
        sumoLogic.recover();
        Program program = Program.start(settings);
        try {
            Awaitility.await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
        } finally {
            program.close();
        }
    }

    @Test
    void overKafkaAllMissingSettingsAreReportedTogether() {
        settings.put("BRIDGE_STORE", "kafka");
        doesNotStart("KAFKA_BOOTSTRAP_SERVERS is missing");

        settings.put("KAFKA_BOOTSTRAP_SERVERS", "localhost:1");
        settings.put("KAFKA_SECURITY_PROTOCOL", "TLS");
        doesNotStart("A setting KAFKA_* is wrong: Invalid value TLS for configuration security.protocol");
    }

    @Test
    void overKafkaALaneWithoutARouteIsNotWrittenTo() throws Exception {
        settings.put("BRIDGE_STORE", "kafka");
        settings.put("KAFKA_BOOTSTRAP_SERVERS", "localhost:1");
        settings.put("BRIDGE_ROUTES_DIR", new EditedRoutes()
                .replace("lane.camel.yaml", "        lane: bulk\n", "        lane: slow\n").folder());

        doesNotStart("route.camel.yaml:", "no route consumes from lane:bulk");
    }

    private String doesNotStart(String... reasons) {
        try (Program program = Program.launch(new HashMap<>(settings))) {
            int exitCode = program.awaitEnd();
            String output = program.output();

            assertTrue(exitCode != 0, "exit code " + exitCode);
            assertEquals(1, output.lines().filter(line -> Stream.of(reasons).allMatch(line::contains)).count(), output);
            assertFalse(output.contains("\tat ") || output.contains("\\tat "), () -> "no stack trace: " + output);
            return output;
        }
    }
}
