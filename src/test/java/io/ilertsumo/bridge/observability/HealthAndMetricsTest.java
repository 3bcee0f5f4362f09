package io.ilertsumo.bridge.observability;

import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Metrics;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;

/** What an operator sees of the bridge. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class HealthAndMetricsTest extends RunningBridge {

    private static final String OUTBOX = "checks.find { it.name == 'outbox' }";

    @Test
    void aHealthyBridgeIsAliveStartedAndReady() {
        for (String path : List.of("/q/health", "/q/health/live", "/q/health/ready", "/q/health/started")) {
            management(path).then().statusCode(200).body("status", equalTo("UP"));
        }
    }

    @Test
    void readinessHasTheNumberOfPendingEvents() {
        sumoLogic.answer(new Answer.Status(503));
        for (int i = 0; i < 3; i++) {
            accepted(Events.express(Events.newId()));
        }
        accepted(Events.bulk(Events.newId()));

        management("/q/health/ready").then().statusCode(200)
                .body("status", equalTo("UP"))
                .body(OUTBOX + ".status", equalTo("UP"))
                .body(OUTBOX + ".data.express", equalTo(3))
                .body(OUTBOX + ".data.bulk", equalTo(1));
    }

    @Test
    void theStatusHasAllSettingsButNoSecrets() throws IOException {
        Map<String, String> shown = new TreeMap<>();
        management("/status").jsonPath().<Map<String, Object>>getList("settings")
                .forEach(setting -> shown.put((String) setting.get("name"), (String) setting.get("value")));
        Pattern row = Pattern.compile("\\| `([^`]+)` \\| `[A-Z_]+` \\| .* \\| (.*) \\|");
        Set<String> documented = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("docs", "settings.md"))) {
            Matcher setting = row.matcher(line);
            if (setting.matches()) {
                documented.add(setting.group(1));
                assertEquals(setting.group(2).matches(".*\\b[Aa] secret\\b.*"),
                        Set.of("set", "not set").contains(shown.get(setting.group(1))), setting.group(1));
            }
        }

        assertTrue(documented.size() > 50);
        assertEquals(documented, shown.keySet());
        assertEquals("set", shown.get("bridge.management.password"));
        assertEquals("not set", shown.get("bridge.redact-key"));
        assertEquals("1MB", shown.get("bridge.max-body-size"));
        assertEquals("webhook/ilert", shown.get("bridge.category.incident"));
    }

    @Test
    void theStatusCountsTheLastHour() {
        String accepted = "counts.findAll { it.name == 'bridge.events.received' && it.labels.result == 'unreadable' }"
                + ".count.sum()";
        send("no event");

        eventually().until(() -> management("/status").jsonPath().getInt(accepted) > 0);
        assertTrue(Instant.parse(management("/status").jsonPath().getString("since")).isBefore(Instant.now()));
    }

    @Test
    void healthAndMetricsAreNotOnTheWebhooksPort() {
        for (String path : List.of("/q/health", "/q/metrics", "/q/health/ready")) {
            assertEquals(404, RestAssured.get(path).statusCode());
        }
    }

    @Test
    void theWebhookIsNotOnTheManagementPort() {
        assertEquals(404, management("/webhooks/ilert").statusCode());
    }

    @Test
    void receivedEventsAreCountedByResult() {
        Metrics before = metrics();

        String id = Events.newId();
        accepted(Events.express(id));
        send(Events.express(id));
        send(Events.express(id));
        accepted(Events.event(Events.newId(), "alert-comment-added", "LOW"));
        send("no event");
        anonymous().body("{}").post("/webhooks/ilert");
        webhook().get("/webhooks/ilert");

        String name = "bridge_events_received_total";
        grown(1 + acceptedDuplicates(2), before, name, "result=\"accepted\"", "group=\"lifecycle\"",
                "lane=\"express\"");
        grown(1, before, name, "result=\"accepted\"", "group=\"collaboration\"", "lane=\"bulk\"");
        grown(2 - acceptedDuplicates(2), before, name, "result=\"duplicate\"");
        grown(1, before, name, "result=\"unreadable\"");
        grown(1, before, name, "result=\"unauthorized\"");
        grown(1, before, name, "result=\"method-not-allowed\"");
        grown(7, before, name);
    }

    /** Of so many duplicates. Over Kafka the consumer removes them, after they are accepted. */
    private int acceptedDuplicates(int duplicates) {
        return kafka == null ? 0 : duplicates;
    }

    @Test
    void deliveredEventsAreCountedWithTheirSizeAndTheirLatency() {
        Metrics before = metrics();
        String id = Events.newId();
        String event = Events.event(id, "alert-raised", "HIGH");
        accepted(event);
        arrived(1, id);

        String[] labels = { "group=\"escalation\"", "lane=\"express\"" };
        grown(1, before, "bridge_delivered_batches_total", labels);
        grown(1, before, "bridge_delivered_events_total", labels);
        grown(event.length(), before, "bridge_delivered_bytes_total", labels);
        grown(1, before, "bridge_delivery_latency_seconds_count", "lane=\"express\"");
        grown(1, before, "bridge_delivery_latency_seconds_bucket", "lane=\"express\"", "le=\"+Inf\"");
        grown(0, before, "bridge_delivered_events_total", "lane=\"bulk\"");
        assertTrue(metrics().sum("bridge_delivery_latency_seconds_sum", "lane=\"express\"") > 0);
    }

    @Test
    void pendingEventsAreShownWithTheirSizeAndTheirAge() {
        assertEquals(0, metrics().sum("bridge_pending_oldest_age_seconds"));
        sumoLogic.answer(new Answer.Status(503));
        String event = Events.express(Events.newId());
        accepted(event);

        eventually().untilAsserted(
                () -> assertTrue(metrics().sum("bridge_pending_oldest_age_seconds", "lane=\"express\"") > 0.1));
        assertEquals(1, metrics().sum("bridge_pending_events", "lane=\"express\""));
        assertEquals(event.length() + 1, metrics().sum("bridge_pending_bytes", "lane=\"express\""));
        assertEquals(0, metrics().sum("bridge_pending_events", "lane=\"bulk\""));

        sumoLogic.recover();
        eventually().untilAsserted(() -> assertEquals(0, metrics().sum("bridge_pending_events")));
        assertEquals(0, metrics().sum("bridge_pending_bytes"));
        assertEquals(0, metrics().sum("bridge_pending_oldest_age_seconds"));
    }

    @Test
    void anUnreadableCallIsCountedAsADeadLetter() {
        Metrics before = metrics();

        send("no event");
        webhook().contentType("text/plain").body("text").post("/webhooks/ilert");

        grown(2, before, "bridge_dead_letters_total", "reason=\"unreadable\"");
    }

    /** A counter may move a moment after the answer has been sent. */
    private static void grown(double by, Metrics before, String name, String... labels) {
        eventually().untilAsserted(() -> assertEquals(by, metrics().sum(name, labels) - before.sum(name, labels),
                name + List.of(labels)));
    }
}
