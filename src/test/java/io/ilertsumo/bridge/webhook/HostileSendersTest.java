package io.ilertsumo.bridge.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Metrics;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RawHttp;
import io.ilertsumo.bridge.testing.RawHttp.Connection;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.Response;

/** With hostile senders at its port, the bridge stays within its bounds and accepts events. */
@QuarkusTest
@TestProfile(Programs.Impatient.class)
class HostileSendersTest extends RunningBridge {

    private static final String CONTENT_LENGTH_1_MIB = "Content-Length: 1048576";
    private static final String CHUNKED = "Transfer-Encoding: chunked";
    private static final String CONTINUE = "Expect: 100-continue";

    private final List<Connection> connections = new ArrayList<>();
    private final ScheduledExecutorService dribbling = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void closeConnections() throws IOException {
        dribbling.shutdownNow();
        for (Connection connection : connections) {
            connection.close();
        }
    }

    // too many

    @Test
    void callsOverTheLimitPerSecondAreAnswered429AndNotKept() throws Exception {
        Metrics before = metrics();
        List<String> accepted = new ArrayList<>();
        List<String> throttled = new ArrayList<>();
        ExecutorService senders = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Boolean>> calls = Collections.nCopies(6 * Programs.Impatient.MAX_PER_SECOND, () -> {
                String id = Events.newId();
                Response answer = send(Events.express(id));
                synchronized (accepted) {
                    (answer.statusCode() == 202 ? accepted : throttled).add(id);
                }
                return answer.statusCode() == 202 || answer.statusCode() == 429
                        && answer.contentType().equals("application/problem+json")
                        && answer.header("Retry-After").equals("1");
            });
            for (Future<Boolean> answeredWell : senders.invokeAll(calls)) {
                assertTrue(answeredWell.get());
            }
        } finally {
            senders.shutdown();
        }

