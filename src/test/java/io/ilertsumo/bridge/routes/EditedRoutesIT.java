package io.ilertsumo.bridge.routes;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.EditedRoutes;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** The edits of {@code docs/routes.md}, applied as they stand there. */
class EditedRoutesIT {

    private static final Path EDITS = Path.of("docs", "edits");

    private final SumoLogic sumoLogic = new SumoLogic();
    private final Map<String, String> settings = Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
    private final EditedRoutes routes = new EditedRoutes();

    @AfterEach
    void end() {
        sumoLogic.close();
    }

    private Program start() {
        settings.put("BRIDGE_ROUTES_DIR", routes.folder());
        return Program.start(settings);
    }

    @Test
    void escalationsGoToAnotherSourceCategory() throws Exception {
        routes.apply(EDITS.resolve("escalations-elsewhere.patch"));
        try (Program program = start()) {
            String escalation = Events.newId();
            String other = Events.newId();
            assertEquals(202, program.send(Events.event(escalation, "alert-auto-escalated", "LOW")));
            assertEquals(202, program.send(Events.event(other, "alert-created", "HIGH")));

            await().until(() -> sumoLogic.messages().size() == 2);
            assertEquals("webhook/ilert/escalations",
                    sumoLogic.requestsWith(escalation).get(0).header("X-Sumo-Category"));
            assertEquals("webhook/ilert", sumoLogic.requestsWith(other).get(0).header("X-Sumo-Category"));
        }
    }

    @Test
    void channelEventsAreDroppedAndAllElseIsDelivered() throws Exception {
        routes.apply(EDITS.resolve("without-channel-events.patch"));
        try (Program program = start()) {
            String comment = Events.newId();
            assertEquals(200, program.send(Events.event(Events.newId(), "alert-channel-attached", "HIGH")));
            assertEquals(200, program.send(Events.event(Events.newId(), "alert-channel-detached", "LOW")));
            assertEquals(202, program.send(Events.event(comment, "alert-comment-added", "LOW")));

            await().until(() -> !sumoLogic.messagesWith(comment).isEmpty());
            assertEquals(1, sumoLogic.messages().size());
            assertTrue(program.management("/q/metrics").lines()
                    .anyMatch(line -> line.startsWith("bridge_events_received_total{")
                            && line.contains("result=\"dropped\"") && line.endsWith(" 2.0")));
        }
    }

    @Test
    void highAlertsGoToASecondDestinationToo() throws Exception {
        try (SumoLogic second = new SumoLogic(); Program program = startWithSecond(second)) {
            String high = Events.newId();
            String low = Events.newId();
            assertEquals(202, program.send(Events.event(low, "alert-auto-escalated", "LOW")));
            assertEquals(202, program.send(Events.event(high, "alert-created", "HIGH")));
            assertEquals(200, program.send(Events.event(high, "alert-created", "HIGH")), "a duplicate");

            await().until(() -> sumoLogic.messages().size() == 2 && second.messages().size() == 1);
            assertEquals(sumoLogic.messagesWith(high), second.messagesWith(high));
            assertEquals("second", second.requestsWith(high).get(0).lane());
        }
    }

    @Test
    void theSecondDestinationFailsAloneAndGetsWhatItMissed() throws Exception {
        try (SumoLogic second = new SumoLogic(); Program program = startWithSecond(second)) {
            second.refuseConnections();
            List<String> events = Stream.generate(Events::newId).limit(20).toList();
            for (String event : events) {
                assertEquals(202, program.send(Events.event(event, "alert-created", "HIGH")));
            }
            await().until(() -> sumoLogic.messages().size() == events.size());
            assertEquals(List.of(), second.messages());

            program.kill();
            try (Program again = Program.start(settings)) {
                second.recover();
                await().until(() -> events.stream().noneMatch(event -> second.messagesWith(event).isEmpty()));
                again.stop();
            }
        }
    }

