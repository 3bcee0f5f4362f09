package io.ilertsumo.bridge.accounts;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.demo.search.LogMessage;
import io.ilertsumo.bridge.demo.search.Search;
import io.ilertsumo.bridge.demo.search.Table;
import io.ilertsumo.bridge.testing.Searched;

/**
 * Tests the panels of the bridge's dashboard over a day of generated reports of two bridges. {@code ReportTest} and
 * {@code DashboardsTest} test that a bridge reports such fields.
 */
class BridgeDashboardTest {

    private static final long QUARTER = Duration.ofMinutes(15).toMillis();
    private static final List<String> CALLS = List.of("accepted", "duplicate", "dropped", "unreadable", "unavailable",
            "throttled", "unauthorized", "tooLarge", "tooSlow", "methodNotAllowed", "routeFailed");

    private final Instant now = Instant.now();
    private final Random random = new Random(11);
    private final List<Report> reports = new ArrayList<>();

    /** A line of a report: of a lane, or of the bridge if the lane is {@code null}. */
    private record Report(long time, String bridge, String lane, Map<String, Double> figures) {

        double figure(String name) {
            return figures.get(name);
        }

        LogMessage message(String store) {
            ObjectNode line = new ObjectMapper().createObjectNode()
                    .put("timestamp", Instant.ofEpochMilli(time).toString())
                    .put("bridge", bridge).put("store", store).put("report", lane == null ? "bridge" : "lane");
            if (lane != null) {
                line.put("lane", lane);
            }
            figures.forEach(line::put);
            return new LogMessage(time, line.toString(), Map.of("_sourceCategory", "ilert-sumologic-bridge"));
        }
    }

    private JsonNode shown(String store) {
        // every five minutes, also before the time range
        for (long ago = 25 * 60; ago > 0; ago -= 5) {
            for (String bridge : List.of("bridge-0", "bridge-1")) {
                long time = now.minusSeconds(ago * 60).toEpochMilli() + random.nextInt(1000);
                for (String lane : List.of("bulk", "express")) {
                    reports.add(new Report(time, bridge, lane, figures("deliveredEvents", "deliverySeconds", "failures",
                            "pendingEvents", "oldestAgeSeconds")));
                }
                Map<String, Double> figures = figures("deadLetters", "deadLettersEvicted", "deadLettersKept");
                figures.putAll(figures(CALLS.toArray(String[]::new)));
                reports.add(new Report(time, bridge, null, figures));
            }
        }
        List<LogMessage> messages = new ArrayList<>(reports.stream().map(report -> report.message(store)).toList());
        Collections.shuffle(messages, random);
        reports.removeIf(report -> report.time < now.minus(Duration.ofDays(1)).toEpochMilli());
        return Searched.dashboard("iLert - Bridge", Map.of(), messages, now);
    }

    private Map<String, Double> figures(String... names) {
        Map<String, Double> figures = new TreeMap<>();
        for (String name : names) {
            figures.put(name, (double) random.nextInt(3) * random.nextInt(100));
        }
        return figures;
    }

    @ParameterizedTest
    @ValueSource(strings = { "outbox", "kafka" })
    void panelsShowReports(String store) {
        JsonNode shown = shown(store);
        Predicate<Report> ofLane = report -> report.lane != null;

        assertAll(
                () -> assertEquals(sum(reports, ofLane, "deliveredEvents"), value(shown, "Delivered Events")),
                () -> assertEquals(sum(latest(store), ofLane, "pendingEvents"), value(shown, "Pending Events")),
                () -> assertEquals(latest("outbox").stream().filter(ofLane)
                        .mapToDouble(report -> report.figure("oldestAgeSeconds")).max().orElseThrow(),
                        value(shown, "Oldest Pending Event")),
                () -> assertEquals(sum(latest(store), ofLane.negate(), "deadLettersKept"),
                        value(shown, "Dead Letters Kept")),
                () -> assertEquals(trend(ofLane, report -> report.lane, "deliveredEvents", Double::sum),
                        trend(shown, "Delivered Events by Lane")),
                () -> assertEquals(trend(ofLane, report -> report.lane, "oldestAgeSeconds", Math::max),
                        trend(shown, "Lag by Lane")),
                () -> assertEquals(trend(ofLane, report -> location(store, report) + " " + report.lane, "pendingEvents",
                        Math::max), trend(shown, "Pending Events by Bridge and Lane")),
                () -> assertEquals(trend(ofLane, report -> report.lane, "failures", Double::sum),
                        trend(shown, "Failed Requests by Lane")),
                () -> assertEquals(means(ofLane), trend(shown, "Delivery Time by Lane")),
                () -> assertEquals(calls(), trend(shown, "Webhook Calls")),
                () -> assertEquals(
                        merged(Map.of("deadLetters", "deadLetters", "deadLettersEvicted", "evicted")),
                        trend(shown, "Dead Letters")),
                () -> assertEquals(List.of(List.of("bridge-0", store), List.of("bridge-1", store)),
                        Searched.rows(Searched.panel(shown, "Bridges")).stream()
                                .map(row -> row.subList(0, 2))
                                .toList()),
                () -> assertEquals(12, shown.path("panels").size(), "every panel is tested"));
    }

