package io.ilertsumo.bridge.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.EdgeAgent;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/**
 * What iLert's Edge Connector sends arrives once and in order, whatever is wrong meanwhile: it skips an event for good after
 * any 4xx but 429, which is why it must never get one.
 */
class EdgeConnectorIT {

    private static final String[] TYPES = { "alert-created", "alert-auto-escalated", "alert-comment-added" };

    final SumoLogic sumoLogic = new SumoLogic();
    private Map<String, String> settings;
    volatile Program program;
    EdgeAgent agent;

    @BeforeEach
    void startTheAgentBeforeTheBridge() {
        settings = settings(sumoLogic);
        agent = new EdgeAgent(() -> webhook(), "Authorization", basic(SumoLogicResource.PASSWORD));
    }

    /** Of a program whose lanes are empty. */
    Map<String, String> settings(SumoLogic sumoLogic) {
        return Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
    }

    @AfterEach
    void end() {
        agent.close();
        if (program != null) {
            program.close();
        }
        sumoLogic.close();
    }

    @Test
    void aBacklogArrivesThroughOutages() throws Exception {
        settings.put("BRIDGE_OUTBOX_MAX_EVENTS", "200");
        sumoLogic.answer(new Answer.Status(503));
        start();
        List<String> ids = add(3000);
        eventually().until(() -> agent.cursor() == 200 && agent.status() == 503 && agent.retried() > 3);

        sumoLogic.recover();

        awaitArrival(ids);
        assertEquals(0, program.metric("bridge_edge_connector_retries_total"), "an outage needs no repair");
    }

    @Test
    void nothingIsLostOrRepeatedByKillsOfTheBridgeAndOfTheAgent() throws Exception {
        sumoLogic.answer(new Answer.Status(503));
        start();
        List<String> ids = add(3000);
        for (int kill = 1; kill <= 2; kill++) {
            int enough = kill * 600;
            eventually().until(() -> agent.cursor() > enough);
            program.kill();
            eventually().until(() -> agent.status() == 0);
            agent.forget(50);
            start();
        }
        sumoLogic.recover();

        awaitArrival(ids);
        assertEquals(0, program.metric("bridge_events_received_total{group=\"none\""), "calls that reached no lane");
    }

    @Test
    void aWrongPasswordCostsNoEvent() throws Exception {
        agent.restartWith(basic("wrong"));
        start();
        List<String> ids = add(1500);
        eventually().until(() -> agent.retried() > 3);

        assertEquals(0, agent.cursor());
        assertEquals(503, agent.status());
        assertTrue(program.metric("bridge_edge_connector_retries_total{reason=\"unauthorized\"") > 3);
        assertEquals(0, program.metric("bridge_dead_letters_kept"), "nothing is kept of a stranger");
        String health = program.management("/q/health/ready");
        assertTrue(health.contains("The credentials are missing or wrong, ") && !health.contains("DOWN"), health);
        assertEquals(1, program.output().lines().filter(line -> line.contains("\"level\":\"WARN\"")
                && line.contains("The Edge Connector is answered 503")).count(), "once a minute");

        agent.restartWith(basic(SumoLogicResource.PASSWORD));

        awaitArrival(ids);
        assertTrue(!program.management("/q/health/ready").contains("credentials"), "it is repaired");
    }

    @Test
    void aWrongPathCostsNoEvent() throws Exception {
        start();
        agent.close();
        String right = webhook().toString();
        String[] path = { "/webhook/ilert" };
        agent = new EdgeAgent(() -> URI.create(right.replace("/webhooks/ilert", path[0])), "Authorization",
                basic(SumoLogicResource.PASSWORD));
        List<String> ids = add(300);
        eventually().until(() -> agent.retried() > 3);
        path[0] = "/webhooks/other";
        int before = agent.retried();
        eventually().until(() -> agent.retried() > before + 3);
        assertEquals(0, agent.cursor());

        path[0] = "/webhooks/ilert";

        awaitArrival(ids);
    }

    @Test
    void anEventThatIsTooLargeArrivesOnceItsLimitIsRaised() throws Exception {
        settings.put("BRIDGE_MAX_BODY_SIZE", "2KB");
        start();
        List<String> ids = new ArrayList<>(add(40));
        String large = Events.newId();
        agent.add(List.of(Events.ofSize(large, 50_000)));
        ids.add(large);
        ids.addAll(add(40));
        eventually().until(() -> agent.cursor() == 40 && agent.retried() > 3 && agent.status() == 503);
        assertTrue(program.management("/q/health/ready").contains("The body is larger than 2048 bytes"));

        program.stop();
        settings.put("BRIDGE_MAX_BODY_SIZE", "100KB");
        start();

        awaitArrival(ids);
    }

    void start() {
        program = start(settings);
    }

    Program start(Map<String, String> settings) {
        return Program.start(settings);
    }

    private URI webhook() {
        // 9 (discard) is refused as a bridge is that does not run
        return URI.create("http://localhost:" + (program == null ? 9 : program.port()) + "/webhooks/ilert");
    }

    /** Adds events of some alerts, groups and lanes, and returns their IDs. */
    List<String> add(int count) {
        List<String> ids = IntStream.range(0, count).mapToObj(i -> Events.newId()).toList();
        List<String> events = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            events.add(Events.event(ids.get(i), TYPES[i % 3], i % 2 == 0 ? "HIGH" : "LOW"));
        }
        agent.add(events);
        return ids;
    }

    /** Each once, and in order within its lane and group. */
    void awaitArrival(List<String> ids) {
        eventually().untilAsserted(() -> {
            HashSet<String> missing = new HashSet<>(ids);
            missing.removeAll(sumoLogic.eventIds());
            assertEquals(0, missing.size(), () -> missing.size() + " of " + ids.size() + " events have not arrived");
        });
        assertEquals(0, agent.skipped(), "events are lost for good");
        eventually().until(() -> agent.cursor() == ids.size());
        Map<String, Integer> positions = new HashMap<>();
        ids.forEach(id -> positions.put(id, positions.size()));
        Map<String, Integer> last = new HashMap<>();
        int arrived = 0;
        for (SumoLogic.Request request : sumoLogic.acceptedRequests()) {
            for (String line : request.lines()) {
                int position = positions.get(Events.id(line));
                Integer before = last.put(request.lane() + " " + request.group(), position);
                assertTrue(before == null || before < position, () -> position + " comes after " + before);
                arrived++;
            }
        }
        assertEquals(ids.size(), arrived);
        assertTrue(ids.size() < 10 || last.size() >= 4, () -> "lanes and groups " + last.keySet());
    }

    private static String basic(String password) {
        return "Basic "
                + Base64.getEncoder().encodeToString(("ilert:" + password).getBytes(StandardCharsets.UTF_8));
    }

    static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(60));
    }
}
