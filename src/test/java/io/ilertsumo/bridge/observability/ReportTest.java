package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;

/** The bridge reports to Sumo Logic on itself. */
@QuarkusTest
@TestProfile(Programs.Talkative.class)
class ReportTest extends RunningBridge {

    private static final Predicate<SumoLogic.Request> REPORT = request -> "ilert-sumologic-bridge"
            .equals(request.header("X-Sumo-Category"));

    private final ObjectMapper json = new ObjectMapper();

    @Test
    void aReportIsALineForEachLaneAndOneForTheBridge() throws UnknownHostException {
        eventually().until(() -> !reports().isEmpty());

        SumoLogic.Request report = reports().get(0);
        assertEquals(List.of("", "bulk", "express"),
                lines(report).map(line -> line.path("lane").asText()).sorted().toList());
        assertEquals(List.of("lane", "lane", "bridge"),
                lines(report).map(line -> line.path("report").asText()).toList());
        String host = InetAddress.getLocalHost().getHostName();
        lines(report).forEach(line -> {
            assertEquals(host, line.path("bridge").asText());
            assertEquals("outbox", line.path("store").asText());
            Duration age = Duration.between(Instant.parse(line.path("timestamp").asText()), Instant.now());
            assertTrue(age.compareTo(Duration.ofMinutes(1)) < 0, () -> "written when it was sent: " + line);
        });
        assertEquals(host, report.header("X-Sumo-Host"));
        assertEquals("ilert-sumologic-bridge", report.header("X-Sumo-Name"));
        assertEquals("zstd", report.header("Content-Encoding"));
    }

    @Test
    void countsAddUpThoughReportsAreLost() {
        sinceNow();
        String seen = Events.newId();
        accepted(Events.express(seen));
        duplicate(Events.express(seen));
        eventually().untilAsserted(() -> assertEquals(1, sum("lane", "deliveredEvents")));

        sumoLogic.answerWhere(REPORT, new Answer.Status(503));
        accepted(Events.express(Events.newId()));
        accepted(Events.bulk(Events.newId()));
        double failed = metrics().sum("bridge_reports_total", "result=\"failed\"");
        eventually().until(() -> metrics().sum("bridge_reports_total", "result=\"failed\"") >= failed + 2);
        assertEquals(1, sum("lane", "deliveredEvents"));
        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(3, sum("lane", "deliveredEvents")));
        assertEquals(3, sum("lane", "deliveredBatches"));
        assertEquals(3, sum("bridge", "accepted"));
        assertEquals(1, sum("bridge", "duplicate"));
        long bytes = sumoLogic.acceptedRequests().stream().filter(REPORT.negate())
                .mapToLong(request -> request.body().length).sum();
        assertEquals(bytes, sum("lane", "deliveredBytes"));
        assertTrue(sum("lane", "deliverySeconds") > 0);
        // and each count once
        int before = reports().size();
        eventually().until(() -> reports().size() > before + 1);
        assertEquals(3, sum("lane", "deliveredEvents"));
    }

    @Test
    void pendingEventsAndOpenCircuitsAreReported() {
        sinceNow();
        sumoLogic.answerWhere(REPORT.negate(), new Answer.Status(500));
        accepted(Events.express(Events.newId()));

        eventually().untilAsserted(() -> {
            JsonNode last = last("express");
            assertEquals(1, last.path("pendingEvents").asInt());
            assertEquals(1, last.path("circuitOpen").asInt());
            assertTrue(last.path("oldestAgeSeconds").asDouble() > 0.5, last::toString);
        });
        assertTrue(sum("lane", "failures") > 0);
    }

    @Test
    void deadLettersAreReported() {
        sinceNow();
        double kept = metrics().sum("bridge_dead_letters_kept");

        send("no event " + Events.newId()).then().statusCode(400);

        eventually().untilAsserted(() -> {
            assertEquals(1, sum("bridge", "deadLetters"));
            assertEquals(1, sum("bridge", "unreadable"));
        });
        assertEquals(kept + 1, last("").path("deadLettersKept").asDouble());
    }

    @Test
    void aReportThatIsNotDeliveredIsLogged() {
        double failed = metrics().sum("bridge_reports_total", "result=\"failed\"");
        sumoLogic.answerWhere(REPORT, new Answer.Status(500));

        eventually().until(() -> metrics().sum("bridge_reports_total", "result=\"failed\"") > failed);

        String last = log().lines().filter(line -> line.contains("Report not delivered")).reduce((a, b) -> b)
                .orElseThrow();
        assertTrue(last.contains("Sumo Logic answered 500"), last);
    }

    /** Waits until the counts of other tests are reported, and clears the stand-in. */
    private void sinceNow() {
        eventually().until(() -> metrics().sum("bridge_reports_total", "result=\"delivered\"") > 0);
        double taken = metrics().sum("bridge_reports_total", "result=\"delivered\"");
        eventually().until(() -> metrics().sum("bridge_reports_total", "result=\"delivered\"") > taken + 1);
        sumoLogic.forget();
    }

    private List<SumoLogic.Request> reports() {
        return sumoLogic.acceptedRequests().stream().filter(REPORT).toList();
    }

    /** The last report's line of that lane; without a lane that of the bridge. */
    private JsonNode last(String lane) {
        return reports().stream().flatMap(this::lines).filter(line -> lane.equals(line.path("lane").asText()))
                .reduce((one, other) -> other).orElse(MissingNode.getInstance());
    }

    private double sum(String report, String count) {
        return reports().stream().flatMap(this::lines).filter(line -> report.equals(line.path("report").asText()))
                .mapToDouble(line -> line.path(count).asDouble()).sum();
    }

    private Stream<JsonNode> lines(SumoLogic.Request report) {
        return report.lines().stream().map(line -> {
            try {
                return json.readTree(line);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
