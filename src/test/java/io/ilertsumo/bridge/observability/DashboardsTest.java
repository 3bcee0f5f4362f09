package io.ilertsumo.bridge.observability;

import static org.hamcrest.Matchers.oneOf;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import com.fasterxml.jackson.databind.JsonNode;

import io.ilertsumo.bridge.demo.search.LogMessage;
import io.ilertsumo.bridge.demo.search.Search;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.Searched;
import io.ilertsumo.bridge.testing.Week;
import io.ilertsumo.bridge.testing.Week.Event;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;

/** Tests the panels and monitors of {@code setup/sumologic} over a week of events that the bridge delivers. */
@QuarkusTest
@TestProfile(Programs.Talkative.class)
class DashboardsTest extends RunningBridge {

    private static final Duration WEEK = Duration.ofDays(7);
    private static final long HOUR = Duration.ofHours(1).toMillis();
    private static final Pattern JSON_PATHS = Pattern
            .compile("json (?:field=_raw )?(\"[^\"]+\"(?:, \"[^\"]+\")*) as [^|\\n]+");
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss")
            .withZone(ZoneOffset.UTC);

    // sent once for all tests
    private static Instant now;
    private static Week week;
    private static List<LogMessage> delivered;

    @BeforeEach
    void sendWeekOfEvents() {
        if (delivered != null) {
            return;
        }
        now = Instant.now();
        week = new Week(now, 26, 170);
        week.events().forEach(event -> accepted(event.json()));
        List<LogMessage> messages = new ArrayList<>();
        eventually().untilAsserted(() -> {
            messages.clear();
            sumoLogic.acceptedRequests().forEach(request -> Searched.messages(request).forEach(messages::add));
            assertEquals(week.events().size(), of(messages, "webhook/ilert").size());
            assertFalse(of(messages, "ilert-sumologic-bridge").isEmpty(), "reports");
        });
        // at-least-once delivery: duplicates, and any order
        Random random = new Random(7);
        messages.addAll(of(messages, "webhook/ilert").stream().filter(message -> random.nextInt(5) == 0).toList());
        Collections.shuffle(messages, random);
        delivered = messages;
    }

    private static List<LogMessage> of(List<LogMessage> messages, String category) {
        return messages.stream().filter(message -> category.equals(message.fields().get("_sourceCategory"))).toList();
    }

    /** A filter of the dashboard, and the predicate that it stands for. */
    private record Filter(Map<String, String> variables, Predicate<Event> meant) {

        static Filter of(String variable, String value) {
            Predicate<Event> meant = switch (variable) {
                case "none" -> event -> true;
                case "alertId" -> event -> value.equals(event.alert());
                case "alertSource" -> event -> value.equals(source(event));
                case "eventType" -> event -> Pattern.matches(value.replace("*", ".*"), event.type());
                case "status" -> event -> value.equals(status(event));
                case "severity" -> event -> value.equals(severity(event));
                case "labels" -> event -> Pattern.matches(value.replace("*", ".*"), labels(event));
                case "priority" -> event -> value.equals(priority(event));
                default -> throw new IllegalArgumentException(variable);
            };
            return new Filter(Map.of(variable, value), meant);
        }
    }

