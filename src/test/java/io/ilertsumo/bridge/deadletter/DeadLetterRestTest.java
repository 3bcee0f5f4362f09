package io.ilertsumo.bridge.deadletter;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasSize;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** Dead letters are listed, read, exported, replayed and discarded on the management port, and changed by no stranger. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class DeadLetterRestTest extends RunningBridge {

    private static final ObjectMapper JSON = new ObjectMapper();

    @BeforeEach
    @AfterEach
    void beginAndEndWithoutDeadLetters() {
        admin().delete("/dead-letters?all=true").then().statusCode(200);
    }

    @Test
    void anUnreadableCallIsListedAndItsBodyCanBeRead() {
        send("no event").then().statusCode(400);

        Response list = management("/dead-letters");

        list.then().statusCode(200).contentType("application/json").header("Cache-Control", "no-store")
                .body("deadLetters", hasSize(1))
                .body("deadLetters[0].reason", equalTo("unreadable"))
                .body("deadLetters[0].detail", equalTo("The body is not a JSON object in UTF-8"))
                .body("deadLetters[0].attempts", equalTo(1))
                .body("deadLetters[0].size", equalTo(8));
        assertFalse(list.asString().contains("no event"), "bodies are not listed");
        isDescribed("GET", "/dead-letters", list);
        Response letter = management("/dead-letters/" + list.jsonPath().get("deadLetters[0].id"));
        letter.then().statusCode(200).body("body", equalTo("no event"));
        isDescribed("GET", "/dead-letters/{id}", letter);
        assertEquals(1, metrics().sum("bridge_dead_letters_kept"));
    }

    @ParameterizedTest
    @CsvSource({ "e/99, '{\u00ff}'", "e/8gfQ==, '{\u00ff }'", "e/8gIH0=, '{\u00ff  }'" })
    void aBodyThatIsNotTextIsShownInBase64WithPadding(String base64, String body) {
        send(body.getBytes(StandardCharsets.ISO_8859_1)).then().statusCode(400);

        Response letter = management("/dead-letters/" + onlyId());

        letter.then().statusCode(200).body("bodyBase64", equalTo(base64));
        isDescribed("GET", "/dead-letters/{id}", letter);
    }

    @Test
    void aListHasPages() {
        Stream.of("1", "2", "3", "4", "5").forEach(this::send);

        Response first = management("/dead-letters?limit=2");
        Response second = management("/dead-letters?limit=2&after=" + first.jsonPath().get("next"));
        Response last = management("/dead-letters?limit=2&after=" + second.jsonPath().get("next"));

        List<Integer> ids = Stream.of(first, second, last)
                .flatMap(page -> page.jsonPath().<Integer>getList("deadLetters.id").stream()).toList();
        assertEquals(5, Set.copyOf(ids).size());
        assertEquals(ids.stream().sorted().toList(), ids);
        last.then().body("deadLetters", hasSize(1)).body("next", equalTo(null));
    }

    @Test
    void aListIsFilteredByReasonTypeAndTime() {
        String refused = refused("alert-raised");
        Instant between = Instant.now().plusMillis(5);
        eventually().until(() -> Instant.now().isAfter(between));
        send("no event");

        management("/dead-letters?reason=rejected").then().body("deadLetters.eventId",
                equalTo(List.of(refused)));
        management("/dead-letters?reason=unreadable").then().body("deadLetters", hasSize(1));
        management("/dead-letters?type=alert-raised").then().body("deadLetters", hasSize(1));
        management("/dead-letters?type=alert-created").then().body("deadLetters", hasSize(0));
        management("/dead-letters?to=" + between).then().body("deadLetters.eventId", equalTo(List.of(refused)));
        management("/dead-letters?from=" + between).then().body("deadLetters.reason", equalTo(List.of("unreadable")));
    }

    @ParameterizedTest
    @ValueSource(strings = { "/dead-letters?from=yesterday", "/dead-letters?limit=many", "/dead-letters?after=x",
            "/dead-letters/x", "/dead-letters/export?to=1", "/dead-letters?limit=0", "/dead-letters?limit=1001",
            "/dead-letters?limit=1&limit=2", "/dead-letters?reasn=rejected", "/dead-letters/1?x=1", "/status?x=1" })
    void aCallThatMakesNoSenseIsAnswered400(String path) {
        Response answer = management(path);

        answer.then().statusCode(400).contentType("application/problem+json").body("status", equalTo(400));
    }

    @Test
    void aReplayedDeadLetterGoesThroughTheRoutesAgainAndIsOneNoMore() {
        String id = refused("alert-created");

        Response answer = admin().post("/dead-letters/" + onlyId() + "/replay");

        answer.then().statusCode(200).body("replayed", equalTo(1));
        isDescribed("POST", "/dead-letters/{id}/replay", answer);
        arrived(1, id);
        management("/dead-letters").then().body("deadLetters", hasSize(0));
        assertEquals("group=lifecycle, lane=express", sumoLogic.acceptedRequests().get(0).header("X-Sumo-Fields"));
    }

    @Test
    void aDeadLetterThatIsReplayedManyTimesAtOnceArrivesOnce() throws Exception {
        String id = refused("alert-created");
        int letter = onlyId();
        ExecutorService operators = Executors.newFixedThreadPool(8);
        try {
            Callable<Integer> replay = () -> admin().post("/dead-letters/" + letter + "/replay").statusCode();
            int replayed = 0;
            for (Future<Integer> status : operators.invokeAll(Collections.nCopies(8, replay))) {
                assertTrue(Set.of(200, 404).contains(status.get()));
                replayed += status.get() == 200 ? 1 : 0;
            }
            assertEquals(1, replayed);
        } finally {
            operators.shutdown();
        }
        arrived(1, id);
        Response gone = admin().post("/dead-letters/" + letter + "/replay");
        gone.then().statusCode(404).contentType("application/problem+json");
        String last = Events.newId();
        accepted(Events.express(last));
        arrived(1, last);
        assertEquals(1, sumoLogic.messagesWith(id).size());
    }

    @Test
    void aReplayThatIsRejectedAgainIsADeadLetterAgain() {
        String id = refused("alert-created");
        int before = onlyId();
        sumoLogic.answerNext(1, new Answer.Status(413));

        admin().post("/dead-letters/" + before + "/replay").then().statusCode(200);

        eventually().untilAsserted(() -> management("/dead-letters").then()
                .body("deadLetters.eventId", equalTo(List.of(id)))
                .body("deadLetters.status", equalTo(List.of(413)))
                .body("deadLetters[0].id", greaterThan(before)));
    }

    @Test
    void aReplayThatIsStillUnreadableStaysADeadLetterAndItsAttemptsAreCounted() {
        send("no event");

        admin().post("/dead-letters/" + onlyId() + "/replay").then().statusCode(409)
                .body("detail", containsString("still"));

        management("/dead-letters").then().body("deadLetters.attempts", equalTo(List.of(2)));
        Response all = admin().post("/dead-letters/replay?all=true");
        all.then().statusCode(200).body("replayed", equalTo(0)).body("unreadable", equalTo(1));
        isDescribed("POST", "/dead-letters/replay", all);
        management("/dead-letters").then().body("deadLetters.attempts", equalTo(List.of(3)));
    }

    @Test
    void aBodyRejectedForItsTypeCanBeReplayedAlsoIfItIsCompressed() {
        String id = Events.newId();
        webhook().contentType("text/plain").header("Content-Encoding", "gzip")
                .body(Events.compressed("gzip", Events.express(id).getBytes())).post("/webhooks/ilert").then()
                .statusCode(415);

        admin().post("/dead-letters/" + onlyId() + "/replay").then().statusCode(200);

        assertEquals(List.of(Events.express(id)), arrived(1, id));
    }

    @Test
    void selectedDeadLettersAreReplayedAndTheOthersStay() {
        List<String> ids = Stream.of("alert-created", "alert-raised", "alert-created").map(this::refused).toList();
        send("no event");

        admin().post("/dead-letters/replay?type=alert-created&reason=rejected").then().statusCode(200)
                .body("replayed", equalTo(2)).body("failed", equalTo(0));

        arrived(1, ids.get(0));
        arrived(1, ids.get(2));
        management("/dead-letters").then().body("deadLetters", hasSize(2));
        assertEquals(List.of(), sumoLogic.messagesWith(ids.get(1)));
        assertTrue(metrics().sum("bridge_dead_letters_replayed_total", "result=\"replayed\"") >= 2);
    }

    @Test
    void allAreReplayedOnlyWithAllTrue() {
        String id = refused("alert-created");

        admin().post("/dead-letters/replay").then().statusCode(400).body("detail", containsString("all=true"));
        admin().delete("/dead-letters").then().statusCode(400);
        management("/dead-letters").then().body("deadLetters", hasSize(1));

        admin().post("/dead-letters/replay?all=true").then().statusCode(200).body("replayed", equalTo(1));
        arrived(1, id);
    }

    @ParameterizedTest
    @ValueSource(strings = { "all=maybe", "reason=unreadable&all=maybe", "all=false", "reason=unreadable&limit=1" })
    void aSelectionThatMakesNoSenseChangesNothing(String selection) {
        send("no event");

        admin().delete("/dead-letters?" + selection).then().statusCode(400);
        admin().post("/dead-letters/replay?" + selection).then().statusCode(400);

        management("/dead-letters").then().body("deadLetters.attempts", equalTo(List.of(1)));
    }

    @Test
    void eachPathNamesItsMethods() {
        Map<String, String> methods = Map.of("/dead-letters", "DELETE, GET, HEAD, OPTIONS", "/dead-letters/replay",
                "OPTIONS, POST", "/dead-letters/export", "GET, HEAD, OPTIONS", "/dead-letters/1",
                "DELETE, GET, HEAD, OPTIONS", "/dead-letters/1/replay", "OPTIONS, POST", "/", "GET, HEAD, OPTIONS");
        methods.forEach((path, allowed) -> {
            admin().options(path).then().statusCode(204).header("Allow", allowed);
            admin().put(path).then().statusCode(405).header("Allow", allowed)
                    .contentType("application/problem+json");
        });
        admin().get("/dead-letters/replay").then().statusCode(405).header("Allow", "OPTIONS, POST");
        admin().head("/dead-letters").then().statusCode(200).contentType("application/json");
        admin().head("/dead-letters/export").then().statusCode(200).contentType("application/x-ndjson");
    }

    @Test
    void aMistakeOfTheClientIsNotLoggedAsAnError() throws Exception {
        long errors = errors();
        String head = "POST /dead-letters/1/replay HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: test\r\n";
        for (String call : List.of("Content-Length: 1000000\r\n\r\n",
                "Expect: nothing\r\nContent-Length: 1\r\n\r\nx")) {
            String status = answerTo(head + call).split(" ")[1];
            assertTrue(status.startsWith("4"), call + " is answered " + status);
        }
        assertEquals("", answerTo(head + "Content-Length: 9\r\n\r\nx"), "incomplete");
        assertFalse(answerTo(head + "Transfer-Encoding: chunked\r\n\r\nx\r\n").contains(" 5"));
        management("/dead-letters").then().statusCode(200);

        assertEquals(errors, errors());
    }

    private static long errors() {
        return log().lines().filter(line -> line.contains("ERROR")).count();
    }

    /** Sends that, and nothing after it. */
    private static String answerTo(String call) throws IOException {
        try (Socket socket = new Socket("localhost", managementPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(call.getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
        } catch (SocketException e) {
            return "";
        }
    }

    @Test
    void aChangeIsLoggedWithItsUserAndWhatWasChanged() {
        send("no event");

        admin().post("/dead-letters/replay?reason=unreadable");
        int id = onlyId();
        admin().post("/dead-letters/" + id + "/replay");
        int last = onlyId();
        admin().delete("/dead-letters/" + last);
        admin().urlEncodingEnabled(false).delete("/dead-letters?type=no%0Asuch");

        for (String line : List.of(
                "POST /dead-letters/replay?reason=unreadable is answered 200 {\"replayed\":0,\"unreadable\":1,",
                "POST /dead-letters/" + id + "/replay is answered 409",
                "DELETE /dead-letters/" + last + " is answered 204",
                "DELETE /dead-letters?type=no%0Asuch is answered 200 {\"discarded\":0}")) {
            // the log may be JSON
            eventually().until(() -> log().replace("\\\"", "\"").contains("admin at 127.0.0.1: " + line));
        }
    }

    @Test
    void aDiscardedDeadLetterIsGone() {
        send("no event");
        send("neither");
        int id = management("/dead-letters").jsonPath().getInt("deadLetters[0].id");

        admin().delete("/dead-letters/" + id).then().statusCode(204);
        admin().delete("/dead-letters/" + id).then().statusCode(404);
        management("/dead-letters/" + id).then().statusCode(404);

        management("/dead-letters").then().body("deadLetters", hasSize(1)).body("deadLetters[0].id", greaterThan(id));
        Response rest = admin().delete("/dead-letters?reason=unreadable");
        rest.then().statusCode(200).body("discarded", equalTo(1));
        isDescribed("DELETE", "/dead-letters", rest);
    }

    @Test
    void anExportHasAllOfThemWithTheirBodiesOneALine() throws Exception {
        send("no event");
        String id = refused("alert-created");

        Response export = management("/dead-letters/export");

        export.then().statusCode(200).contentType("application/x-ndjson");
        List<String> lines = export.asString().lines().toList();
        assertEquals(2, lines.size());
        assertEquals("no event", JSON.readTree(lines.get(0)).path("body").asText());
        assertEquals(Events.event(id, "alert-created", "HIGH"), JSON.readTree(lines.get(1)).path("body").asText());
        assertEquals(1, management("/dead-letters/export?reason=unreadable").asString().lines().count());
    }

    @Test
    void nothingIsChangedByACallThatAnotherSitesPageCouldMake() {
        send("no event");
        int id = onlyId();
        RequestSpecification form = RestAssured.given().port(managementPort()).auth().preemptive().basic("admin",
                SumoLogicResource.MANAGEMENT_PASSWORD);

        form.post("/dead-letters/" + id + "/replay").then().statusCode(403)
                .body("detail", containsString("X-Requested-By"));
        form.post("/dead-letters/replay?all=true").then().statusCode(403);
        form.delete("/dead-letters/" + id).then().statusCode(403);
        // a browser names the origin of a page that makes a call, and a management port accepts calls of any
        admin().header("Origin", "https://attacker.example").delete("/dead-letters/" + id).then().statusCode(403);
        admin().header("Origin", "null").post("/dead-letters/replay?all=true").then().statusCode(403);
        admin().header("Origin", "http://localhost:1").get("/dead-letters").then().statusCode(403);
        admin().header("Sec-Fetch-Site", "cross-site").get("/dead-letters/" + id).then().statusCode(403);
        admin().header("Sec-Fetch-Site", "cross-site").header("Sec-Fetch-Mode", "navigate")
                .delete("/dead-letters/" + id).then().statusCode(403);
        // a link on another page
        admin().header("Sec-Fetch-Site", "cross-site").header("Sec-Fetch-Mode", "navigate").get("/").then()
                .statusCode(200).header("Content-Security-Policy", containsString("frame-ancestors 'none'"));
        // a proxy that the page is called through, and that changes the host
        admin().header("Sec-Fetch-Site", "same-origin").header("Origin", "https://bridge.example")
                .get("/dead-letters").then().statusCode(200);
        admin().header("Sec-Fetch-Site", "none").get("/dead-letters/" + id).then().statusCode(200);
        admin().header("Origin", "http://localhost:" + managementPort()).get("/dead-letters").then().statusCode(200);
        management("/dead-letters").then().body("deadLetters", hasSize(1));
    }

    @Test
    void deadLettersAreNotOnTheWebhooksPort() {
        webhook().get("/dead-letters").then().statusCode(404);
    }

    @Test
    void theDescriptionHasAllCallsAndNoOthers() {
        Set<String> described = new TreeSet<>();
        description().path("paths").properties().forEach(path -> path.getValue().fieldNames()
                .forEachRemaining(method -> {
                    if (!method.equals("parameters")) {
                        described.add(method + " " + path.getKey());
                    }
                }));
        assertEquals(Set.of("get /dead-letters", "delete /dead-letters", "get /dead-letters/export",
                "post /dead-letters/replay", "get /dead-letters/{id}", "delete /dead-letters/{id}",
                "post /dead-letters/{id}/replay", "get /dead-letters/openapi.yaml", "get /status"), described);
        for (String call : described) {
            String[] words = call.split(" ");
            Response answer = admin().request(words[0].toUpperCase(),
                    words[1].replace("{id}", "999999999") + "?reason=nothing");
            Set<String> statuses = new TreeSet<>();
            operation(words[0], words[1]).path("responses").fieldNames().forEachRemaining(statuses::add);
            assertTrue(statuses.contains(String.valueOf(answer.statusCode())),
                    call + " is answered " + answer.statusCode());
            if (answer.statusCode() >= 400) {
                assertEquals("application/problem+json", answer.contentType(), call);
            }
        }
    }

    private static JsonNode description() {
        try {
            return new YAMLMapper().readTree(management("/dead-letters/openapi.yaml").asString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode operation(String method, String path) {
        return description().path("paths").path(path).path(method.toLowerCase());
    }

    /** The answer matches the OpenAPI description. */
    private static void isDescribed(String method, String path, Response answer) {
        JsonNode description = description();
        JsonNode schema = description.path("paths").path(path).path(method.toLowerCase()).path("responses")
                .path(String.valueOf(answer.statusCode())).path("content").path("application/json").path("schema");
        assertTrue(schema.isObject(), method + " " + path + " " + answer.statusCode() + " is not described");
        ObjectNode whole = JSON.createObjectNode();
        whole.set("components", description.path("components"));
        whole.set("allOf", JSON.createArrayNode().add(schema));
        JsonSchema checked = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(whole);
        try {
            assertEquals(Set.of(), checked.validate(JSON.readTree(answer.asString())).stream().map(Object::toString)
                    .collect(Collectors.toSet()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An event that Sumo Logic has rejected; it accepts later ones. */
    private String refused(String type) {
        String id = Events.newId();
        sumoLogic.answerNext(1, new Answer.Status(400));
        long before = management("/dead-letters").jsonPath().getList("deadLetters").size();
        accepted(Events.event(id, type, "HIGH"));
        eventually().until(() -> management("/dead-letters").jsonPath().getList("deadLetters").size() > before);
        eventually().untilAsserted(() -> assertEquals(0, pending()));
        return id;
    }

    private static int onlyId() {
        List<Map<String, Object>> letters = management("/dead-letters").jsonPath().getList("deadLetters");
        assertEquals(1, letters.size());
        return (Integer) letters.get(0).get("id");
    }
}
