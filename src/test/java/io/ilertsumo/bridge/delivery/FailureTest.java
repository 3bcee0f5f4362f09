package io.ilertsumo.bridge.delivery;

import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;

/** Whatever Sumo Logic does, no event is lost. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class FailureTest extends RunningBridge {

    private static final String FAILURES = "bridge_delivery_failures_total";

    static Stream<Arguments> faults() {
        return Stream.concat(
                IntStream.of(302, 401, 403, 404, 408, 429, 500, 502, 503, 504).mapToObj(status -> fault(
                        "answered " + status, sumo -> sumo.answer(new Answer.Status(status)))),
                Stream.of(
                        fault("not answered", sumo -> sumo.answer(new Answer.Hang())),
                        fault("hung up on", sumo -> sumo.answer(new Answer.Close())),
                        fault("reset", sumo -> sumo.answer(new Answer.Reset())),
                        fault("answered by half", sumo -> sumo.answer(new Answer.Truncated())),
                        fault("refused", SumoLogic::refuseConnections)));
    }

    private static Arguments fault(String name, Consumer<SumoLogic> begin) {
        return argumentSet(name, begin);
    }

    @ParameterizedTest
    @MethodSource("faults")
    void nothingIsLostAndAllArrivesInOrderOnceSumoLogicIsBack(Consumer<SumoLogic> fault) {
        double failuresBefore = metrics().sum(FAILURES, "lane=\"express\"");
        fault.accept(sumoLogic);
        List<String> ids = Stream.generate(Events::newId).limit(5).toList();
        List<String> events = ids.stream().map(Events::express).toList();
        events.forEach(this::accepted);

        // tried again and again, counted, and ready for more all the while
        eventually().untilAsserted(() -> assertTrue(metrics().sum(FAILURES, "lane=\"express\"") >= failuresBefore + 2));
        assertEquals(200, management("/q/health/ready").statusCode());
        assertEquals(5, pending("express"));
        assertEquals(List.of(), sumoLogic.messages());

        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(5, sumoLogic.messages().size()));
        assertEquals(events, sumoLogic.messages());
        eventually().untilAsserted(() -> assertEquals(0, pending()));
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
    void retriesHaveGrowingDelays() {
        sumoLogic.answer(new Answer.Status(503));
        String id = Events.newId();
        accepted(Events.express(id));
        eventually().until(() -> sumoLogic.requestsWith(id).size() >= 6);
        List<Long> at = sumoLogic.requestsWith(id).stream().map(SumoLogic.Request::at).toList();

        // 50 ms at first, then twice the one before and 200 ms at most, each by chance up to a fifth shorter or longer
        assertTrue(millis(at.get(0), at.get(1)) >= 39, "the first");
        assertTrue(millis(at.get(1), at.get(2)) >= 79, "the second");
        assertTrue(millis(at.get(2), at.get(3)) >= 159, "the third");
        assertTrue(millis(at.get(4), at.get(5)) >= 159, "the fifth");
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
    void aRetryIsOneRequest() {
        double failuresBefore = metrics().sum(FAILURES, "lane=\"express\"");
        sumoLogic.answerNext(3, new Answer.Status(503, "Retry-After", "0"));
        String id = Events.newId();
        accepted(Events.express(id));
        arrived(1, id);

        assertEquals(4, sumoLogic.requestsWith(id).size());
        assertEquals(3, metrics().sum(FAILURES, "lane=\"express\"") - failuresBefore, "all tries again are counted");
    }

    // rejected

    @ParameterizedTest
    @ValueSource(ints = { 400, 413, 415, 422 })
    void theOneRejectedEventBecomesADeadLetterAndAllOthersArriveOnceAndInOrder(int status) {
        double failuresBefore = metrics().sum(FAILURES, "reason=\"rejected\"");
        sumoLogic.answer(new Answer.Status(503));
        List<String> ids = Stream.generate(Events::newId).limit(100).toList();
        ids.forEach(id -> accepted(Events.express(id)));
        String poison = ids.get(61);

        sumoLogic.answerWhere(request -> contains(request, poison), new Answer.Status(status));

        List<String> others = ids.stream().filter(id -> !id.equals(poison)).map(Events::express).toList();
        eventually().untilAsserted(() -> assertEquals(99, sumoLogic.messages().size()));
        assertEquals(others, sumoLogic.messages());
        eventually().untilAsserted(() -> assertEquals(0, pending()));
        double refused = metrics().sum(FAILURES, "reason=\"rejected\"") - failuresBefore;
        assertTrue(refused >= 1 && refused <= 21, "found among 100 within 3 times 7 requests, not " + refused);
        JsonPath letter = management("/dead-letters?limit=1000").jsonPath()
                .setRootPath("deadLetters.find { it.eventId == '" + poison + "' }");
        assertEquals("rejected", letter.get("reason"));
        assertEquals(status, letter.getInt("status"));
        assertEquals("Sumo Logic answered " + status, letter.get("detail"));
        assertEquals("{\"message\":\"/receiver/v1/http/*** is wrong\"}", letter.get("answer"));
        assertEquals("express", letter.get("lane"));
        assertEquals("lifecycle", letter.get("group"));
        assertEquals("alert-created", letter.get("eventType"));
        assertEquals(Events.express(poison), management("/dead-letters/" + letter.get("id")).jsonPath().get("body"));
    }

    @Test
    void eachOfManyRejectedEventsBecomesADeadLetterAndTheOthersArrive() {
        sumoLogic.answer(new Answer.Status(503));
        List<String> good = Stream.generate(Events::newId).limit(40).toList();
        String marker = Events.newId();
        for (int i = 0; i < good.size(); i++) {
            accepted(Events.bulk(good.get(i)));
            if (i % 4 == 0) {
                accepted(Events.bulk(marker + i));
            }
        }

        sumoLogic.answerWhere(request -> contains(request, marker), new Answer.Status(400));

        eventually().untilAsserted(() -> assertEquals(good.stream().map(Events::bulk).toList(), sumoLogic.messages()));
        eventually().untilAsserted(() -> assertEquals(0, pending()));
        List<String> dead = management("/dead-letters?limit=1000").jsonPath().getList("deadLetters.eventId");
        assertEquals(10, dead.stream().filter(id -> id != null && id.startsWith(marker)).count());
    }

    @Test
    void ifEverythingIsRejectedTheConfigurationIsReportedInPlaceOfDeadLetters() {
        delivered();
        List<String> ids = Stream.generate(Events::newId).limit(60).toList();
        sumoLogic.answer(new Answer.Status(400));
        ids.forEach(id -> accepted(Events.bulk(id)));

        eventually().untilAsserted(() -> management("/q/health/ready").then().body(
                "checks.find { it.name == 'delivery' }.data.bulk",
                startsWith("misconfigured: Sumo Logic answered 400")));
        sumoLogic.recover();

        eventually().untilAsserted(() -> assertEquals(0, pending()));
        List<String> dead = management("/dead-letters?limit=1000").jsonPath()
                .<String>getList("deadLetters.eventId").stream().filter(ids::contains).toList();
        // 20, and one more for each try after that
        assertTrue(dead.size() >= 20 && dead.size() < 40, dead.size() + " dead letters");
        assertEquals(60 - dead.size(), ids.stream().filter(id -> sumoLogic.messagesWith(id).size() == 1).count());
    }

    private void delivered() {
        String id = Events.newId();
        accepted(Events.express(id));
        arrived(1, id);
    }

    private static boolean contains(SumoLogic.Request request, String text) {
        return request.lines().stream().anyMatch(line -> line.contains(text));
    }

    // slower for a while

    @Test
    void aRetryAfterInSecondsDelaysTheRetry() {
        sumoLogic.answerNext(1, new Answer.Status(429, "Retry-After", "2"));
        String id = Events.newId();
        accepted(Events.express(id));
        arrived(1, id);

        List<SumoLogic.Request> tries = sumoLogic.requestsWith(id);
        assertEquals(2, tries.size());
        assertTrue(millis(tries.get(0).at(), tries.get(1).at()) >= 2000);
    }

    @Test
    void aRetryAfterOfZeroCausesNoHotLoop() {
        sumoLogic.answerNext(4, new Answer.Status(503, "Retry-After", "0"));
        String id = Events.newId();
        accepted(Events.express(id));
        arrived(1, id);

        List<SumoLogic.Request> tries = sumoLogic.requestsWith(id);
        assertEquals(5, tries.size());
        assertTrue(millis(tries.get(3).at(), tries.get(4).at()) >= 150, "the delay grows all the same");
    }

    @Test
    void aRetryAfterWithADateDelaysTheRetry() {
        ZonedDateTime date = ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(3);
        sumoLogic.answerNext(1,
                new Answer.Status(503, "Retry-After", DateTimeFormatter.RFC_1123_DATE_TIME.format(date)));
        String id = Events.newId();
        accepted(Events.express(id));
        arrived(1, id);

        assertTrue(ZonedDateTime.now(ZoneOffset.UTC).isAfter(date.withNano(0)));
        assertEquals(2, sumoLogic.requestsWith(id).size());
    }

    @Test
    void aHalfOpenLaneTriesASingleEventAndThenGoesBackToFullBatches() {
        sumoLogic.answer(new Answer.Status(503));
        List<String> ids = Stream.generate(Events::newId).limit(200).toList();
        ids.forEach(id -> accepted(Events.express(id)));
        eventually().until(() -> sumoLogic.requests().size() >= 5);
        List<SumoLogic.Request> tries = sumoLogic.requests();
        sumoLogic.recover();
        eventually().untilAsserted(() -> assertEquals(200, sumoLogic.messages().size()));

        tries.subList(1, tries.size()).forEach(request -> assertEquals(1, request.lines().size()));
        List<Integer> sizes = sumoLogic.acceptedRequests().stream().map(request -> request.lines().size()).toList();
        assertEquals(List.of(1, 2, 4, 8, 16, 32, 64, 73), sizes);
    }

    @Test
    void anAnswerOf429LowersTheRateWhichThenRecovers() {
        String limit = "bridge_delivery_rate_limit";
        accepted(Events.express(Events.newId()));
        eventually().untilAsserted(() -> assertEquals(1, sumoLogic.messages().size()));
        double before = metrics().sum(limit, "lane=\"express\"");

        sumoLogic.answerNext(1, new Answer.Status(429));
        accepted(Events.express(Events.newId()));
        eventually().untilAsserted(() -> assertEquals(2, sumoLogic.messages().size()));

        double after = metrics().sum(limit, "lane=\"express\"");
        assertTrue(after < 13 && after < before, "came down to " + after);
        eventually().pollInterval(Duration.ofMillis(200)).untilAsserted(() -> {
            accepted(Events.express(Events.newId()));
            assertTrue(metrics().sum(limit, "lane=\"express\"") > after + 2);
        });
    }

    // priority

    @Test
    void bulkYieldsWhileExpressFailsButIsNotStarved() {
        // it yields for some time after its last batch
        String before = Events.newId();
        accepted(Events.bulk(before));
        arrived(1, before);
        sumoLogic.answerWhere(request -> "express".equals(request.lane()), new Answer.Status(429));
        String express = Events.newId();
        accepted(Events.express(express));
        eventually().until(() -> sumoLogic.requestsWith(express).size() >= 1);
        String bulk = Events.newId();
        accepted(Events.bulk(bulk));

        // many more chances for express before bulk has its first
        arrived(1, bulk);
        assertTrue(sumoLogic.requestsWith(express).size() >= 5, "express was tried again and again before");
        assertEquals(List.of(), sumoLogic.messagesWith(express));
        sumoLogic.recover();
        arrived(1, express);
    }

    @Test
    void onceABulkBatchIsDeliveredExpressIsTriedAtOnceDespiteItsRetryAfter() {
        String express = Events.newId();
        sumoLogic.answerNext(1, new Answer.Status(429, "Retry-After", "3600"));
        accepted(Events.express(express));
        eventually().until(() -> sumoLogic.requestsWith(express).size() == 1);

        String bulk = Events.newId();
        accepted(Events.bulk(bulk));

        arrived(1, bulk);
        arrived(1, express);
    }

    @Test
    void whileSumoLogicThrottlesAnExpressEventIsTheNextOneDelivered() {
        sumoLogic.answer(new Answer.Status(503));
        List<String> backlog = Stream.generate(Events::newId).limit(300).toList();
        backlog.forEach(id -> accepted(Events.bulk(id)));
        AtomicLong lastTaken = new AtomicLong(System.nanoTime());
        sumoLogic.answerWhere(request -> {
            boolean isTooMuch = request.at() - lastTaken.get() < 300_000_000;
            if (!isTooMuch) {
                lastTaken.set(request.at());
            }
            return isTooMuch;
        }, new Answer.Status(429));
        eventually().until(() -> !sumoLogic.acceptedRequests().isEmpty());

        String express = Events.newId();
        accepted(Events.express(express));
        int acceptedBefore = sumoLogic.acceptedRequests().size();
        arrived(1, express);

        List<SumoLogic.Request> taken = sumoLogic.acceptedRequests();
        int place = taken.indexOf(sumoLogic.requestsWith(express).stream().filter(r -> r.status() == 200).findFirst()
                .orElseThrow()) - acceptedBefore;
        assertTrue(place <= 1, place + " requests of the bulk lane were accepted first");
        sumoLogic.recover();
        eventually().untilAsserted(() -> assertEquals(301, sumoLogic.messages().size()));
    }

    // answered 200, and yet

    @ParameterizedTest
    @ValueSource(strings = { "", "OK", "{\"id\":\"a\",\"code\":\"\",\"status\":200,\"message\":\"\",\"errors\":[]}",
            "{\"code\":null,\"message\":null,\"errors\":null}" })
    void aSmallAnswerIsSuccess(String answer) {
        double before = metrics().sum("bridge_delivery_warnings_total");
        sumoLogic.answerNext(1, new Answer.Page(new Answer.Status(200), answer));

        delivered();

        eventually().untilAsserted(() -> assertEquals(0, pending()));
        assertEquals(before, metrics().sum("bridge_delivery_warnings_total"));
    }

    @Test
    void aWarningIsCountedEachTimeAndLoggedOnceWithoutSecrets() {
        double before = metrics().sum("bridge_delivery_warnings_total", "lane=\"express\"");
        String code = "dropped:" + Events.newId();

        for (int i = 0; i < 3; i++) {
            sumoLogic.answerNext(1, new Answer.Page(new Answer.Status(200), "{\"id\":\"" + i
                    + "\",\"errors\":[{\"code\":\"" + code + "\",\"message\":\"/receiver/v1/http/" + SumoLogic.TOKEN
                    + " drops\\na field of " + Events.KIM + " " + "x".repeat(1000) + "\"}]}"));
            delivered();
        }

        eventually().untilAsserted(() -> assertEquals(3,
                metrics().sum("bridge_delivery_warnings_total", "lane=\"express\"") - before));
        List<String> logged = log().lines().filter(line -> line.contains(code)).toList();
        assertEquals(1, logged.size(), logged::toString);
        assertTrue(
                logged.get(0).contains("WARN")
                        && logged.get(0).contains("/receiver/v1/http/*** drops a field of *** x"),
                logged.get(0));
        assertTrue(!logged.get(0).contains("x".repeat(300)), logged.get(0));
        eventually().untilAsserted(() -> assertEquals(0, pending()));
    }

    static Stream<String> pages() {
        return Stream.of("<!DOCTYPE html><html>Sign in</html>", "\r\n <html>", "\ufeff<html>",
                "{\"message\":\"" + "x".repeat(16_384) + "\"}", "x".repeat(5 * 1024 * 1024));
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("pages")
    void aPageThatSumoLogicNeverSendsIsAMisconfiguration(String page) {
        double before = metrics().sum(FAILURES, "lane=\"express\"", "reason=\"misconfigured\"");
        sumoLogic.answer(new Answer.Page(new Answer.Status(200, "Content-Type", "text/html"), page));
        accepted(Events.express(Events.newId()));

        eventually().untilAsserted(() -> management("/q/health/ready").then().body(
                "checks.find { it.name == 'delivery' }.data.express",
                startsWith("misconfigured: Sumo Logic answered 200 with a page that it never sends")));
        assertEquals(1, pending("express"));
        assertTrue(metrics().sum(FAILURES, "lane=\"express\"", "reason=\"misconfigured\"") > before);

        sumoLogic.recover();
        eventually().untilAsserted(() -> assertEquals(0, pending()));
    }

    // misconfigured

    @ParameterizedTest
    @ValueSource(ints = { 302, 401, 403 })
    void aMisconfigurationIsInTheHealthDataAndLoggedAsErrorOnceAMinute(int status) {
        sumoLogic.answer(new Answer.Status(status));
        String id = Events.newId();
        accepted(Events.express(id));
        accepted(Events.bulk(Events.newId()));

        eventually().until(() -> sumoLogic.requests().size() >= 3);
        management("/q/health/ready").then().statusCode(200).body("checks.find { it.name == 'delivery' }.data.express",
                startsWith("misconfigured: Sumo Logic answered " + status));
        long logged = log().lines()
                .filter(line -> line.contains("\"ERROR\"") && line.contains("is open, its events stay pending"))
                .count();
        assertTrue(logged >= 1 && logged <= 1 + ManagementFactory.getRuntimeMXBean().getUptime() / 60_000,
                logged + " lines in the log");

        sumoLogic.recover();
        eventually().untilAsserted(() -> assertEquals(2, sumoLogic.messages().size()));
        management("/q/health/ready").then().statusCode(200)
                .body("checks.find { it.name == 'delivery' }.data", nullValue());
    }

    private static long millis(long from, long to) {
        return (to - from) / 1_000_000;
    }
}
