package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;

/** Logs, metrics, health and errors contain no secret and no content of events, even with all loggers at DEBUG. */
@QuarkusTest
@TestProfile(Programs.Talkative.class)
class NothingLeaksTest extends RunningBridge {

    private static final String MARKER = "marker-in-a-body-8f1c";
    private static final String EMAIL = "somebody.8f1c@example.org";
    private static final String WRONG_PASSWORD = "marker-wrong-8f1c";
    static final Map<String, String> SECRETS = Map.of(
            "Sumo Logic's token", SumoLogic.TOKEN,
            "the webhook's password", SumoLogicResource.PASSWORD,
            "the webhook's password in Base64", basic(SumoLogicResource.PASSWORD),
            "the operator's password", SumoLogicResource.MANAGEMENT_PASSWORD,
            "the key of hashes", Programs.REDACT_KEY,
            "a wrong password", WRONG_PASSWORD,
            "a wrong password in Base64", basic(WRONG_PASSWORD),
            "an e-mail address", EMAIL,
            "a part of a body", MARKER);

    @Test
    void noSecretAndNoPersonalDataLeaveTheBridgeExceptToSumoLogic() {
        List<Response> answers = new ArrayList<>();

        // all is well
        String well = eventWithMarkers("alert-created", "HIGH");
        answers.add(send(well));
        answers.add(send(well));
        answers.add(send(eventWithMarkers("alert-comment-added", "LOW")));
        eventually().untilAsserted(() -> assertEquals(2, sumoLogic.messagesWith(MARKER).size()));

        // nothing is
        List<Answer> faults = List.of(new Answer.Status(503), new Answer.Status(401),
                new Answer.Status(429, "Retry-After", "1"),
                new Answer.Reset(), new Answer.Truncated());
        for (Answer fault : faults) {
            sumoLogic.forget();
            sumoLogic.answer(fault);
            answers.add(send(eventWithMarkers("alert-raised", "HIGH")));
            answers.add(send(eventWithMarkers("alert-channel-attached", null)));
            eventually().until(() -> sumoLogic.requests().stream()
                    .filter(request -> !"ilert-sumologic-bridge".equals(request.header("X-Sumo-Category")))
                    .count() >= 4);
            answers.add(management("/q/health"));
            answers.add(management("/q/metrics"));
            sumoLogic.recover();
            eventually().untilAsserted(() -> assertEquals(2, sumoLogic.messagesWith(MARKER).size()));
        }
        sumoLogic.refuseConnections();
        answers.add(send(eventWithMarkers("alert-raised", "HIGH")));
        double retries = metrics().sum("bridge_delivery_failures_total");
        eventually().until(() -> metrics().sum("bridge_delivery_failures_total") > retries + 1);

        // bad calls
        for (String body : List.of(MARKER, "{\"a\":" + MARKER + "}", "{\"" + MARKER + "\":\"" + EMAIL + "\"",
                "[\"" + EMAIL + "\"]",
                "{\"a\":\"" + MARKER + "\"} " + EMAIL)) {
            answers.add(send(body));
        }
        answers.add(webhook().contentType("text/plain").body(MARKER + EMAIL).post("/webhooks/ilert"));
        answers.add(webhook().header("Content-Encoding", "br").body(MARKER + EMAIL).post("/webhooks/ilert"));
        answers.add(webhook().header("Content-Encoding", "gzip").body(MARKER + EMAIL).post("/webhooks/ilert"));
        answers.add(webhook().queryParam("q", MARKER).get("/webhooks/ilert"));
        byte[] tooLarge = ("{\"a\":\"" + MARKER + "x".repeat(1024 * 1024) + "\"}").getBytes();
        answers.add(webhook().header("Content-Encoding", "gzip").body(Events.compressed("gzip", tooLarge))
                .post("/webhooks/ilert"));
        answers.add(anonymous().auth().preemptive().basic("ilert", WRONG_PASSWORD).body(well).post("/webhooks/ilert"));
        answers.add(anonymous().header("Authorization", "Basic " + WRONG_PASSWORD).body(well).post("/webhooks/ilert"));

        for (String path : List.of("/q/health", "/q/health/ready", "/q/health/live", "/q/metrics", "/status")) {
            answers.add(management(path));
        }
        for (Response answer : answers) {
            SECRETS.forEach((what, secret) -> assertTrue(
                    !answer.asString().contains(secret) && !answer.headers().toString().contains(secret),
                    () -> what + " is in the answer " + answer.statusLine() + " " + answer.asString()));
        }
        String log = log();
        assertTrue(log.contains("DEBUG"), "all loggers are at DEBUG");
        SECRETS.forEach((what, secret) -> assertEquals(List.of(),
                log.lines().filter(line -> line.contains(secret))
                        .map(line -> line.substring(0, Math.min(400, line.length()))).limit(3).toList(),
                what + " is in the log"));
    }

    static String eventWithMarkers(String type, String priority) {
        return Events.event(Events.newId(), type, priority).replace("Something is wrong", MARKER)
                .replaceFirst("}$", ",\"assignedTo\":{\"email\":\"" + EMAIL + "\"}}");
    }

    private static String basic(String password) {
        return Base64.getEncoder().encodeToString(("ilert:" + password).getBytes(StandardCharsets.UTF_8));
    }
}
