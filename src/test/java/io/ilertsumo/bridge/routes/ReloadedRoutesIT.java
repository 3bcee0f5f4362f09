package io.ilertsumo.bridge.routes;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Load;
import io.ilertsumo.bridge.testing.MountedDirectory;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Routes that are edited while the program runs, in a directory as the kubelet changes it. */
class ReloadedRoutesIT {

    private static final String CATEGORY = "${properties:bridge.category.${variable.group}:{{sumologic.category}}}";
    private static final String LANE = "parameters:\n                        lane: express";

    private final SumoLogic sumoLogic = new SumoLogic();
    private final MountedDirectory routes = MountedDirectory.routes();
    private final Map<String, String> settings = new HashMap<>(
            Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox")));

    @AfterEach
    void end() {
        sumoLogic.close();
    }

    private Program start() {
        settings.put("BRIDGE_ROUTES_DIR", routes.toString());
        settings.putIfAbsent("BRIDGE_ROUTES_RELOAD", "true");
        return Program.start(settings);
    }

    private boolean hasCategory(String category) {
        return sumoLogic.requests().stream().anyMatch(request -> category.equals(request.header("X-Sumo-Category")));
    }

    @Test
    void anEditIsLoadedWhileEventsArriveAndEachIsAcceptedAndDeliveredOnce() throws Exception {
        try (Program program = start(); Load load = new Load()) {
            load.send(program);
            await().until(() -> hasCategory("webhook/ilert"));
            String before = CATEGORY;
            for (String category : List.of("edited/first", "edited/second", "edited/third")) {

                routes.edit("deliver.camel.yaml", before, category);

                await().until(() -> hasCategory(category));
                before = category;
            }
            load.end();
            assertEquals(List.of(), List.copyOf(load.rejected()));
            await().until(() -> program.metric("bridge_pending_events") == 0);
            List<String> delivered = sumoLogic.eventIds();
            assertEquals(new HashSet<>(load.accepted()), new HashSet<>(delivered));
            assertEquals(load.accepted().size(), delivered.size(), "none twice");
            assertEquals(3, program.metric("bridge_reloads_total{files=\"routes\",result=\"loaded\""));
            assertEquals("{\"deadLetters\":[]}", program.management("/dead-letters"));
        }
    }

    @Test
    void aCallThatIsInFlightIsAnsweredByItsRouteAndAReplayWorksAfterwards() throws Exception {
        routes.edit("route.camel.yaml", "        - choice:\n            id: group-by-type", """
                        - choice:
                            when:
                              - expression:
                                  simple:
                                    expression: ${header.eventType} == 'alert-snoozed'
                                steps:
                                  - delay:
                                      expression:
                                        constant:
                                          expression: "3000"
                        - choice:
                            id: group-by-type
                """);
        sumoLogic.answerNext(1, new Answer.Status(400));
        try (Program program = start()) {
            assertEquals(202, program.send(Events.express(Events.newId())));
            await().until(() -> program.management("/dead-letters").contains("rejected"));
            routes.edit("deliver.camel.yaml", CATEGORY, "edited");
            while (program.metric("bridge_reloads_total{files=\"routes\",result=\"loaded\"") == 0) {
                assertEquals(202, program.send(Events.event(Events.newId(), "alert-snoozed", "HIGH")));
            }

            assertTrue(program.manage("POST", "/dead-letters/replay?all=true").contains("\"replayed\":1"));
            await().until(() -> program.metric("bridge_pending_events") == 0);
            assertTrue(hasCategory("edited"));
        }
    }

    @Test
    void aBrokenEditKeepsTheFormerRoutesUntilItIsRepaired() throws Exception {
        try (Program program = start()) {
            int rejected = 0;
            for (String edit : """
                    route.camel.yaml      | - choice:               | - choize:                 | Unknown node id: choize
                    lane.camel.yaml       | {{bridge.bulk.linger}}  | {{bridge.bulk.lingr}}     | bridge.bulk.lingr
                    route.camel.yaml      | uri: lane               | uri: lain                 | No endpoint could be found for: lain
                    lane.camel.yaml       | name: deliver           | name: delivr              | no route consumes from direct:delivr
                    lane.camel.yaml       | lane: bulk              | lane: express             | no route consumes from lane:bulk
                    sumologic-sink.kamelet.yaml | ref: sumoFields   | ref: sumoFeelds           | sumoFeelds
                    receive.camel.yaml    | id: receive             | id: route                 | Duplicate id detected: route
                    """
                    .split("\n")) {
                String[] part = edit.split(" *\\| ");
                rejected++;
                isRejectedAndRepaired(program, part[0], part[1].strip(), part[2].strip(), part[3], rejected);
            }
            routes.edit("deliver.camel.yaml", CATEGORY, "edited");
            await().until(() -> {
                program.send(Events.express(Events.newId()));
                return hasCategory("edited");
            });
        }
    }

    private void isRejectedAndRepaired(Program program, String file, String text, String broken, String reason,
            int rejected) throws Exception {
        String former = routes.text(file);
        routes.edit(file, text, broken);

        await(reason).until(() -> program.metric("bridge_reload_rejected{files=\"routes\"") == 1);
        String health = program.management("/q/health/ready");
        assertEquals("UP", health.replaceFirst("(?s).*\"status\": \"(\\w+)\",.*", "$1"), health);
        assertTrue(health.contains(reason), health);
        assertEquals(rejected, program.output().split("The changed routes are not used", -1).length - 1,
                program.output());
        int delivered = sumoLogic.messages().size();
        assertEquals(202, program.send(Events.express(Events.newId())));
        assertEquals(202, program.send(Events.bulk(Events.newId())));
        await(reason).until(() -> sumoLogic.messages().size() == delivered + 2);
        assertEquals(rejected, program.metric("bridge_reloads_total{files=\"routes\",result=\"rejected\""));

        routes.change(files -> files.put(file, former));

        await(reason).until(() -> program.metric("bridge_reload_rejected{files=\"routes\"") == 0);
    }

    @Test
    void aLaneIsAddedAndIsNotRemovedWhileEventsArePendingInIt() throws Exception {
        String route = """

                - route:
                    id: third
                    routeConfigurationId: caller-handles
                    from:
                      uri: lane
                      parameters:
                        lane: third
                      steps:
                        - to:
                            uri: direct
                            parameters:
                              name: deliver
                """;
        try (Program program = start()) {
            routes.change(files -> {
                files.compute("lane.camel.yaml", (name, text) -> text + route);
                files.compute("route.camel.yaml", (name, text) -> text.replace(LANE, LANE.replace("express", "third")));
            });
            await().until(() -> program.management("/q/metrics").contains("bridge_pending_events{lane=\"third\""));
            sumoLogic.refuseConnections();
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));

            routes.change(files -> {
                files.compute("lane.camel.yaml", (name, text) -> text.replace(route, ""));
                files.compute("route.camel.yaml", (name, text) -> text.replace(LANE.replace("express", "third"), LANE));
            });

            await().until(() -> program.management("/q/health/ready")
                    .contains("No route consumes from lane:third, where 1 events are pending"));
            sumoLogic.recover();
            await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
            assertEquals("third", sumoLogic.requestsWith(id).get(0).lane());
        }
    }

    @Test
    void byDefaultAnEditWaitsForARestartEvenIfASecretChanges() throws Exception {
        try (SumoLogic second = new SumoLogic()) {
            MountedDirectory secrets = new MountedDirectory("secrets", Map.of("SUMOLOGIC_URL", sumoLogic.url()));
            settings.put("BRIDGE_SECRETS_DIR", secrets.toString());
            settings.put("BRIDGE_ROUTES_RELOAD", "false");
            try (Program program = start()) {
                routes.edit("deliver.camel.yaml", CATEGORY, "edited");
                secrets.change(files -> files.put("SUMOLOGIC_URL", second.url()));

                await().until(() -> {
                    program.send(Events.express(Events.newId()));
                    return !second.requests().isEmpty();
                });
                assertEquals("webhook/ilert", second.requests().get(0).header("X-Sumo-Category"));
                assertFalse(hasCategory("edited"));
            }
            try (Program program = Program.start(settings)) {
                String id = Events.newId();
                assertEquals(202, program.send(Events.express(id)));
                await().until(() -> !second.messagesWith(id).isEmpty());
                assertEquals("edited", second.requestsWith(id).get(0).header("X-Sumo-Category"));
            }
        }
    }
}