    @ParameterizedTest
    @CsvSource({ "none,", "alertId,90007", "alertSource,Shop", "alertSource,Büro – Süd", "alertSource,none",
            "eventType,alert-created", "eventType,*resolved", "status,PENDING", "status,RESOLVED", "priority,HIGH",
            "priority,none", "status,MERGED", "severity,3", "severity,none", "labels,*team:shop*", "labels,none",
            "alertId,no such alert" })
    void overviewPanelsShowEvents(String variable, String value) {
        Filter filter = Filter.of(variable, value == null ? "" : value);
        JsonNode shown = Searched.dashboard("iLert - Overview", filter.variables, delivered, now);
        List<Event> happened = week.between(now.minus(WEEK), now);
        List<Event> meant = happened.stream().filter(filter.meant).toList();
        List<Event> ofAlerts = meant.stream().filter(Event::isOfAlert).toList();
        List<Event> alerts = alerts(happened).stream().filter(filter.meant).toList();
        List<Event> incidents = Week.latest(happened.stream().filter(event -> !event.isOfAlert()).toList()).stream()
                .filter(filter.meant).toList();

        assertAll(
                () -> assertValue(Week.latest(ofAlerts).size(), shown, "Unique Alerts"),
                () -> assertValue(count(alerts, event -> "HIGH".equals(event.priority())), shown,
                        "High-Priority Alerts"),
                () -> assertValue(count(alerts, event -> List.of("PENDING", "NEW").contains(status(event))), shown,
                        "Pending Alerts"),
                () -> assertValue(count(alerts, event -> "MERGED".equals(status(event))), shown, "Merged Alerts"),
                () -> assertValue(count(alerts, event -> "RESOLVED".equals(event.status())), shown,
                        "Resolved Alerts"),
                () -> assertValue(count(incidents, event -> !"RESOLVED".equals(event.status())), shown,
                        "Open Incidents"),
                () -> assertCounts(kinds(alerts, DashboardsTest::status), 20, shown, "Alerts by Status"),
                () -> assertCounts(kinds(alerts, DashboardsTest::severity), 20, shown, "Alerts by Severity"),
                () -> assertCounts(kinds(alerts, DashboardsTest::priority), 20, shown, "Alerts by Priority"),
                () -> assertCounts(kinds(alerts, DashboardsTest::source), 20, shown, "Alerts by Source"),
                () -> assertCounts(kinds(meant, Event::type), 20, shown, "Events by Type"),
                () -> assertCounts(alerts.stream().filter(event -> event.responders() != null)
                        .flatMap(event -> event.responders().stream()).toList(), 10, shown, "Top Active Responders"),
                () -> assertTrend(meant, Event::type, Event::id, shown, "Event Type Trend"),
                () -> assertTrend(ofAlerts, DashboardsTest::source, Event::alert, shown, "Source Trend"),
                () -> assertEquals(recent(alerts), Searched.rows(Searched.panel(shown, "Recent Alerts")),
                        "Recent Alerts"),
                () -> assertEquals(
                        latestFirst(incidents).limit(20)
                                .map(event -> List.of(time(event), event.alert(), event.status(), "HIGH", "none",
                                        event.summary(), event.type()))
                                .toList(),
                        Searched.rows(Searched.panel(shown, "Recent Incidents")), "Recent Incidents"));
        assertEquals(16, shown.path("panels").size(), "every panel is tested");
    }

    /** Returns the latest event of each alert. */
    private static List<Event> alerts(List<Event> events) {
        return Week.latest(events.stream().filter(Event::isOfAlert).toList());
    }

    private static List<List<String>> recent(List<Event> alerts) {
        return latestFirst(alerts).limit(50)
                .map(event -> List.of(time(event), event.alert(), priority(event), severity(event), status(event),
                        source(event), event.summary(), responders(event), labels(event), event.type()))
                .toList();
    }

    private static Stream<Event> latestFirst(List<Event> events) {
        return events.stream()
                .sorted(Comparator.comparing(DashboardsTest::time).thenComparing(Event::alert).reversed());
    }

    private static String time(Event event) {
        return TIME.format(Instant.ofEpochMilli(event.time()));
    }

