package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;

/** What iLert sends arrives at Sumo Logic as it was sent, marked with where it belongs. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class DeliveryTest extends RunningBridge {

    @ParameterizedTest
    @CsvSource(nullValues = "none", value = {
            "alert-created, lifecycle",
            "alert-acknowledged, lifecycle",
            "alert-resolved, lifecycle",
            "alert-auto-resolved, lifecycle",
            "alert-rejected, lifecycle",
            "alert-snoozed, lifecycle",
            "alert-raised, escalation",
            "alert-assigned, escalation",
            "alert-auto-escalated, escalation",
            "alert-escalation-ended, escalation",
            "v-alert-not-resolved, escalation",
            "alert-comment-added, collaboration",
            "alert-responder-added, collaboration",
            "alert-responder-removed, collaboration",
            "alert-channel-attached, collaboration",
            "alert-channel-detached, collaboration",
            "incident-created, incident",
            "incident-resolved, incident",
            "incident-raised, incident",
            "incident-not-invented-yet, incident",
            "v-incident-not-resolved, other",
            "alert-incident-, other",
            "alert-not-invented-yet, other",
            "alert-create, other",
            "Alert-Created, other",
            "'alert-created,alert-resolved', other",
            "${exception.message}, other",
            "'', other",
            "none, other" })
    void everyTypeArrivesInItsGroupAndByPriorityInItsLane(String type, String group) {
        Map<String, String> lanes = new LinkedHashMap<>();
        lanes.put("HIGH", "express");
        lanes.put("LOW", "escalation".equals(group) ? "express" : "bulk");
        lanes.put(null, "escalation".equals(group) ? "express" : "bulk");
        lanes.put("URGENT", "escalation".equals(group) ? "express" : "bulk");
        Map<String, String> ids = new LinkedHashMap<>();
        lanes.keySet().forEach(priority -> ids.put(priority, Events.newId()));

        ids.forEach((priority, id) -> accepted(Events.event(id, type, priority)));

        ids.forEach((priority, id) -> {
            SumoLogic.Request request = arrivedIn(id);
            assertEquals(group, request.group());
            assertEquals(lanes.get(priority), request.lane());
            assertEquals(List.of(Events.event(id, type, priority)), sumoLogic.messagesWith(id));
        });
    }

    @Test
    void aRequestHasTheMetadataOfItsEventsAndNothingElse() {
        String id = Events.newId();
        accepted(Events.express(id));

        SumoLogic.Request request = arrivedIn(id);

        assertEquals("POST", request.method());
        assertEquals("webhook/ilert", request.header("X-Sumo-Category"));
        assertEquals("ilert", request.header("X-Sumo-Name"));
        assertEquals("ilert", request.header("X-Sumo-Host"));
        assertEquals("ilert-sumologic-bridge", request.header("X-Sumo-Client"));
        assertEquals("group=lifecycle, lane=express", request.header("X-Sumo-Fields"));
        assertEquals("application/x-www-form-urlencoded", request.header("Content-Type"));
        assertEquals("gzip", request.header("Content-Encoding"));
        // no credentials of the webhook and nothing of the way through the bridge
        Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        names.addAll(request.headers().keySet());
        names.removeAll(Set.of("X-Sumo-Category", "X-Sumo-Name", "X-Sumo-Host", "X-Sumo-Client", "X-Sumo-Fields",
                "Content-Type", "Content-Encoding", "Content-Length", "Accept-Encoding", "Connection", "Host",
                "User-Agent"));
        assertEquals(Set.of(), names);
    }

    @Test
    void neitherHeadersNorParametersOfACallChangeWhereItsEventGoes() {
        String id = Events.newId();
        Map<String, String> own = Map.of("group", "other", "lane", "none", "eventType", "alert-raised", "priority",
                "HIGH",
                "eventId", "another", "result", "dropped", "X-Sumo-Category", "elsewhere", "CamelHttpUri",
                "http://localhost:1/",
                "CamelHttpResponseCode", "200");

        webhook().headers(own).queryParams(own).body(Events.bulk(id).getBytes(StandardCharsets.UTF_8))
                .post("/webhooks/ilert")
                .then().statusCode(202);

        SumoLogic.Request request = arrivedIn(id);
        assertEquals("group=lifecycle, lane=bulk", request.header("X-Sumo-Fields"));
        assertEquals("webhook/ilert", request.header("X-Sumo-Category"));
        duplicate(Events.bulk(id));
    }

    @Test
    void theSearchesOfTheSumoLogicAppFindTheirFields() {
        accepted(Events.sample("alert-auto-escalated.json"));

        JsonPath message = JsonPath.from(arrived(1, "\"1698262673\"").get(0));

        assertEquals("1698262673", message.getString("id"));
        assertEquals("alert by source", message.getString("summary"));
        assertEquals("alert details", message.getString("details"));
        assertEquals("2023-10-25T19:37:53.833Z", message.getString("reportTime"));
        assertEquals("ACCEPTED", message.getString("status"));
        assertEquals("alert-auto-escalated", message.getString("eventType"));
        assertEquals("HIGH", message.getString("priority"));
        assertEquals("E-Mail", message.getString("alertSource.name"));
        assertEquals("Nedjeljko", message.getString("assignedTo.username"));
        assertEquals("zebadiah@dummyilert.com", message.getString("assignedTo.email"));
        assertEquals("Nedjeljko", message.getString("responders[0].user.username"));
        assertEquals("zebadiah@dummyilert.com", message.getString("responders[0].user.email"));
    }

    @Test
    void aPrettyPrintedEventArrivesAsOneLine() throws Exception {
        String sent = Events.sample("alert-created.json");
        accepted(sent);

        String message = arrived(1, "7b21f505-bd0f-49a2-bf8f-f238919b23fc").get(0);

        JsonNode event = new ObjectMapper().readTree(sent);
        assertEquals(event, new ObjectMapper().readTree(message));
        assertEquals(event.toString(), message);
    }

    @Test
    void onlyWhiteSpaceBetweenTokensIsRemoved() {
        String id = Events.newId();
        String minified = "{\"eventId\":\"" + id + "\",\"z\":1.0,\"a\":[1e5,-0,12345678901234567890,0.1000,1E+2,1e400],"
                + "\"s\":\" two  blanks \\n\\t\\u00e9\\/ \\\" { } , : \\\\\",\"\":\"\",\"z\":2,\"o\":{},\"l\":[],\"n\":null,"
                + "\"t\":true}";
        String sent = "\r\n {\t\"eventId\" :\r\n\"" + id
                + "\" , \"z\" : 1.0,\n \"a\": [ 1e5 ,-0, 12345678901234567890,\t0.1000, "
                + "1E+2, 1e400 ],\n\n\"s\":  \" two  blanks \\n\\t\\u00e9\\/ \\\" { } , : \\\\\" , \"\" : \"\", \"z\" : 2, "
                + "\"o\" : { }, \"l\" : [ ], \"n\" : null, \"t\" : true } \n";

        accepted(sent);

        assertEquals(List.of(minified), arrived(1, id));
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "Übergröße, naïve, Ελληνικά, Русский, עברית, العربية, हिन्दी, 日本語, 한국어",
            "🔥🚒 👩🏽‍💻 🏴󠁧󠁢󠁳󠁣󠁴󠁿 𝒳",
            "combined e\u0301, no-break\u00a0blank, next line \u0085, line \u2028 and paragraph \u2029 separator, bom \ufeff",
            "delete \u007f and replacement \ufffd" })
    void everyCharacterArrives(String text) {
        String id = Events.newId();
        String event = "{\"eventId\":\"" + id + "\",\"summary\":\"" + text + "\",\"" + text + "\":1}";

        accepted(event);

        assertEquals(List.of(event), arrived(1, id));
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheEvent() {
        String event = Events.express(Events.newId());

        accepted("\ufeff" + event);

        eventually().untilAsserted(() -> assertEquals(List.of(event), sumoLogic.messages()));
    }

    @Test
    void anEventOfExactlyOneMebibyteArrives() {
        String id = Events.newId();
        String event = Events.ofSize(id, SumoLogic.MAX_BYTES);
        assertEquals(1_048_576, event.getBytes(StandardCharsets.UTF_8).length);

        accepted(event);

        assertEquals(List.of(event), arrived(1, id));
        assertEquals(1, sumoLogic.requestsWith(id).get(0).lines().size(), "it travels alone");
    }

    @Test
    void anEventThatSumoLogicSlicesIsCountedAndLogged() {
        double before = metrics().sum("bridge_delivered_sliced_total", "lane=\"bulk\"");
        List<String> events = Stream.of(65_536, 65_537, 100_000).map(size -> Events.ofSize(Events.newId(), size))
                .toList();

        events.forEach(this::accepted);

        eventually().untilAsserted(() -> assertEquals(events, sumoLogic.messages()));
        eventually().untilAsserted(
                () -> assertEquals(2, metrics().sum("bridge_delivered_sliced_total", "lane=\"bulk\"") - before));
        assertTrue(log().contains("Sumo Logic slices an event of "));
    }

    @Test
    void eventsOfOlderAccountsWithoutEventIdArrive() {
        String alert = Events.newId();
        String accepted = "{\"id\":\"" + alert + "\",\"eventType\":\"incident-acknowledged\",\"status\":\"ACCEPTED\"}";
        String resolved = "{\"id\":\"" + alert + "\",\"eventType\":\"incident-acknowledged\",\"status\":\"RESOLVED\"}";

        accepted(accepted);
        accepted(resolved);

        assertEquals(List.of(accepted, resolved), arrived(2, alert));
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "{\"text\":\"of a template with %s\"}",
            "{\"id\":12797430,\"eventType\":null,\"priority\":null,\"alert\":\"%s\"}",
            "{\"id\":{\"a\":1},\"eventType\":[\"alert-raised\"],\"priority\":{\"HIGH\":true},\"alert\":\"%s\"}",
            "{\"alert\":{\"eventType\":\"alert-raised\",\"priority\":\"HIGH\",\"id\":\"%s\"}}" })
    void anyOtherObjectArrivesToo(String template) {
        String id = Events.newId();
        String event = template.formatted(id);

        accepted(event);

        assertEquals(List.of(event), arrived(1, id));
        SumoLogic.Request request = sumoLogic.requestsWith(id).get(0);
        assertEquals("other", request.group());
        assertEquals("bulk", request.lane());
    }

    @Test
    void theEventsOfAnAlertArriveInTheirOrderWithinLaneAndGroup() {
        String alert = Events.newId();
        List<String> lifecycle = events(alert, "alert-created", "alert-acknowledged", "alert-snoozed",
                "alert-rejected", "alert-resolved");
        List<String> collaboration = events(alert, "alert-channel-attached", "alert-comment-added",
                "alert-responder-added", "alert-comment-added", "alert-channel-detached");

        for (int i = 0; i < lifecycle.size(); i++) {
            accepted(lifecycle.get(i));
            accepted(collaboration.get(i));
        }

        List<String> arrived = arrived(lifecycle.size() + collaboration.size(), alert);
        assertEquals(lifecycle, arrived.stream().filter(lifecycle::contains).toList());
        assertEquals(collaboration, arrived.stream().filter(collaboration::contains).toList());
    }

    private static List<String> events(String alert, String... types) {
        return Stream.of(types).map(type -> "{\"id\":\"" + alert + "\",\"eventType\":\"" + type
                + "\",\"eventId\":\"" + Events.newId() + "\"}").toList();
    }
}