    @Test
    void theFirstDestinationFailsAlone() throws Exception {
        try (SumoLogic second = new SumoLogic(); Program program = startWithSecond(second)) {
            sumoLogic.refuseConnections();
            String high = Events.newId();
            assertEquals(202, program.send(Events.event(high, "alert-created", "HIGH")));

            await().until(() -> !second.messagesWith(high).isEmpty());
            sumoLogic.recover();
            await().until(() -> !sumoLogic.messagesWith(high).isEmpty());
        }
    }

    @Test
    void eventsOfAnAlertSourceGoToASourceCategoryOfTheirOwn() throws Exception {
        routes.apply(EDITS.resolve("category-by-alert-source.patch"));
        settings.put("BRIDGE_CATEGORY_PAYMENTS", "webhook/ilert/payments");
        try (Program program = start()) {
            String payment = Events.newId();
            String other = Events.newId();
            String nameless = Events.newId();
            assertEquals(202, program.send(from("Payments", payment)));
            assertEquals(202, program.send(from("Shop", other)));
            assertEquals(202, program.send(Events.express(nameless)));

            await().until(() -> sumoLogic.messages().size() == 3);
            assertEquals("webhook/ilert/payments", sumoLogic.requestsWith(payment).get(0).header("X-Sumo-Category"));
            assertEquals("group=payments, lane=express",
                    sumoLogic.requestsWith(payment).get(0).header("X-Sumo-Fields"));
            assertEquals("webhook/ilert", sumoLogic.requestsWith(other).get(0).header("X-Sumo-Category"));
            assertEquals("webhook/ilert", sumoLogic.requestsWith(nameless).get(0).header("X-Sumo-Category"));
        }
    }

    @Test
    void aFieldOfAnEditedRouteHasNeitherCommasNorLineBreaks() throws Exception {
        routes.replace("deliver.camel.yaml", "              - name: X-Sumo-Client\n", """
                              - name: X-Sumo-Field-source
                                expression:
                                  jsonpath:
                                    expression: $.alertSource.name
                              - name: X-Sumo-Client
                """);
        try (Program program = start()) {
            String id = Events.newId();
            String event = Events.express(id).replace("}", ",\"alertSource\":{\"name\":"
                    + "\"Payments, EU = \\\"a\\\"\\r\\nlane=none, X-Sumo-Category: b\"}}");
            assertEquals(202, program.send(event));

            await().until(() -> sumoLogic.messages().equals(List.of(event)));
            assertEquals("group=lifecycle, lane=express, source=Payments_ EU _ \"a\"_lane_none_ X-Sumo-Category: b",
                    sumoLogic.requestsWith(id).get(0).header("X-Sumo-Fields"));
            assertEquals("webhook/ilert", sumoLogic.requestsWith(id).get(0).header("X-Sumo-Category"));
        }
    }

    private static String from(String alertSource, String eventId) {
        return Events.express(eventId).replaceFirst("}$", ",\"alertSource\":{\"id\":7,\"name\":\"" + alertSource
                + "\"}}");
    }

    @ParameterizedTest
    @ValueSource(strings = { "escalations-elsewhere", "without-channel-events", "second-destination",
            "category-by-alert-source" })
    void aDeadLetterIsReplayedThroughTheEditedRoutesAndArrivesEverywhere(String edit) throws Exception {
        try (SumoLogic second = new SumoLogic(); Program program = startWith(edit, second)) {
            String id = Events.newId();
            String event = from("Payments", id);
            sumoLogic.answerNext(1, new Answer.Status(400));
            assertEquals(202, program.send(event));
            await().until(() -> program.management("/dead-letters").contains(id));

            String replayed = program.manage("POST", "/dead-letters/replay?all=true");

            assertTrue(replayed.contains("\"replayed\":1"), replayed);
            await().until(() -> sumoLogic.messagesWith(id).contains(event));
            int copies = edit.equals("second-destination") ? 2 : 0;
            await().until(() -> second.messagesWith(id).size() == copies);
            assertEquals("{\"deadLetters\":[]}", program.management("/dead-letters"));
        }
    }