    @Test
    void weekCoversAllCases() {
        List<Event> happened = week.between(now.minus(WEEK), now);

        assertTrue(happened.size() > 500 && happened.size() < week.events().size(), () -> happened.size() + " events");
        assertTrue(happened.stream().anyMatch(event -> event.id() == null));
        assertTrue(happened.stream().filter(event -> !event.isOfAlert()).count() > 10);
        assertTrue(alerts(happened).size() > 100, "more than count_distinct counts exactly");
        assertEquals(List.of("ACCEPTED", "MERGED", "NEW", "PENDING", "RESOLVED"),
                alerts(happened).stream().map(DashboardsTest::status).distinct().sorted().toList());
        assertTrue(alerts(happened).stream()
                .anyMatch(event -> event.merge() != null && "RESOLVED".equals(event.status())));
        assertTrue(alerts(happened).stream().anyMatch(event -> isBlank(event) && event.assignedTo() != null));
        assertTrue(Week.counts(happened.stream().filter(event -> event.responders() != null)
                .flatMap(event -> event.responders().stream()).toList()).size() > 10, "more than the panel shows");
    }

    @Test
    void filtersOfferAllValues() {
        JsonNode shown = Searched.dashboard("iLert - Overview", Map.of(), delivered, now);
        List<Event> happened = week.between(now.minus(WEEK), now);

        assertEquals(offered(kinds(alerts(happened), Event::alert)), values(shown, "alertId"));
        assertEquals(offered(kinds(happened, DashboardsTest::source)), values(shown, "alertSource"));
        assertEquals(offered(kinds(happened, Event::type)), values(shown, "eventType"));
        assertEquals(List.of("*", "ACCEPTED", "INVESTIGATING", "MERGED", "NEW", "PENDING", "RESOLVED"),
                values(shown, "status"));
        assertEquals(List.of("*", "1", "2", "3", "4", "5", "none"), values(shown, "severity"));
        assertEquals(List.of("*", "none", "region:eu,team:data", "team:shop"), values(shown, "labels"));
        assertEquals(List.of("*", "HIGH", "LOW", "none"), values(shown, "priority"));
        assertEquals(List.of("*", "webhook/ilert"), values(shown, "Logsdatasource"));
    }

    @Test
    void pendingAlertOfHighPriorityIsNotified() {
        String query = Searched.monitor("iLert - High-Priority Alert Pending");
        long patience = Duration.ofMinutes(15).toMillis();
        Instant from = now.minus(Duration.ofHours(6));
        List<Event> hours = week.between(from, now).stream().filter(Event::isOfAlert).toList();

        Collection<Object> expected = Week.latest(hours).stream()
                .filter(event -> "HIGH".equals(event.priority()) && !Week.PAGING.equals(event.source())
                        && List.of("PENDING", "NEW").contains(status(event)))
                .map(Event::alert)
                .filter(alert -> now.toEpochMilli() - hours.stream().filter(event -> event.alert().equals(alert))
                        .mapToLong(Event::time).min().orElseThrow() > patience)
                .collect(Collectors.toCollection(TreeSet::new));

        assertTrue(expected.size() > 2, expected::toString);
        assertTrue(Week.latest(hours).stream().anyMatch(event -> Week.PAGING.equals(event.source())), "a page");
        assertTrue(Week.latest(hours).stream()
                .anyMatch(event -> event.merge() != null && !"RESOLVED".equals(event.status())), "a merged alert");
        assertEquals(expected, new TreeSet<>(Search.parse(query).run(delivered, from, now)
                .column("alertId")));
    }

    @ParameterizedTest
    @CsvSource({ "iLert - No Events,webhook/ilert", "iLert - Bridge Silent,ilert-sumologic-bridge" })
    void missingDataIsNotified(String monitor, String category) {
        Search query = Search.parse(Searched.monitor(monitor));
        List<LogMessage> others = delivered.stream()
                .filter(message -> !category.equals(message.fields().get("_sourceCategory"))).toList();
        Instant later = now.plus(Duration.ofHours(1));

        assertFalse(query.run(delivered, now.minus(WEEK), later).rows().isEmpty());
        assertTrue(query.run(others, now.minus(WEEK), later).rows().isEmpty());
        assertFalse(others.isEmpty());
    }

