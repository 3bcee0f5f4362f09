package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;

/** Whatever Sumo Logic does, no event is lost. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class FailureTest extends RunningBridge {

    private static final String FAILURES = "bridge_delivery_failures_total";

    static Stream<Arguments> troubles() {
        return Stream.concat(
                IntStream.of(302, 401, 403, 404, 408, 429, 500, 502, 503, 504).mapToObj(status -> trouble(
                        "answered " + status, sumo -> sumo.answer(new Answer.Status(status)))),
                Stream.of(
                        trouble("not answered", sumo -> sumo.answer(new Answer.Hang())),
                        trouble("hung up on", sumo -> sumo.answer(new Answer.Close())),
                        trouble("reset", sumo -> sumo.answer(new Answer.Reset())),
                        trouble("answered by half", sumo -> sumo.answer(new Answer.Truncated())),
                        trouble("refused", SumoLogic::refuseConnections)));
    }

    private static Arguments trouble(String name, Consumer<SumoLogic> begin) {
        return argumentSet(name, begin);
    }

    @ParameterizedTest
    @MethodSource("troubles")
    void nothingIsLostAndAllArrivesInOrderOnceSumoLogicIsBack(Consumer<SumoLogic> trouble) {
        double failuresBefore = metrics().sum(FAILURES, "lane=\"express\"");
        trouble.accept(sumoLogic);
        List<String> ids = Stream.generate(Events::newId).limit(5).toList();
        List<String> events = ids.stream().map(Events::express).toList();
        events.forEach(this::accepted);

        // tried again and again, counted, and ready for more all the while
        eventually().untilAsserted(() -> assertTrue(metrics().sum(FAILURES, "lane=\"express\"") >= failuresBefore + 2));
        assertEquals(200, management("/q/health/ready").statusCode());
        assertEquals(5, metrics().sum("bridge_outbox_events", "lane=\"express\""));
        assertEquals(List.of(), sumoLogic.messages());

        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(5, sumoLogic.messages().size()));
        assertEquals(events, sumoLogic.messages());
        eventually().untilAsserted(() -> assertEquals(0, metrics().sum("bridge_outbox_events")));
    }

    @Test
    void bothLanesRecoverFromTheSameOutage() {
        sumoLogic.answer(new Answer.Status(503));
        List<String> events = Stream.generate(Events::newId).limit(20).flatMap(
                id -> Stream.of(Events.express(id), Events.bulk(Events.newId()))).toList();
        events.forEach(this::accepted);

        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(events.size(), sumoLogic.messages().size()));
        assertEquals(events.stream().sorted().toList(), sumoLogic.messages().stream().sorted().toList());
    }

    @Test
    void aBatchThatFailedIsSentAgainUnchanged() {
        sumoLogic.answerNext(4, new Answer.Status(503));
        String id = Events.newId();
        accepted(Events.express(id));

        arrived(1, id);

        List<SumoLogic.Request> tries = sumoLogic.requestsWith(id);
        assertEquals(List.of(503, 503, 503, 503, 200), tries.stream().map(SumoLogic.Request::status).toList());
        for (SumoLogic.Request request : tries) {
            assertEquals(List.of(Events.express(id)), request.lines());
            assertEquals("group=lifecycle, lane=express", request.header("X-Sumo-Fields"));
            assertEquals("webhook/ilert", request.header("X-Sumo-Category"));
            assertEquals("gzip", request.header("Content-Encoding"));
        }
    }

    @Test
    void triesComeAtGrowingDistances() {
        sumoLogic.answer(new Answer.Status(503));
        String id = Events.newId();
        accepted(Events.express(id));
        eventually().until(() -> sumoLogic.requestsWith(id).size() >= 6);
        List<Long> at = sumoLogic.requestsWith(id).stream().map(SumoLogic.Request::at).toList();

        // 50 ms at first, then twice the one before and 200 ms at most, each by chance up to a fifth shorter or longer
        assertTrue(millis(at.get(0), at.get(1)) >= 39, "the first");
        assertTrue(millis(at.get(1), at.get(2)) >= 63, "the second");
        assertTrue(millis(at.get(2), at.get(3)) >= 101, "the third");
        assertTrue(millis(at.get(4), at.get(5)) >= 199, "the fifth");
        sumoLogic.recover();
        arrived(1, id);
    }

    @Test
    void eventsAreAcceptedDuringAnOutage() {
        sumoLogic.refuseConnections();
        List<String> ids = Stream.generate(Events::newId).limit(100).toList();

        ids.parallelStream().forEach(id -> accepted(Events.bulk(id)));

        sumoLogic.recover();
        eventually().untilAsserted(() -> assertEquals(100, sumoLogic.messages().size()));
    }

    @Test
    void aTryIsOneRequest() {
        double failuresBefore = metrics().sum(FAILURES, "lane=\"express\"");
        sumoLogic.answerNext(3, new Answer.Status(503, "Retry-After", "0"));
        String id = Events.newId();
        accepted(Events.express(id));
        arrived(1, id);

        assertEquals(4, sumoLogic.requestsWith(id).size());
        assertEquals(3, metrics().sum(FAILURES, "lane=\"express\"") - failuresBefore, "all tries again are counted");
    }

    private static long millis(long from, long to) {
        return (to - from) / 1_000_000;
    }
}