    @Test
    void anEventWhoseRouteFailsIsKeptAndAReplayAfterTheRepairDeliversIt() throws Exception {
        List<String> ids = Stream.generate(Events::newId).limit(3).toList();
        routes.replace("route.camel.yaml", "${header.group} == 'escalation' ||",
                "${header.eventType.broken} == 'x' ||");
        try (Program program = start()) {
            for (String id : ids) {
                assertEquals(202, program.send(Events.express(id)));
            }
            String letters = program.management("/dead-letters?reason=route-failed");
            ids.forEach(id -> assertTrue(letters.contains(id), letters));
            assertTrue(program.management("/q/metrics").lines()
                    .anyMatch(line -> line.startsWith("bridge_events_received_total{")
                            && line.contains("result=\"route-failed\"") && line.endsWith(" 3.0")));
            assertTrue(program.manage("POST", "/dead-letters/replay?all=true").contains("\"failed\":"));
            assertEquals(List.of(), sumoLogic.messages());
            program.kill();
        }
        settings.remove("BRIDGE_ROUTES_DIR");
        try (Program program = Program.start(settings)) {
            String replayed = program.manage("POST", "/dead-letters/replay?reason=route-failed");

            assertTrue(replayed.contains("\"replayed\":3"), replayed);
            await().until(() -> ids.stream().allMatch(id -> sumoLogic.messagesWith(id).size() == 1));
            assertEquals("{\"deadLetters\":[]}", program.management("/dead-letters"));
        }
    }

    @Test
    void aStepThatBlocksBehindTheLaneDelaysNoDelivery() throws Exception {
        int threads = 2;
        settings.put("BRIDGE_RECEIVE_THREADS", String.valueOf(threads));
        String bulk = "                      lane: bulk\n";
        routes.replace("route.camel.yaml", bulk, bulk + """
                                - delay:
                                    expression:
                                      constant:
                                        expression: "3600000"
                                    asyncDelayed: false
                """);
        sumoLogic.answer(new Answer.Status(503));
        try (Program program = start()) {
            String rejected = Events.newId();
            String next = Events.newId();
            assertEquals(202, program.send(Events.express(rejected)));
            assertEquals(202, program.send(Events.express(next)));
            for (int i = 0; i < threads; i++) {
                program.sendLater(Events.bulk(Events.newId()));
            }
            await().until(() -> program.metric("bridge_pending_events") == 2 + threads);

            sumoLogic.answerWhere(request -> request.lines().toString().contains(rejected),
                    new Answer.Status(400));

            await().until(() -> program.management("/dead-letters?reason=rejected").contains(rejected));
            await().until(() -> sumoLogic.messages().size() == 1 + threads);
            assertEquals(1, sumoLogic.messagesWith(next).size());
            assertEquals(0, program.metric("bridge_pending_events"));
        }
    }

    @Test
    void anEventThatAnEditedRouteForgetsToStoreIsKept() throws Exception {
        routes.replace("route.camel.yaml", "- to:\n                      description: Store in express\n"
                + "                      uri: lane\n                      parameters:\n"
                + "                        lane: express\n",
                "- removeHeader:\n                      name: x\n");
        try (Program program = start()) {
            String id = Events.newId();

            assertEquals(202, program.send(Events.express(id)));

            assertTrue(program.management("/dead-letters?reason=route-failed").contains(id));
        }
    }

    private Program startWith(String edit, SumoLogic second) throws Exception {
        if (edit.equals("second-destination")) {
            return startWithSecond(second);
        }
        routes.apply(EDITS.resolve(edit + ".patch"));
        return start();
    }

    /** The URL is a secret, so it comes as a file. */
    private Program startWithSecond(SumoLogic second) throws Exception {
        routes.apply(EDITS.resolve("second-destination.patch"));
        Path secrets = SumoLogicResource.newDirectory("secrets");
        Files.writeString(secrets.resolve("camel.kamelet.sumologic-sink.second-sumologic.url"), second.url() + "\n");
        settings.put("BRIDGE_SECRETS_DIR", secrets.toString());
        return start();
    }
}
