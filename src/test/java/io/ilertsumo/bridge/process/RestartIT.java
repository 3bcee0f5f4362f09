package io.ilertsumo.bridge.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Load;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.RawHttp;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Each accepted event is delivered, also after a kill or a stop of the process. */
class RestartIT {

    private final SumoLogic sumoLogic = new SumoLogic();
    private Map<String, String> settings;
    private Load load;

    @BeforeEach
    void beginWithEmptyLanes() {
        settings = settings(sumoLogic);
        load = new Load();
    }

    /** Of a program whose lanes are empty. */
    Map<String, String> settings(SumoLogic sumoLogic) {
        return Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
    }

    /** Returns a program that accepts events. */
    Program start(Map<String, String> settings) {
        return Program.start(settings);
    }

    /** The time limit for a program to deliver the pending events of another one. */
    Duration patience() {
        return Duration.ofSeconds(30);
    }

    @AfterEach
    void end() {
        load.close();
        sumoLogic.close();
    }

    @Test
    void everyAcceptedEventArrivesThoughTheProgramIsKilledUnderLoad() throws Exception {
        int killed = 0;
        int mayComeTwice = 0;
        // once while all is well, once with a backlog
        for (Answer answer : List.of(new Answer.Status(200), new Answer.Status(503))) {
            try (Program program = start(settings)) {
                sumoLogic.answer(answer);
                int before = load.accepted().size();
                load.send(program);
                eventually().until(() -> load.accepted().size() > before + 300);
                program.kill();
                load.awaitSilence();
                mayComeTwice += lastTaken("express") + lastTaken("bulk");
                killed++;
            }
        }
        sumoLogic.recover();
        List<String> accepted = List.copyOf(load.accepted());

        try (Program program = start(settings)) {
            awaitArrivalOf(accepted);
            assertDuplicatesAreDetected(program, accepted);
            assertEquals(0, program.output().lines().filter(line -> line.contains("\"level\":\"ERROR\"")).count());
            program.stop();
        }

        assertEquals(2, killed);
        // at each kill one batch a lane may be delivered and not yet removed from the store
        int surplus = sumoLogic.eventIds().size() - new HashSet<>(sumoLogic.eventIds()).size();
        assertTrue(surplus <= mayComeTwice, surplus + " events came twice, " + mayComeTwice + " may have");
        assertTrue(sumoLogic.eventIds().stream().allMatch(load.sent()::contains),
                "nothing arrived that was never sent");
    }

    @Test
    void aStopUnderLoadIsCleanAndQuickAndLosesNothing() throws Exception {
        try (Program program = start(settings)) {
            load.send(program);
            eventually().until(() -> load.accepted().size() > 300);
            Duration taken = program.stop();
            load.awaitSilence();

            assertTrue(taken.compareTo(Duration.ofSeconds(15)) < 0, () -> "a stop took " + taken);
            assertTrue(program.output().contains("stopped in"), "it ended in good order");
            assertFalse(program.output().contains("\"level\":\"ERROR\""), program.output());
        }

        try (Program program = start(settings)) {
            awaitArrivalOf(load.accepted());
            program.stop();
        }
        assertEquals(new HashSet<>(sumoLogic.eventIds()).size(), sumoLogic.eventIds().size(), "nothing came twice");
    }

    @Test
    void aStopDuringAnOutageIsQuickAndLosesNothing() throws Exception {
        List<String> ids = Stream.generate(Events::newId).limit(20).toList();
        sumoLogic.answer(new Answer.Hang());
        try (Program program = start(settings)) {
            for (String id : ids) {
                assertEquals(202, program.send(Events.express(id)));
                assertEquals(202, program.send(Events.bulk(id + "-bulk")));
            }
            eventually().until(() -> sumoLogic.requests().size() >= 2);
            Duration taken = program.stop();

            assertTrue(taken.compareTo(Duration.ofSeconds(15)) < 0, () -> "a stop took " + taken);
        }
        sumoLogic.recover();

        try (Program program = start(settings)) {
            awaitArrivalOf(ids);
            awaitArrivalOf(ids.stream().map(id -> id + "-bulk").toList());
            program.stop();
        }
    }