        assertTrue(accepted.size() >= Programs.Impatient.MAX_PER_SECOND, accepted.size() + " were accepted");
        assertTrue(!throttled.isEmpty(), "some were too many");
        assertEquals(throttled.size(), grown(before, "throttled"));
        eventually().untilAsserted(() -> assertEquals(accepted.size(), sumoLogic.messages().size()));
        assertEquals(List.of(), throttled.stream().filter(id -> !sumoLogic.messagesWith(id).isEmpty()).toList());
        // it was never seen, so that its next try counts
        arrives(throttled.get(0));
        // the next test gets all permits: each is free a second after the call that used it
        Awaitility.await().pollDelay(Duration.ofMillis(1100)).until(() -> true);
    }

    // too much

    @Test
    void bodiesBeyondTheBudgetAreAnswered503AndTheOthersReleaseTheirs() throws IOException {
        for (String body : List.of(CONTENT_LENGTH_1_MIB, CHUNKED)) {
            Metrics before = metrics();
            String refusal = null;
            List<Connection> letIn = new ArrayList<>();
            while (refusal == null && letIn.size() < 100) {
                Connection sender = connect(RawHttp.keptHead("POST", body, CONTINUE));
                String answer = sender.answer();
                if (answer.startsWith("HTTP/1.1 100 ")) {
                    letIn.add(sender);
                } else {
                    refusal = answer;
                }
            }
            assertTrue(refusal != null && refusal.startsWith("HTTP/1.1 503 "), refusal);
            assertTrue(refusal.toLowerCase().contains("\r\nretry-after: 30\r\n"), refusal);
            assertTrue(refusal.contains("calls in flight exceed BRIDGE_RECEIVE_MAX_BYTES\""), refusal);
            assertTrue(letIn.size() >= 4, "there is room for four");
            eventually().untilAsserted(() -> assertTrue(grown(before, "unavailable") >= 1));

            for (Connection sender : letIn) {
                sender.close();
            }
            String id = Events.newId();
            eventually().until(() -> send(Events.express(id)).statusCode() == 202);
            arrived(1, id);
        }
    }

    @Test
    void aSenderThatReservesTheWholeBudgetAndSendsNothingLosesIt() throws IOException {
        List<Connection> senders = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            senders.add(connect(RawHttp.keptHead("POST", CONTENT_LENGTH_1_MIB)));
        }

        for (Connection sender : senders) {
            String answer = sender.answer();
            assertTrue(answer.startsWith("HTTP/1.1 408 ") || answer.startsWith("HTTP/1.1 503 "), answer);
        }
        arrives(Events.newId());
    }

    @Test
    void aCompleteEventInChunksReservesItsOwnSizeOnly() throws IOException {
        sumoLogic.answer(new Answer.Status(503));
        for (int i = 0; i < 20; i++) {
            String event = Events.express(Events.newId());
            Connection sender = connect(RawHttp.keptHead("POST", CHUNKED), bytes(chunk(event) + "0\r\n\r\n"));
            String answer = sender.answer();
            assertTrue(answer.startsWith("HTTP/1.1 202 "), answer);
        }
    }

    // too slow

    @Test
    void aBodyThatDoesNotArriveInTimeIsAnswered408AndItsConnectionClosed() throws IOException {
        Metrics before = metrics();
        Connection silent = connect(RawHttp.keptHead("POST", "Content-Length: 100"), bytes("{\"eventId\":"));
        Connection dribbling = connect(RawHttp.keptHead("POST", CONTENT_LENGTH_1_MIB));
        dribble(List.of(dribbling), ' ');

        for (Connection sender : List.of(silent, dribbling)) {
            String answer = sender.answer();
            assertTrue(answer.startsWith("HTTP/1.1 408 "), answer);
            assertTrue(answer.toLowerCase().contains("content-type: application/problem+json"), answer);
            assertTrue(answer.contains("\"detail\":\"The body did not arrive in time\""), answer);
            eventually().until(sender::isClosed);
        }
        assertEquals(2, grown(before, "too-slow"));
    }

    @Test
    void afterAnEarlyAnswerTheConnectionIsClosedThoughTheBodyContinues() throws IOException {
        byte[] unauthorized = bytes(
                "POST /webhooks/ilert HTTP/1.1\r\nHost: localhost\r\n" + CONTENT_LENGTH_1_MIB + "\r\n\r\n");
        byte[] elsewhere = bytes(
                "POST /elsewhere HTTP/1.1\r\nHost: localhost\r\n" + CONTENT_LENGTH_1_MIB + "\r\n\r\n");
        byte[] tooLarge = RawHttp.keptHead("POST", "Content-Length: 1048577");

        List<Connection> senders = new ArrayList<>();
        for (byte[] head : List.of(unauthorized, elsewhere, tooLarge)) {
            Connection sender = connect(head);
            dribble(List.of(sender), ' ');
            senders.add(sender);
        }

        for (String status : List.of("401", "404", "413")) {
            Connection sender = senders.remove(0);
            String answer = sender.answer();
            assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
            eventually().until(sender::isClosed);
        }
    }

    @Test
    void aConnectionIsKeptAfterAnAnswerToAWholeCall() throws IOException {
        Connection sender = connect();
        for (int i = 0; i < 3; i++) {
            String event = Events.express(Events.newId());
            sender.write(RawHttp.keptHead("POST", "Content-Length: " + event.length()));
            sender.write(bytes(event));

            String answer = sender.answer();

            assertTrue(answer.startsWith("HTTP/1.1 202 "), answer);
        }
    }

    // without end

    @Test
    void aBodyWithoutEndIsAnswered413AndItsConnectionClosed() throws IOException {
        Connection sender = connect(RawHttp.keptHead("POST", CHUNKED));
        byte[] chunk = bytes(chunk("x".repeat(64 * 1024)));
        for (int i = 0; i < 32; i++) {
            sender.write(chunk);
        }
        String answer = sender.answer();
        assertTrue(answer.startsWith("HTTP/1.1 413 "), answer);

        eventually().until(() -> {
            try {
                sender.write(chunk);
                return false;
            } catch (IOException e) {
                return true;
            }
        });
    }

    @Test
    void hugeHeadersAreAnswered431AndTheirConnectionClosed() throws IOException {
        for (String header : List.of("X-Filler: " + "x".repeat(30_000), "X-Filler: x\r\n".repeat(3000) + "X-Last: x")) {
            Connection sender = connect(RawHttp.keptHead("POST", header));

            String answer = sender.answer();

            assertTrue(answer.startsWith("HTTP/1.1 431 "), answer);
            eventually().until(sender::isClosed);
        }
    }

    @Test
    void aClientThatReadsNoAnswersIsDisconnected() throws IOException {
        Connection sender = connect();
        byte[] calls = bytes(
                "POST /webhooks/ilert HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".repeat(500));

        eventually().until(() -> {
            try {
                sender.write(calls);
                return false;
            } catch (IOException e) {
                return true;
            }
        });
    }

    // many at once

    @Test
    void validEventsAreAcceptedBesideThousandsOfIdleAndSlowConnections() throws IOException {
        List<Connection> others = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            others.add(connect());
            Connection dribbling = connect(bytes("POST /webhooks/ilert HTTP/1.1\r\nHost: localhost\r\nX-Filler: "));
            others.add(dribbling);
        }
        dribble(others, 'x');

        for (int i = 0; i < 10; i++) {
            arrives(Events.newId());
        }

        for (Connection other : others) {
            eventually().until(other::isClosed);
        }
        arrives(Events.newId());
    }

    /** Sends an event and repeats the call after a 429 or 503. */
    private void arrives(String id) {
        assertEquals(202, eventually().until(() -> send(Events.express(id)).statusCode(), status -> status != 429));
        arrived(1, id);
    }

    /** How many more calls were counted as that. */
    private static double grown(Metrics before, String result) {
        String label = "result=\"" + result + '"';
        return metrics().sum("bridge_events_received_total", label)
                - before.sum("bridge_events_received_total", label);
    }

    private Connection connect(byte[]... bytes) throws IOException {
        Connection connection = new Connection(RestAssured.port);
        connections.add(connection);
        for (byte[] some : bytes) {
            connection.write(some);
        }
        return connection;
    }

    /** Goes on writing that byte to them, each five times a second, until the test has ended. */
    private void dribble(List<Connection> senders, char what) {
        dribbling.scheduleWithFixedDelay(() -> {
            for (Connection sender : senders) {
                try {
                    sender.write((byte) what);
                } catch (IOException e) {
                    // it has been closed, as it was meant to
                }
            }
        }, 0, 200, TimeUnit.MILLISECONDS);
    }

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
