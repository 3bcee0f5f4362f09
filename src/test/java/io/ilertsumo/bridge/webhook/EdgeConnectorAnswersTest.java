package io.ilertsumo.bridge.webhook;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.EdgeAgent;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Metrics;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RawHttp;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** What a call of iLert's Edge Connector is answered: never a 4xx after which it would skip the event for good. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class EdgeConnectorAnswersTest extends RunningBridge {

    private static final int MAX_BODY_SIZE = 1024 * 1024;
    private static final String CHECK = "checks.find { it.name == 'edge-connector' }";

    @Test
    void anEventIsAnswered202AndItsDuplicate200() {
        String id = Events.newId();

        connector().body(bytes(Events.express(id))).post("/webhooks/ilert").then().statusCode(202);
        arrived(1, id);
        duplicate(EdgeAgent.written(Events.express(id)));
    }

    @Test
    void anEventWithoutAnIdThatTheConnectorAndTheWebhookBringIsOneEvent() {
        String alert = Events.newId();
        String event = "{\"status\":\"PENDING\",\"responders\":[{\"user\":{\"name\":\"J\\u00f6rg\",\"id\":7},\"a\":[2,1]}],"
                + "\"eventType\":\"alert-raised\",\"alertKey\":\"" + alert + "\"}";
        String written = EdgeAgent.written(event);
        assertTrue(written.startsWith("{\"alertKey\":") && written.contains("{\"a\":[2,1],\"user\":{\"id\":7,"),
                written);
        accepted(event);

        duplicate(written);

        accepted(written.replace("[2,1]", "[1,2]"));
        arrived(2, alert);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "Basic", "Basic aWxlcnQ6d3Jvbmc=", "Bearer token" })
    void wrongOrMissingCredentialsAreRepeatedAndNothingIsKept(String authorization) {
        Metrics before = metrics();

        RequestSpecification call = anonymous().header(EdgeAgent.ITEM_ID, "7");
        call = authorization.isEmpty() ? call : call.header("Authorization", authorization);
        isRepeated(call.body("no event").post("/webhooks/ilert"), "unauthorized",
                "The credentials are missing or wrong", before);

        assertEquals(1, since(before, "bridge_events_received_total", "result=\"unauthorized\""));
        assertEquals(0, since(before, "bridge_dead_letters_total"));
    }

    @ParameterizedTest
    @ValueSource(strings = { "/", "/ilert", "/webhooks", "/webhooks/other", "/webhooks/ilert/x", "/q/health" })
    void aWrongPathIsRepeated(String path) {
        Metrics before = metrics();

        isRepeated(connector().body(bytes(Events.express(Events.newId()))).post(path), "not-found",
                "There is no webhook at this path", before);
    }

    @ParameterizedTest
    @ValueSource(strings = { "PUT", "GET", "PATCH" })
    void aWrongMethodIsRepeated(String method) {
        Metrics before = metrics();

        isRepeated(connector().request(method, "/webhooks/ilert"), "method-not-allowed", "Send events with POST",
                before);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = { "Content-Type|text/plain|Send application/json",
            "Content-Type|application/x-www-form-urlencoded|Send application/json",
            "Content-Encoding|br|Send the body uncompressed, or with Content-Encoding gzip or deflate" })
    void aWrongTypeIsRepeatedAndNotKept(String header, String value, String detail) throws IOException {
        Metrics before = metrics();
        byte[] body = bytes(Events.express(Events.newId()));

        String answer = RawHttp.send(RawHttp.head("POST", EdgeAgent.ITEM_ID + ": 7", header + ": " + value,
                "Content-Length: " + body.length), body);

        assertTrue(answer.startsWith("HTTP/1.1 503 ") && answer.contains("\"detail\":\"" + detail), answer);
        assertEquals(1, since(before, "bridge_edge_connector_retries_total", "reason=\"unreadable\""));
        assertEquals(0, since(before, "bridge_dead_letters_total"));
    }

    @Test
    void anEventThatIsTooLargeIsRepeated() throws IOException {
        String tooLarge = "The body is larger than 1048576 bytes";
        Metrics before = metrics();
        byte[] bomb = Events.compressed("gzip", bytes(Events.ofSize(Events.newId(), 2 * MAX_BODY_SIZE)));
        isRepeated(connector().header("Content-Encoding", "gzip").body(bomb).post("/webhooks/ilert"), "too-large",
                tooLarge, before);
        Metrics then = metrics();

        String answer = RawHttp.send(RawHttp.head("POST", EdgeAgent.ITEM_ID + ": 7",
                "Content-Length: " + (MAX_BODY_SIZE + 1)), new byte[0]);

        assertTrue(answer.startsWith("HTTP/1.1 503 ") && answer.contains(tooLarge), answer);
        assertEquals(1, since(then, "bridge_edge_connector_retries_total", "reason=\"too-large\""));
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "no event", "[]", "{\"a\":1}{\"b\":2}", "{{alertId}}" })
    void whatNoRepairCanMakeReadableIsKeptAndAnswered202(String text) {
        Metrics before = metrics();

        connector().body(bytes(text)).post("/webhooks/ilert").then().statusCode(202)
                .contentType("application/json").body("status", equalTo("unreadable"));

        assertEquals(1, since(before, "bridge_dead_letters_total", "reason=\"unreadable\""));
        assertEquals(1, since(before, "bridge_events_received_total", "result=\"unreadable\""));
        assertEquals(0, since(before, "bridge_edge_connector_retries_total"));
        send(text).then().statusCode(400);
    }

    @Test
    void healthHasTheReasonUntilAnEventOfTheConnectorIsAccepted() {
        connector().body("{}").post("/webhooks/other");
        connector().contentType("text/plain").body("{}").post("/webhooks/ilert");
        accepted(Events.express(Events.newId()));

        management("/q/health/ready").then().statusCode(200).body(CHECK + ".status", equalTo("UP"))
                .body(CHECK + ".data.unreadable", startsWith("Send application/json, "))
                .body(CHECK + ".data.unreadable", containsString(" calls since 20"));

        connector().body(bytes(Events.express(Events.newId()))).post("/webhooks/ilert").then().statusCode(202);
        management("/q/health/ready").then().body(CHECK + ".data", equalTo(null));
    }

    @Test
    void theAnswersToTheWebhookAreAsBefore() {
        Metrics before = metrics();

        List<Integer> answers = List.of(anonymous().body("{}").post("/webhooks/ilert").statusCode(),
                webhook().body("{}").post("/webhooks/other").statusCode(),
                webhook().put("/webhooks/ilert").statusCode(),
                webhook().contentType("text/plain").body("{}").post("/webhooks/ilert").statusCode(),
                send("no event").statusCode());

        assertEquals(List.of(401, 404, 405, 415, 400), answers);
        assertEquals(0, since(before, "bridge_edge_connector_retries_total"));
    }

    private RequestSpecification connector() {
        return webhook().header(EdgeAgent.ITEM_ID, "7").header("X-ilert-Event-Type", "alert-created")
                .header("X-ilert-Alert-Id", "");
    }

    private static void isRepeated(Response answer, String reason, String detail, Metrics before) {
        answer.then().statusCode(503).contentType(startsWith("application/problem+json"))
                .header("Retry-After", equalTo("30")).body("status", equalTo(503)).body("detail", equalTo(detail));
        assertEquals(1, since(before, "bridge_edge_connector_retries_total", "reason=\"" + reason + '"'));
    }

    private static double since(Metrics before, String name, String... labels) {
        return metrics().sum(name, labels) - before.sum(name, labels);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