    /** The messages of Sumo Logic's documentation. */
    @Test
    void anExceededBudgetThatDropsDataIsNotified() {
        String exceeded = """
                Budget b with scope _sourceCategory=webhook/ilert consumed 6330.00% of capacity since last reset at \
                2020-09-17T13:38:53.663 -0700.
                Capacity: 200 bytes
                Usage: 12660 bytes
                Usage status: Exceeded
                Action: drop_data
                Next reset: 2020-09-18T13:35:00.000 -0700
                """;
        List<LogMessage> messages = Stream.of(exceeded, exceeded.replace("Exceeded", "Approaching"),
                exceeded.replace("drop_data", "keep_collecting"), exceeded.replace("since last", "and is"))
                .map(text -> new LogMessage(now.toEpochMilli(), text, Map.of("_index", "sumologic_audit", "_sourceName",
                        "VOLUME_QUOTA", "_sourceCategory", "account_management")))
                .toList();

        assertEquals(List.of(exceeded), Search.parse(Searched.monitor("iLert - Ingest Budget Exceeded"))
                .run(messages, now, now.plusSeconds(1)).column("_raw"));
    }

    /** The events of a monitor's own page must not end its condition, nor begin another one. */
    @Test
    void eventsOfPagesAreNoEvents() {
        List<LogMessage> pages = of(delivered, "webhook/ilert").stream()
                .filter(message -> message.raw().contains("\"name\":\"" + Week.PAGING + "\"")).toList();

        assertFalse(pages.isEmpty());
        for (String monitor : List.of("iLert - No Events", "iLert - High-Priority Alert Pending")) {
            assertEquals(List.of(), Search.parse(Searched.monitor(monitor)).run(pages, now.minus(WEEK), now).rows());
        }
    }

    @Test
    void savedSearchesShowEventsInTheirOrder() {
        List<Event> happened = week.between(now.minus(WEEK), now);
        String alert = alerts(happened).stream().filter(event -> event.merge() != null).findFirst().orElseThrow()
                .alert();
        List<List<Object>> timeline = Searched.logSearch("iLert - Alert Timeline", Map.of("alertId", alert), delivered,
                now);
        List<Event> events = happened.stream().filter(event -> event.isOfAlert() && alert.equals(event.alert()))
                .toList();

        assertEquals(kinds(events, Event::type), timeline.stream().map(row -> row.get(2)).toList());
        assertEquals(kinds(events, event -> event.merge() == null ? "none" : event.merge()),
                timeline.stream().map(row -> row.get(7)).toList());
        assertEquals(happened.stream().filter(event -> !event.isOfAlert()).count(),
                Searched.logSearch("iLert - Incident Events", Map.of(), delivered, now).size());
    }

    @Test
    void everySearchedFieldIsDelivered() {
        sumoLogic.forget();
        List<String> samples = Stream.of("alert-created.json", "alert-auto-escalated.json", "alert-merged.json")
                .map(Events::sample).toList();
        samples.forEach(sample -> send(sample).then().statusCode(oneOf(200, 202)));
        List<String> queries = Stream.concat(Searched.queries().stream(), Searched.parseExpressions().stream())
                .toList();

        int paths = 0;
        for (String query : queries) {
            boolean isOfReports = query.startsWith("_sourceCategory=ilert-sumologic-bridge");
            Matcher found = JSON_PATHS.matcher(query);
            while (found.find()) {
                for (String path : found.group(1).split(", ")) {
                    paths++;
                    eventually().untilAsserted(() -> assertFalse(samplesWith(path, isOfReports).isEmpty(),
                            () -> path + " is in no message, but in " + query));
                }
            }
            assertEquals(query.split("json ", -1).length, query.split(JSON_PATHS.pattern(), -1).length,
                    () -> "unknown json operator: " + query);
        }
        assertTrue(paths > 200, "paths");
    }