    @Test
    void newDeadLettersAreNotified() {
        shown("outbox");
        Search query = Search.parse(Searched.monitor("iLert - Dead Letters"));
        List<LogMessage> messages = reports.stream().map(report -> report.message("outbox")).toList();
        List<LogMessage> without = reports.stream().filter(report -> report.lane != null
                || report.figure("deadLetters") == 0).map(report -> report.message("outbox")).toList();

        Table table = query.run(messages, now.minus(Duration.ofHours(1)), now);

        double expected = reports.stream()
                .filter(report -> report.lane == null && report.time >= now.minus(Duration.ofHours(1)).toEpochMilli())
                .mapToDouble(report -> report.figure("deadLetters")).sum();
        assertTrue(expected > 0);
        assertEquals(List.of((long) expected), table.column("deadLetters"));
        assertEquals(List.of(0L), query.run(without, now.minus(Duration.ofHours(1)), now).column("deadLetters"));
    }

    private static String location(String store, Report report) {
        return store.equals("kafka") ? "kafka" : report.bridge;
    }

    /** Returns the last report of each lane and bridge; with Kafka, all bridges report the same ones. */
    private List<Report> latest(String store) {
        Map<String, Report> latest = reports.stream().collect(Collectors.toMap(
                report -> location(store, report) + report.lane, report -> report,
                (one, other) -> one.time > other.time ? one : other));
        return List.copyOf(latest.values());
    }

    private static double sum(List<Report> reports, Predicate<Report> meant, String figure) {
        return reports.stream().filter(meant).mapToDouble(report -> report.figure(figure)).sum();
    }

    private Map<Long, Map<String, Double>> trend(Predicate<Report> meant, Function<Report, String> series,
            String figure,
            BinaryOperator<Double> merge) {
        Map<Long, Map<String, Double>> trend = new TreeMap<>();
        reports.stream().filter(meant).forEach(report -> trend
                .computeIfAbsent(report.time / QUARTER * QUARTER, time -> new TreeMap<>())
                .merge(series.apply(report), report.figure(figure), merge));
        return trend;
    }

    private Map<Long, Map<String, Double>> means(Predicate<Report> meant) {
        Map<Long, Map<String, Double>> means = trend(meant, report -> report.lane, "deliverySeconds", Double::sum);
        Map<Long, Map<String, Double>> events = trend(meant, report -> report.lane, "deliveredEvents", Double::sum);
        means.forEach((time, lanes) -> {
            lanes.keySet().removeIf(lane -> events.get(time).get(lane) == 0);
            lanes.replaceAll((lane, seconds) -> seconds / events.get(time).get(lane));
        });
        return means;
    }

    private Map<Long, Map<String, Double>> calls() {
        return merged(CALLS.stream().collect(Collectors.toMap(call -> call, call -> call)));
    }

    /** Returns figures of the bridges' lines, each as a series. */
    private Map<Long, Map<String, Double>> merged(Map<String, String> series) {
        Map<Long, Map<String, Double>> merged = new TreeMap<>();
        series.forEach((figure, name) -> trend(report -> report.lane == null, report -> name, figure, Double::sum)
                .forEach((time, values) -> merged.computeIfAbsent(time, any -> new TreeMap<>()).putAll(values)));
        return merged;
    }

    private static double value(JsonNode shown, String title) {
        List<List<Object>> rows = Searched.rows(Searched.panel(shown, title));
        assertEquals(1, rows.size(), title);
        return ((Number) rows.get(0).get(0)).doubleValue();
    }

    private static Map<Long, Map<String, Double>> trend(JsonNode shown, String title) {
        return Searched.trend(Searched.panel(shown, title));
    }
}
