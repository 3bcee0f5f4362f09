package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;

/** Events are delivered in batches, and express events do not linger. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class BatchesTest extends RunningBridge {

    private static final int MAX_BATCH_BYTES = 1_000_000;

    @Test
    void manyEventsTravelInFewRequestsOverFewConnections() {
        sumoLogic.answer(new Answer.Status(503));
        List<String> ids = IntStream.range(0, 200).parallel().mapToObj(i -> {
            String id = Events.newId();
            accepted(Events.bulk(id));
            return id;
        }).toList();

        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(200, sumoLogic.messages().size()));
        assertEquals(new HashSet<>(ids),
                new HashSet<>(sumoLogic.messages().stream().map(Events::id).toList()));
        // a single event to see whether all is well again, and twice as many each time
        assertTrue(sumoLogic.acceptedRequests().size() <= 8, () -> sumoLogic.acceptedRequests().size() + " requests");
        assertTrue(sumoLogic.requests().stream().map(SumoLogic.Request::connection).distinct().count() <= 4);
    }

    @Test
    void connectionsAreKept() {
        for (int i = 0; i < 10; i++) {
            String id = Events.newId();
            accepted(Events.express(id));
            arrived(1, id);
        }

        assertEquals(10, sumoLogic.requests().size());
        assertTrue(sumoLogic.requests().stream().map(SumoLogic.Request::connection).distinct().count() <= 4);
    }

    @Test
    void aRequestHoldsAMillionBytesAtMost() {
        List<String> events = IntStream.range(0, 10).mapToObj(i -> Events.ofSize(Events.newId(), 300_000)).toList();
        sumoLogic.answer(new Answer.Status(503));
        events.forEach(this::accepted);

        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(events.size(), sumoLogic.messages().size()));
        assertEquals(events, sumoLogic.messages(), "whole and in their order");
        List<Integer> sizes = sumoLogic.acceptedRequests().stream().map(request -> request.body().length).toList();
        assertTrue(sizes.stream().allMatch(size -> size <= MAX_BATCH_BYTES), sizes.toString());
        assertTrue(sizes.contains(3 * 300_000 + 2), () -> "three fit, with two line breaks: " + sizes);
        assertTrue(sizes.size() <= 5, sizes.toString());
    }

    @Test
    void aRequestIsSmallerForItsCompression() {
        String id = Events.newId();
        accepted(Events.ofSize(id, 100_000));

        SumoLogic.Request request = arrivedIn(id);

        assertEquals("gzip", request.header("Content-Encoding"));
        assertTrue(request.sent().length < 10_000, () -> request.sent().length + " bytes");
    }

    @Test
    void aRequestHoldsEventsOfOneLaneAndOneGroup() {
        sumoLogic.answer(new Answer.Status(503));
        Map<String, String> placeOf = new HashMap<>();
        for (int i = 0; i < 10; i++) {
            placeOf.put(sent("alert-created", "HIGH"), "lifecycle express");
            placeOf.put(sent("alert-created", "LOW"), "lifecycle bulk");
            placeOf.put(sent("alert-raised", "LOW"), "escalation express");
            placeOf.put(sent("alert-comment-added", "HIGH"), "collaboration express");
            placeOf.put(sent("alert-comment-added", "LOW"), "collaboration bulk");
            placeOf.put(sent("something-new", "HIGH"), "other express");
            placeOf.put(sent("something-new", null), "other bulk");
        }

        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(placeOf.size(), sumoLogic.messages().size()));
        for (SumoLogic.Request request : sumoLogic.acceptedRequests()) {
            for (String line : request.lines()) {
                assertEquals(placeOf.get(Events.id(line)), request.group() + " " + request.lane());
            }
        }
        // seven places, each with what was tried in vain and with the rest
        assertTrue(sumoLogic.acceptedRequests().size() <= 14, () -> sumoLogic.acceptedRequests().size() + " requests");
    }

    @Test
    void expressEventsArriveWhileBulkFails() {
        sumoLogic.answerWhere(request -> "bulk".equals(request.lane()), new Answer.Status(503));
        String bulk = Events.newId();
        accepted(Events.bulk(bulk));
        eventually().until(() -> sumoLogic.requestsWith(bulk).size() > 1);
        List<String> express = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            express.add(Events.newId());
            accepted(Events.express(express.get(i)));
        }

        express.forEach(id -> arrived(1, id));

        assertEquals(List.of(), sumoLogic.messagesWith(bulk));
        sumoLogic.recover();
        arrived(1, bulk);
    }

    @Test
    void bulkEventsArriveWhileExpressFails() {
        sumoLogic.answerWhere(request -> "express".equals(request.lane()), new Answer.Hang());
        String express = Events.newId();
        accepted(Events.express(express));
        eventually().until(() -> !sumoLogic.requestsWith(express).isEmpty());
        String bulk = Events.newId();
        accepted(Events.bulk(bulk));

        arrived(1, bulk);

        assertEquals(List.of(), sumoLogic.messagesWith(express));
        sumoLogic.recover();
        arrived(1, express);
    }

    @Test
    void aLineIsAnEventAndNothingElse() {
        sumoLogic.answer(new Answer.Status(503));
        List<String> events = IntStream.range(0, 5).mapToObj(i -> Events.bulk(Events.newId())).toList();
        events.forEach(event -> accepted(Events.pretty(event)));

        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(events, sumoLogic.messages()));
        for (SumoLogic.Request request : sumoLogic.acceptedRequests()) {
            assertFalse(request.lines().contains(""), "an empty line is a message, too");
        }
    }

    private String sent(String type, String priority) {
        String id = Events.newId();
        accepted(Events.event(id, type, priority));
        return id;
    }
}
