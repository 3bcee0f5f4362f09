package io.ilertsumo.bridge.webhook;

import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RawHttp;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogicResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.Response;

/** What a call of the webhook is answered. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class AnswersTest extends RunningBridge {

    private static final int MAX_BODY_SIZE = 1024 * 1024;

    // accepted

    @Test
    void anEventIsAnswered202() {
        send(Events.express(Events.newId())).then()
                .statusCode(202).contentType("application/json").body("status", equalTo("accepted"));
    }

    @ParameterizedTest
    @ValueSource(strings = { "application/json", "application/json; charset=utf-8", "Application/JSON",
            "application/vnd.ilert.alert+json" })
    void anyJsonTypeIsAccepted(String type) {
        webhook().contentType(type).body(bytes(Events.express(Events.newId()))).post("/webhooks/ilert").then()
                .statusCode(202);
    }

    @Test
    void anAnswerHasNothingOfItsCall() {
        for (String body : List.of(Events.express(Events.newId()), "no event")) {
            Response answer = webhook().header("X-Marker", "marker").header("Retry-After", "marker")
                    .header("Allow", "marker")
                    .queryParam("marker", "marker").body(bytes(body)).post("/webhooks/ilert");

            assertEquals(List.of("content-length", "content-type"), answer.headers().asList().stream()
                    .map(header -> header.getName().toLowerCase(Locale.ROOT)).sorted().toList());
            assertFalse(answer.asString().contains("marker"), answer.asString());
        }
    }

    @Test
    void anEventWithoutAContentTypeIsAccepted() throws IOException {
        String event = Events.express(Events.newId());

        String answer = RawHttp.send(RawHttp.head("POST", "Content-Length: " + event.length()), bytes(event));

        assertTrue(answer.startsWith("HTTP/1.1 202 "), answer);
        arrived(1, event);
    }

    @Test
    void compressedEventsAreAccepted() {
        for (String encoding : List.of("gzip", "deflate")) {
            String id = Events.newId();
            byte[] body = Events.compressed(encoding, bytes(Events.pretty(Events.express(id))));

            webhook().header("Content-Encoding", encoding).body(body).post("/webhooks/ilert").then().statusCode(202);

            assertEquals(List.of(Events.express(id)), arrived(1, id));
        }
    }

    // repeated

    @Test
    void aDuplicateIsDeliveredOnce() {
        String id = Events.newId();
        accepted(Events.express(id));

        duplicate(Events.express(id));
        duplicate(Events.pretty(Events.express(id)));
        duplicate(Events.event(id, "alert-resolved", "HIGH"));

        arrivedAndNothingElseOf(id);
    }

    @Test
    void aDuplicateWithoutAnEventIdIsDetectedByItsContent() {
        String alert = Events.newId();
        String event = "{\"eventType\":\"alert-raised\",\"status\":\"PENDING\",\"alertKey\":\"" + alert + "\"}";
        accepted(event);

        duplicate(event);
        duplicate(Events.pretty(event));

        arrivedAndNothingElseOf(alert);
    }

    @Test
    void ofManyConcurrentCopiesOneIsAcceptedAndTheOthersAreDuplicates() throws Exception {
        String id = Events.newId();
        ExecutorService senders = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Integer>> calls = Collections.nCopies(16, () -> send(Events.express(id)).statusCode());
            List<Integer> answers = new ArrayList<>();
            for (Future<Integer> answer : senders.invokeAll(calls)) {
                answers.add(answer.get());
            }
            assertOneIsAccepted(answers);
        } finally {
            senders.shutdown();
        }
        arrivedAndNothingElseOf(id);
    }

    void assertOneIsAccepted(List<Integer> answers) {
        assertEquals(1, Collections.frequency(answers, 202), answers.toString());
        assertEquals(15, Collections.frequency(answers, 200), answers.toString());
    }

    // refused

    @ParameterizedTest
    @ValueSource(strings = { "", "  \r\n\t", "marker", "[{\"a\":\"marker\"}]", "12345", "\"marker\"", "null", "true",
            "{\"marker\":1} {\"a\":1}", "{\"a\":\"marker\"}]", "{\"a\":\"marker\"} marker", "{\"marker\":",
            "{\"a\":\"marker",
            "{\"marker\":1,}", "{'marker':1}", "{\"marker\":NaN}", "{\"marker\":01}", "{\"a\":\"line\nbreak, marker\"}",
            "{\"a\" \"marker\"}", "eventId=marker", "<marker/>" })
    void whatIsNotAnEventIsAnswered400(String body) {
        Response answer = send(body);

        isProblem(answer, 400, "Bad Request");
        assertFalse(answer.asString().contains("marker"), answer.asString());
    }

    @Test
    void aBodyThatIsNotUtf8IsAnswered400() {
        byte[] latin1 = ("{\"eventId\":\"" + Events.newId() + "\",\"summary\":\"über\"}")
                .getBytes(StandardCharsets.ISO_8859_1);
        byte[] utf16 = Events.express(Events.newId()).getBytes(StandardCharsets.UTF_16LE);

        isProblem(send(latin1), 400, "Bad Request");
        isProblem(send(utf16), 400, "Bad Request");
    }

    @Test
    void aBodyThatDoesNotMatchItsEncodingIsAnswered400() {
        byte[] event = bytes(Events.express(Events.newId()));
        byte[] half = Events.compressed("gzip", event);

        for (byte[] body : List.of(event, java.util.Arrays.copyOf(half, half.length - 20))) {
            isProblem(webhook().header("Content-Encoding", "gzip").body(body).post("/webhooks/ilert"), 400,
                    "Bad Request");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "Basic", "Basic ", "Basic %%%not base64%%%", "Basic aWxlcnQ6d3Jvbmc=", "Bearer token",
            "Basic Om1hcmtlci1QYTU1OndvcmQlNDA=", "Digest username=\"ilert\"", "\u007f" })
    void wrongCredentialsAreAnswered401(String authorization) {
        String id = Events.newId();

        isUnauthorized(anonymous().header("Authorization", authorization).body(bytes(Events.express(id)))
                .post("/webhooks/ilert"));

        nothingArrivedOf(id);
    }

    @Test
    void noCredentialsAreAnswered401() {
        String id = Events.newId();

        isUnauthorized(anonymous().body(bytes(Events.express(id))).post("/webhooks/ilert"));
        isUnauthorized(
                anonymous().header("X-Webhook-Secret", SumoLogicResource.PASSWORD).body(bytes(Events.express(id)))
                        .post("/webhooks/ilert"));
        isUnauthorized(anonymous().auth().preemptive().basic("other", SumoLogicResource.PASSWORD)
                .body(bytes(Events.express(id))).post("/webhooks/ilert"));

        nothingArrivedOf(id);
    }

    @ParameterizedTest
    @ValueSource(strings = { "GET", "PUT", "DELETE", "PATCH" })
    void anythingButPostIsAnswered405(String method) {
        Response answer = webhook().request(method, "/webhooks/ilert");

        isProblem(answer, 405, "Method Not Allowed");
        assertEquals("POST", answer.header("Allow"));
    }

    @Test
    void anythingButTheWebhookIsAnswered404() {
        assertEquals(404, webhook().body("{}").post("/webhooks/other").statusCode());
        assertEquals(404, webhook().body("{}").post("/").statusCode());
    }

    @ParameterizedTest
    @ValueSource(strings = { "text/plain", "application/xml", "application/octet-stream" })
    void aTypeOtherThanJsonIsAnswered415(String type) {
        String id = Events.newId();

        Response answer = webhook().contentType(type).body(bytes(Events.express(id))).post("/webhooks/ilert");

        isProblem(answer, 415, "Unsupported Media Type");
        nothingArrivedOf(id);
    }

    @Test
    void aFormIsAnswered415() throws IOException {
        for (String type : List.of("application/x-www-form-urlencoded", "multipart/form-data; boundary=b")) {
            String answer = RawHttp.send(RawHttp.head("POST", "Content-Type: " + type, "Content-Length: 2"),
                    bytes("{}"));

            assertTrue(answer.startsWith("HTTP/1.1 415 "), answer);
            assertTrue(answer.contains("\"status\":415"), answer);
        }
    }

    @Test
    void anUnknownCompressionIsAnswered415() {
        String id = Events.newId();

        for (String encoding : List.of("br", "zstd", "gzip, gzip")) {
            Response answer = webhook().header("Content-Encoding", encoding).body(bytes(Events.express(id)))
                    .post("/webhooks/ilert");

            isProblem(answer, 415, "Unsupported Media Type");
        }
        nothingArrivedOf(id);
    }

    // too large

    @Test
    void aBodyWhoseContentLengthIsTooLargeIsAnswered413BeforeItIsRead() throws IOException {
        String answer = RawHttp.send(RawHttp.head("POST", "Content-Type: application/json",
                "Content-Length: " + (MAX_BODY_SIZE + 1)), new byte[0]);

        isTooLarge(answer);
    }

    @Test
    void aChunkedBodyThatGrowsTooLargeIsAnswered413() throws IOException {
        byte[] event = bytes(Events.ofSize(Events.newId(), MAX_BODY_SIZE + 1));
        ByteArrayOutputStream chunked = new ByteArrayOutputStream();
        chunked.writeBytes(bytes(Integer.toHexString(event.length) + "\r\n"));
        chunked.writeBytes(event);

        String answer = RawHttp.send(
                RawHttp.head("POST", "Content-Type: application/json", "Transfer-Encoding: chunked"),
                chunked.toByteArray());

        isTooLarge(answer);
    }

    @Test
    void aChunkedBodyWithinTheLimitIsAccepted() throws IOException {
        String id = Events.newId();
        byte[] event = bytes(Events.express(id));
        byte[] body = bytes(Integer.toHexString(event.length) + "\r\n" + Events.express(id) + "\r\n0\r\n\r\n");

        String answer = RawHttp
                .send(RawHttp.head("POST", "Content-Type: application/json", "Transfer-Encoding: chunked"), body);

        assertTrue(answer.startsWith("HTTP/1.1 202 "), answer);
        arrived(1, id);
    }

    @Test
    void aSmallBodyThatInflatesBeyondTheLimitIsAnswered413() {
        for (String encoding : List.of("gzip", "deflate")) {
            String id = Events.newId();
            byte[] bomb = Events.compressed(encoding, bytes(Events.ofSize(id, 64 * MAX_BODY_SIZE)));
            assertTrue(bomb.length < MAX_BODY_SIZE / 4, "a bomb must be small");

            Response answer = webhook().header("Content-Encoding", encoding).body(bomb).post("/webhooks/ilert");

            isProblem(answer, 413, "Request Entity Too Large");
            nothingArrivedOf(id);
        }
    }

    @Test
    void anEventThatInflatesToExactlyTheLimitIsAccepted() {
        String id = Events.newId();
        byte[] body = Events.compressed("gzip", bytes(Events.ofSize(id, MAX_BODY_SIZE)));

        webhook().header("Content-Encoding", "gzip").body(body).post("/webhooks/ilert").then().statusCode(202);

        arrived(1, id);
    }

    private static void isProblem(Response answer, int status, String title) {
        answer.then().statusCode(status).contentType(startsWith("application/problem+json"))
                .body("title", equalTo(title)).body("status", equalTo(status));
        String detail = answer.path("detail");
        assertTrue(detail != null && !detail.isBlank(), "it has the reason");
    }

    private static void isUnauthorized(Response answer) {
        isProblem(answer, 401, "Unauthorized");
        answer.then().header("WWW-Authenticate", allOf(startsWith("Basic "), containsString("realm=")));
    }

    private static void isTooLarge(String answer) {
        assertTrue(answer.startsWith("HTTP/1.1 413 "), answer);
        assertTrue(answer.toLowerCase().contains("content-type: application/problem+json"), answer);
        assertTrue(answer.contains("\"status\":413"), answer);
        assertTrue(answer.contains("\"detail\":\"The body is larger than 1048576 bytes\""), answer);
    }

    /** What is sent later in the same lane has arrived, so whatever was to come before it has. */
    private void nothingArrivedOf(String text) {
        String later = Events.newId();
        accepted(Events.express(later));
        arrived(1, later);
        assertEquals(List.of(), sumoLogic.messagesWith(text));
    }

    private void arrivedAndNothingElseOf(String text) {
        List<String> later = IntStream.range(0, 2).mapToObj(i -> Events.newId()).toList();
        accepted(Events.express(later.get(0)));
        accepted(Events.bulk(later.get(1)));
        later.forEach(id -> arrived(1, id));
        assertEquals(1, sumoLogic.messagesWith(text).size());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