    @Test
    void aStopCanBeAnnouncedByReadinessWhileEventsAreStillAccepted() throws Exception {
        String id = Events.newId();
        sumoLogic.answer(new Answer.Status(503));
        settings.put("QUARKUS_SHUTDOWN_DELAY", "5s");
        try (Program program = start(settings)) {
            assertFalse(program.management("/q/health/ready").contains("DOWN"));

            program.askToStop();

            eventually().until(() -> program.management("/q/health/ready").contains("DOWN"));
            assertFalse(program.management("/q/health/live").contains("DOWN"), "it is not to be killed");
            assertEquals(202, program.send(Events.express(id)));
            program.awaitEnd();
            assertTrue(program.output().contains("stopped in"), "it ended in good order");
        }
        sumoLogic.recover();

        try (Program program = start(settings)) {
            awaitArrivalOf(List.of(id));
            program.stop();
        }
    }

    @Test
    void aCallInFlightAtAStopIsAnsweredAndItsEventArrivesAfterTheNextStart() throws Exception {
        String id = Events.newId();
        String late = Events.newId();
        sumoLogic.answer(new Answer.Status(503));
        try (Program program = start(settings); RawHttp.Connection call = program.connect()) {
            beginCall(call, Events.express(id));

            program.askToStop();

            eventually().until(() -> program.output().contains("Waiting for HTTP requests to complete"));
            assertEquals(503, program.send(Events.express(late)), "no new ones are accepted");
            call.write(Events.express(id).getBytes(StandardCharsets.US_ASCII));
            String answer = call.answer();
            assertTrue(answer.startsWith("HTTP/1.1 202 "), answer);
            program.awaitEnd();
            assertTrue(program.output().contains("stopped in"), "it ended in good order");
        }
        sumoLogic.recover();

        try (Program program = start(settings)) {
            awaitArrivalOf(List.of(id));
            assertEquals(202, program.send(Events.express(late)), "it was not accepted before");
        }
    }

    @Test
    void aStopDoesNotWaitForeverForACallThatDoesNotEnd() throws Exception {
        settings.put("QUARKUS_SHUTDOWN_TIMEOUT", "1s");
        try (Program program = start(settings); RawHttp.Connection call = program.connect()) {
            beginCall(call, Events.express(Events.newId()));

            Duration taken = program.stop();

            assertTrue(taken.compareTo(Duration.ofSeconds(15)) < 0, () -> "a stop took " + taken);
            assertTrue(program.output().contains("stopped in"), "it ended in good order");
        }
    }

    @Test
    void aSecondProgramDoesNotOpenTheOutboxOfTheFirst() throws Exception {
        try (Program first = start(settings); Program second = Program.launch(settings)) {
            assertTrue(second.awaitEnd() != 0);
            assertTrue(second.output().contains("is in use by another process"), second.output());

            String id = Events.newId();
            assertEquals(202, first.send(Events.express(id)));
            awaitArrivalOf(List.of(id));
            first.stop();
        }
    }

    /** Also those that were accepted before the restart. */
    void assertDuplicatesAreDetected(Program program, List<String> accepted) throws Exception {
        assertEquals(200, program.send(Events.express(accepted.get(0))));
        assertEquals(200, program.send(Events.express(accepted.get(accepted.size() - 1))));
    }

    /** Begins a call and waits until the program waits for its body. */
    private static void beginCall(RawHttp.Connection call, String event) throws IOException {
        call.write(RawHttp.keptHead("POST", "Content-Length: " + event.length(), "Expect: 100-continue"));
        String goOn = call.answer();
        assertTrue(goOn.startsWith("HTTP/1.1 100 "), goOn);
    }

    private void awaitArrivalOf(Collection<String> ids) {
        eventually().untilAsserted(() -> {
            Set<String> missing = new HashSet<>(ids);
            missing.removeAll(sumoLogic.eventIds());
            assertEquals(0, missing.size(), () -> missing.size() + " of " + ids.size() + " events have not arrived");
        });
    }

    private int lastTaken(String lane) {
        return sumoLogic.acceptedRequests().stream().filter(request -> lane.equals(request.lane()))
                .reduce((one, other) -> other).map(request -> request.lines().size()).orElse(0);
    }

    private ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(patience());
    }
}
