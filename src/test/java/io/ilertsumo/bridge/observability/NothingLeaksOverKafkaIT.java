package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(Programs.TalkativeOverKafka.class)
class NothingLeaksOverKafkaIT extends NothingLeaksTest {

    @Test
    void reportsSayThatTheLanesAreThoseOfAllBridges() {
        eventually().untilAsserted(() -> {
            List<String> reports = sumoLogic.messagesWith("\"report\":");
            assertFalse(reports.isEmpty());
            reports.forEach(line -> assertTrue(line.contains("\"store\":\"kafka\""), line));
        });
    }

    @Test
    void recordsHaveNothingOfACallButItsEvent() {
        String marker = "marker-in-a-header";
        for (String body : List.of(eventWithMarkers("alert-raised", "HIGH"),
                eventWithMarkers("alert-comment-added", "LOW"), "no event")) {
            webhook().header("X-Webhook-Secret", marker).header("Cookie", marker).header("CamelKafkaKey", marker)
                    .header("kafka.HEADERS", marker).header("kafka.TOPIC", marker).header("group", marker)
                    .header("accepted", marker).header("deadLetter", marker).queryParam("q", marker)
                    .body(body.getBytes(StandardCharsets.UTF_8)).post("/webhooks/ilert");
        }
        eventually().untilAsserted(() -> assertEquals(0, pending()));
        // these stay in their topics until they are discarded
        sumoLogic.answer(new Answer.Status(503));
        send(eventWithMarkers("alert-raised", "HIGH")).then().statusCode(202);
        send(eventWithMarkers("alert-comment-added", "LOW")).then().statusCode(202);

        Map<String, List<ConsumerRecord<String, String>>> topics = kafka.records();
        sumoLogic.recover();

        Map<String, Set<String>> names = new TreeMap<>();
        topics.forEach((topic, records) -> {
            assertFalse(records.isEmpty(), topic);
            for (ConsumerRecord<String, String> record : records) {
                for (Header header : record.headers()) {
                    names.computeIfAbsent(topic, key -> new TreeSet<>()).add(header.key());
                    String value = new String(header.value(), StandardCharsets.UTF_8);
                    SECRETS.forEach((what, secret) -> assertFalse(value.contains(secret),
                            () -> what + " is in the header " + header.key() + " of the topic " + topic));
                    assertFalse(value.contains(marker), () -> header.key() + " of the topic " + topic);
                }
                assertFalse(String.valueOf(record.key()).contains(marker), topic);
                assertFalse(String.valueOf(record.value()).contains(marker), topic);
            }
        });
        Set<String> ofEvents = Set.of("eventId", "eventKey", "group");
        assertEquals(ofEvents, names.get("express"));
        assertEquals(ofEvents, names.get("bulk"));
        assertTrue(Set.of("attempts", "detail", "encoding", "eventId", "first", "id", "reason")
                .containsAll(names.get("dead-letters")), names.toString());
    }
}
