package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import com.fasterxml.jackson.databind.JsonNode;

import io.ilertsumo.bridge.testing.Collector;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaTopics;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** The program of the profile otel exports traces and metrics, and no secret, to a real OpenTelemetry Collector. */
class OtelIT {

    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CALLER = "b7ad6b7169203331";
    private static final String HEADER_SECRET = "marker-otlp-8f1c";

    private static Collector collector;
    private final SumoLogic sumoLogic = new SumoLogic();

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(System.getProperty("build.directory", "").endsWith("otel"), "OtelIT needs -Potel");
        assumeTrue(Collector.isAvailable(), "OtelIT needs Go to build the OpenTelemetry Collector");
        collector = new Collector();
    }

    @AfterAll
    static void stop() {
        if (collector != null) {
            collector.close();
        }
    }

    @AfterEach
    void end() {
        sumoLogic.close();
    }

    private Map<String, String> settings(String store) {
        return "kafka".equals(store)
                ? Program.settings(sumoLogic, new KafkaTopics(KafkaBroker.shared(), "otel-" + Events.newId() + "-"))
                : Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
    }

    private Program start(Map<String, String> settings, String protocol) {
        settings.put("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint(protocol));
        settings.put("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        settings.put("OTEL_EXPORTER_OTLP_HEADERS", "api-key=" + HEADER_SECRET);
        settings.put("OTEL_METRIC_EXPORT_INTERVAL", "500ms");
        settings.put("QUARKUS_OTEL_BSP_SCHEDULE_DELAY", "100ms");
        Program program = Program.start(settings);
        eventually().until(() -> !program.management("/q/health/ready").contains("DOWN"));
        return program;
    }

    @ParameterizedTest
    @CsvSource({ "outbox, grpc", "kafka, http/protobuf" })
    void aDeliveryIsLinkedToTheReceiptOfEachOfItsEventsAlsoAfterAKill(String store, String protocol) throws Exception {
        Map<String, String> settings = settings(store);
        List<String> ids = List.of(Events.newId(), Events.newId(), Events.newId());
        sumoLogic.answer(new Answer.Status(503));
        try (Program program = start(settings, protocol)) {
            assertEquals(202, send(program, ids.get(0), "00-" + TRACE + "-" + CALLER + "-01"));
            assertEquals(202, send(program, ids.get(1), null));
            assertEquals(202, send(program, ids.get(2), "00-" + TRACE + "-" + CALLER + "-00"));
            eventually().until(() -> receipt(ids.get(0)) != null && receipt(ids.get(1)) != null);
            eventually().until(() -> deliveries("failed").size() > 0);
            program.kill();
        }
        JsonNode first = receipt(ids.get(0));
        JsonNode second = receipt(ids.get(1));
        sumoLogic.recover();

        try (Program program = start(settings, protocol)) {
            eventually().until(() -> sumoLogic.eventIds().containsAll(ids));
            eventually().untilAsserted(() -> assertEquals(Set.of(context(first), context(second)),
                    linkedTogetherWith(Set.of(context(first), context(second)))));
            assertTrue(program.stop().compareTo(Duration.ofSeconds(15)) < 0);
        }

        assertEquals(TRACE, first.get("traceId").textValue());
        assertEquals(CALLER, first.get("parentSpanId").textValue());
        assertEquals("", second.path("parentSpanId").asText());
        assertEquals("accepted bulk collaboration", String.join(" ", Collector.attribute(second, "bridge.result"),
                Collector.attribute(second, "bridge.lane"), Collector.attribute(second, "bridge.group")));
        JsonNode failed = deliveries("failed").get(0);
        assertEquals("503", Collector.attribute(failed, "http.response.status_code"));
        assertEquals("2", failed.get("status").get("code").asText(), "an error");
        assertTrue(deliveries("delivered").stream()
                .allMatch(span -> Collector.attribute(span, "http.response.status_code").equals("200")));
        assertEquals(null, receipt(ids.get(2)), "its caller is not sampled");
        assertNothingLeaks();
    }

    @Test
    void allMetricsOfPrometheusAreExported() throws Exception {
        try (Program program = start(settings("outbox"), "grpc")) {
            assertEquals(202, send(program, Events.newId(), null));
            eventually().until(() -> collector.metrics().contains("bridge.delivery.latency.count"));
            Set<String> exported = collector.metrics().stream().map(OtelIT::prometheus).collect(Collectors.toSet());
            Set<String> missing = program.management("/q/metrics").lines().filter(line -> !line.startsWith("#"))
                    .map(line -> prometheus(line.replaceFirst("[{ ].*", ""))).filter(name -> !exported.contains(name))
                    .collect(Collectors.toCollection(TreeSet::new));

            assertEquals(Set.of(), missing);
            assertTrue(exported.contains("bridge_delivery_latency_bucket"), exported::toString);
            assertNothingLeaks();
        }
    }

    /** Without the units and suffixes that Prometheus's names have. */
    private static String prometheus(String name) {
        return name.replaceAll("[.-]", "_").replaceAll("_(seconds|bytes|ns|classes|threads|files|buffers)(?=_|$)", "")
                .replaceAll("_(total|sum)$", "");
    }

    @Test
    void eventsAreDeliveredWithoutACollector() throws Exception {
        Map<String, String> settings = settings("outbox");
        settings.put("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
        settings.put("QUARKUS_OTEL_BSP_SCHEDULE_DELAY", "100ms");
        try (Program program = Program.start(settings)) {
            List<String> ids = List.of(Events.newId(), Events.newId());
            for (String id : ids) {
                assertEquals(202, send(program, id, null));
            }
            eventually().until(() -> sumoLogic.eventIds().containsAll(ids));
            assertTrue(program.stop().compareTo(Duration.ofSeconds(15)) < 0);
            assertTrue(program.output().contains("stopped in"), program.output());
            assertFalse(program.output().contains(SumoLogic.TOKEN));
        }
    }

    private static int send(Program program, String id, String traceparent) throws IOException, InterruptedException {
        String event = NothingLeaksTest.eventWithMarkers("alert-comment-added", "LOW")
                .replaceFirst("\"eventId\":\"[^\"]*\"", "\"eventId\":\"" + id + "\"");
        HttpRequest.Builder call = HttpRequest.newBuilder(
                URI.create("http://localhost:" + program.port() + "/webhooks/ilert"))
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(
                        ("ilert:" + SumoLogicResource.PASSWORD).getBytes(StandardCharsets.UTF_8)))
                .header("Content-Type", "application/json");
        if (traceparent != null) {
            call.header("traceparent", traceparent);
        }
        return HttpClient.newHttpClient().send(call.POST(HttpRequest.BodyPublishers.ofString(event)).build(),
                HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    /** The span of an event's receipt; {@code null} if there is none yet. */
    private static JsonNode receipt(String id) {
        return collector.spans("receive").stream()
                .filter(span -> Collector.attribute(span, "bridge.event.id").equals(id)).findAny().orElse(null);
    }

    private static List<JsonNode> deliveries(String result) {
        return collector.spans("deliver").stream()
                .filter(span -> Collector.attribute(span, "bridge.result").equals(result)).toList();
    }

    private static String context(JsonNode spanOrLink) {
        return spanOrLink.get("traceId").textValue() + "-" + spanOrLink.get("spanId").textValue();
    }

    /** What the spans of delivered batches link to that link to one of the receipts. */
    private static Set<String> linkedTogetherWith(Set<String> receipts) {
        Set<String> linked = new HashSet<>();
        for (JsonNode span : deliveries("delivered")) {
            Set<String> links = new HashSet<>();
            span.path("links").forEach(link -> links.add(context(link)));
            if (links.stream().anyMatch(receipts::contains)) {
                linked.addAll(links);
            }
        }
        return linked;
    }

    private static void assertNothingLeaks() {
        for (String export : collector.exports()) {
            NothingLeaksTest.SECRETS.forEach((what, secret) -> assertFalse(export.contains(secret), what));
            for (String secret : List.of(HEADER_SECRET, "receiver/v1/http", "webhooks/ilert", "Something is wrong")) {
                assertFalse(export.contains(secret), secret);
            }
        }
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(60));
    }
}
