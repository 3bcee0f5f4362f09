package io.ilertsumo.bridge.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** The choices of BRIDGE_OVERSIZED; DeliveryTest has the default. */
class OversizedIT {

    private final SumoLogic sumoLogic = new SumoLogic();
    private final Map<String, String> settings = settings(sumoLogic);
    private final ObjectMapper json = new ObjectMapper();

    /** Of a program whose lanes are empty. */
    Map<String, String> settings(SumoLogic sumoLogic) {
        return Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
    }

    Program start(Map<String, String> settings) {
        return Program.start(settings);
    }

    @AfterEach
    void end() {
        sumoLogic.close();
    }

    @Test
    void anOversizedEventIsADeadLetterUntilAReplayWithAnotherSettingDeliversIt() throws Exception {
        String id = Events.newId();
        String event = Events.ofSize(id, 65_537);
        String other = Events.ofSize(Events.newId(), 65_536);
        settings.put("BRIDGE_OVERSIZED", "dead-letter");
        try (Program program = start(settings)) {
            assertEquals(202, program.send(event));
            assertEquals(202, program.send(event));
            assertEquals(202, program.send(other));

            JsonNode letter = letter(program);
            assertEquals(id, letter.path("eventId").asText());
            assertEquals("The event has 65537 bytes, and Sumo Logic slices lines over 65536 bytes",
                    letter.path("detail").asText());
            assertEquals(2,
                    program.metric("bridge_events_received_total{group=\"other\",lane=\"none\",result=\"oversized\""));

            assertEquals(1, count(program.manage("POST", "/dead-letters/replay?reason=oversized"), "kept"));
            JsonNode kept = letter(program);
            assertEquals(3, kept.path("attempts").asInt());
            assertTrue(program.manage("POST", "/dead-letters/" + kept.path("id") + "/replay")
                    .contains("The routes keep the event again"));
            letter(program);
            await().until(() -> sumoLogic.messages().equals(List.of(other)));
            program.stop();
        }
        settings.remove("BRIDGE_OVERSIZED");
        try (Program program = start(settings)) {
            assertEquals(1, count(program.manage("POST", "/dead-letters/replay?reason=oversized"), "replayed"));

            await().until(() -> sumoLogic.messages().equals(List.of(other, event)));
            assertEquals("{\"deadLetters\":[]}", program.management("/dead-letters"));
            await().until(() -> program.metric("bridge_delivered_sliced_total") == 1);
        }
    }

    private JsonNode letter(Program program) throws Exception {
        JsonNode letters = json.readTree(program.management("/dead-letters?reason=oversized")).path("deadLetters");
        assertEquals(1, letters.size(), letters::toString);
        return letters.get(0);
    }

    private int count(String answer, String result) throws Exception {
        return json.readTree(answer).path(result).asInt();
    }

    @Test
    void detailsAreCutSoThatTheEventFits() throws Exception {
        settings.put("BRIDGE_OVERSIZED", "Shorten");
        try (Program program = start(settings)) {
            ObjectNode event = (ObjectNode) json.readTree(Events.express(Events.newId()));
            event.put("details", "line\n\"🔥\" ".repeat(10_000));
            String hopeless = Events.express(Events.newId()).replace("Something", "x".repeat(70_000));
            assertEquals(202, program.send(event.toPrettyString()));
            assertEquals(202, program.send(hopeless));

            await().until(() -> sumoLogic.messages().size() == 2);
            String shorter = sumoLogic.messages().get(0);
            JsonNode arrived = json.readTree(shorter);
            assertTrue(shorter.getBytes(UTF_8).length <= 65_536);
            assertTrue(arrived.path("details").asText().endsWith("… (shortened)"));
            assertEquals(event.put("details", arrived.path("details").asText()), arrived);
            assertEquals(hopeless, sumoLogic.messages().get(1));
            assertEquals(1, program.metric("bridge_events_shortened_total"));
            await().until(() -> program.metric("bridge_delivered_sliced_total") == 1);
            assertEquals("{\"deadLetters\":[]}", program.management("/dead-letters"));
        }
    }
}