    /** Returns the messages of the last samples, or reports, with a value at that path. */
    private List<List<Object>> samplesWith(String path, boolean isOfReports) {
        List<LogMessage> messages = sumoLogic.acceptedRequests().stream()
                .filter(request -> isOfReports == "ilert-sumologic-bridge".equals(request.header("X-Sumo-Category")))
                .flatMap(request -> request.lines().stream()).map(line -> new LogMessage(1, line, Map.of("a", "b")))
                .toList();
        return Search.parse("a=b | json " + path + " as value").run(messages, Instant.EPOCH, Instant.now()).rows();
    }

    private static void assertValue(long expected, JsonNode shown, String title) {
        List<List<Object>> rows = Searched.rows(Searched.panel(shown, title));
        // the dashboard shows "0" for no row
        assertEquals(expected, rows.isEmpty() ? 0L : rows.get(0).get(0), title);
    }

    private static void assertCounts(List<String> kinds, int limit, JsonNode shown, String title) {
        List<List<Object>> expected = Week.counts(kinds).entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(limit).map(entry -> List.<Object>of(entry.getKey(), entry.getValue())).toList();
        assertEquals(expected, Searched.rows(Searched.panel(shown, title)), title);
    }

    /** Compares the numbers of distinct units per hour and kind; an event without the unit counts on its own. */
    private static void assertTrend(List<Event> events, Function<Event, String> kind, Function<Event, String> unit,
            JsonNode shown, String title) {
        Map<Long, Map<String, Double>> expected = new TreeMap<>();
        Map<List<Object>, List<Event>> slices = events.stream()
                .collect(Collectors.groupingBy(event -> List.of(event.time() / HOUR * HOUR, kind.apply(event))));
        slices.forEach((slice, inIt) -> expected.computeIfAbsent((Long) slice.get(0), time -> new TreeMap<>())
                .put((String) slice.get(1), (double) inIt.stream().filter(event -> unit.apply(event) == null).count()
                        + inIt.stream().map(unit).filter(Objects::nonNull).distinct().count()));
        JsonNode panel = Searched.panel(shown, title);
        Map<Long, Map<String, Double>> found = Searched.trend(panel);
        assertEquals(expected, found, title);
        assertEquals(found.keySet().stream().toList(), Searched.rows(panel).stream().map(row -> row.get(0)).toList(),
                () -> title + " is in order of time");
    }

    private static long count(List<Event> events, Predicate<Event> meant) {
        return events.stream().filter(meant).count();
    }

    private static List<String> kinds(List<Event> events, Function<Event, String> kind) {
        return events.stream().map(kind).toList();
    }

    private static List<String> offered(List<String> kinds) {
        return Stream.concat(Stream.of("*"), new TreeSet<>(kinds).stream()).toList();
    }

    private static List<String> values(JsonNode dashboard, String variable) {
        for (JsonNode candidate : dashboard.path("variables")) {
            if (variable.equals(candidate.path("name").asText())) {
                return StreamSupport.stream(candidate.path("values").spliterator(), false).map(JsonNode::asText)
                        .toList();
            }
        }
        throw new AssertionError("no variable " + variable);
    }

    private static String source(Event event) {
        return event.source() == null ? "none" : event.source();
    }

    private static String priority(Event event) {
        return event.priority() == null ? "none" : event.priority();
    }

    private static String status(Event event) {
        return event.merge() != null && !"RESOLVED".equals(event.status()) ? "MERGED" : event.status();
    }

    private static String severity(Event event) {
        return event.severity() == null ? "none" : event.severity().toString();
    }

    private static String labels(Event event) {
        return event.severity() == null || event.labels().isEmpty()
                ? "none"
                : event.labels().entrySet().stream().map(label -> label.getKey() + ":" + label.getValue())
                        .collect(Collectors.joining(","));
    }

    private static boolean isBlank(Event event) {
        return event.responders() == null || event.responders().isEmpty();
    }

    private static String responders(Event event) {
        return !isBlank(event)
                ? String.join(",", event.responders())
                : event.assignedTo() == null ? "nobody" : event.assignedTo();
    }
}
