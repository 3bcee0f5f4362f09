package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.hamcrest.Matchers;
import org.junit.jupiter.api.BeforeEach;

import io.restassured.RestAssured;
import io.restassured.config.EncoderConfig;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/**
 * What all tests of the running program share. They know it from outside only, by HTTP and by files, so that they are
 * the same for the program in this process, its jar and its native executable.
 */
public abstract class RunningBridge {

    /** The program's log. */
    protected static final Path LOG = Path.of(System.getProperty("quarkus.log.file.path", "target/quarkus.log"));

    private static final Pattern MANAGEMENT = Pattern.compile("Management interface listening on http://[^:]+:(\\d+)");

    protected SumoLogic sumoLogic;

    /** {@code null} if the lanes are not over Kafka. */
    protected KafkaTopics kafka;

    @BeforeEach
    void beginWithNothingPending() {
        sumoLogic.recover();
        if (kafka != null) {
            // its duplicate detection window is read
            eventually().until(() -> management("/q/health/ready").statusCode() == 200);
        }
        eventually().untilAsserted(() -> assertEquals(0, pending(), "pending events"));
        sumoLogic.forget();
    }

    /** Waits for a condition, with a long timeout, since other programs may use the processor. */
    protected static ConditionFactory eventually() {
        return Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(20))
                .atMost(Duration.ofSeconds(20));
    }

    /** A call of the webhook without credentials. */
    protected static RequestSpecification anonymous() {
        return RestAssured.given()
                .config(RestAssured.config().encoderConfig(
                        EncoderConfig.encoderConfig().appendDefaultContentCharsetToContentTypeIfUndefined(false)))
                .contentType("application/json");
    }

    /** A call of the webhook as iLert makes it. */
    protected RequestSpecification webhook() {
        return anonymous().auth().preemptive().basic("ilert", SumoLogicResource.PASSWORD);
    }

    protected Response send(String event) {
        return send(event.getBytes(StandardCharsets.UTF_8));
    }

    protected Response send(byte[] event) {
        return webhook().body(event).post("/webhooks/ilert");
    }

    /** Sends an event that must be accepted. */
    protected void accepted(String event) {
        send(event).then().statusCode(202);
    }

    /** Sends an event that was sent before. Over Kafka its duplicate is removed later, by the consumer. */
    protected Response duplicate(String event) {
        Response answer = send(event);
        if (kafka == null) {
            answer.then().statusCode(200).body("status", Matchers.equalTo("duplicate"));
        } else {
            answer.then().statusCode(202);
        }
        return answer;
    }

    /** Waits until that many messages with that text have arrived, and returns them. */
    protected List<String> arrived(int count, String text) {
        eventually()
                .untilAsserted(() -> assertEquals(count, sumoLogic.messagesWith(text).size(), "messages with " + text));
        return sumoLogic.messagesWith(text);
    }

    /** Waits for the one request with that text, accepted at once, and returns it. */
    protected SumoLogic.Request arrivedIn(String text) {
        arrived(1, text);
        return sumoLogic.requestsWith(text).get(0);
    }

    /** The number of pending events in that lane. */
    protected double pending(String lane) {
        return kafka == null
                ? metrics().sum("bridge_pending_events", "lane=\"" + lane + '"')
                : kafka.pending(lane);
    }

    /** The number of pending events. */
    protected double pending() {
        return kafka == null
                ? metrics().sum("bridge_pending_events")
                : kafka.pending();
    }

    /** A call of the management port with the right credentials, that may change something. */
    protected static RequestSpecification admin() {
        return RestAssured.given().port(managementPort()).header("X-Requested-By", "test").auth().preemptive()
                .basic("admin", SumoLogicResource.MANAGEMENT_PASSWORD);
    }

    /** A read of the management port. */
    protected static Response management(String path) {
        return admin().get(path);
    }

    protected static Metrics metrics() {
        Response scrape = management("/q/metrics");
        assertEquals(200, scrape.statusCode());
        return new Metrics(scrape.asString());
    }

    /** Reads the port from the program's log. */
    protected static int managementPort() {
        Matcher found = MANAGEMENT.matcher(log());
        int port = 0;
        while (found.find()) {
            // the last start's
            port = Integer.parseInt(found.group(1));
        }
        return port;
    }

    protected static String log() {
        try {
            return Files.readString(LOG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
