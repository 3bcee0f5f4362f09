package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.text.ParsePosition;
import java.text.SimpleDateFormat;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.demo.search.Dashboard;
import io.ilertsumo.bridge.demo.search.LogMessage;
import io.ilertsumo.bridge.demo.search.Search;

/** Reads dashboards, monitors and the source from {@code setup/sumologic/requests.json}, and evaluates them. */
public final class Searched {

    private static final JsonNode REQUESTS = read();

    private Searched() {
    }

    private static JsonNode read() {
        try {
            return new ObjectMapper().readTree(Path.of("setup", "sumologic", "requests.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the messages of a request, with the time that the source reads from each. */
    public static Stream<LogMessage> messages(SumoLogic.Request request) {
        Map<String, String> fields = new HashMap<>();
        fields.put("_sourceCategory", request.header("X-Sumo-Category"));
        fields.put("_sourceName", request.header("X-Sumo-Name"));
        fields.put("_sourceHost", request.header("X-Sumo-Host"));
        return request.lines().stream().map(line -> new LogMessage(time(line), line, fields));
    }

    /** Reads the time with the first format whose locator matches. Without one, Sumo Logic guesses, which is an error. */
    private static long time(String line) {
        for (JsonNode format : REQUESTS.path("source").path("defaultDateFormats")) {
            Matcher locator = Pattern.compile(format.path("locator").asText()).matcher(line);
            if (locator.find()) {
                SimpleDateFormat parser = new SimpleDateFormat(format.path("format").asText(), Locale.ROOT);
                parser.setTimeZone(TimeZone.getTimeZone(REQUESTS.path("source").path("timeZone").asText()));
                Date time = parser.parse(locator.group(1), new ParsePosition(0));
                if (time != null) {
                    return time.getTime();
                }
            }
        }
        throw new AssertionError("No time in " + line);
    }

    /** Returns the evaluated dashboard with that title. */
    public static ObjectNode dashboard(String title, Map<String, String> variables, List<LogMessage> messages,
            Instant now) {
        return new Dashboard(named("dashboards", "title", title)).show(variables, messages, now);
    }

    /** Returns the query of the monitor with that name. */
    public static String monitor(String name) {
        return named("monitors", "name", name).path("queries").path(0).path("query").asText();
    }

    /** Returns the rows of the saved search with that name. */
    public static List<List<Object>> logSearch(String name, Map<String, String> chosen, List<LogMessage> messages,
            Instant now) {
        JsonNode search = named("logSearches", "name", name);
        String query = search.path("queryString").asText();
        for (JsonNode parameter : search.path("queryParameters")) {
            String variable = parameter.path("name").asText();
            query = query.replace("{{" + variable + "}}",
                    chosen.getOrDefault(variable, parameter.path("value").asText()));
        }
        return Search.parse(query).run(messages, now.minus(Duration.ofDays(7)), now).rows();
    }

    private static JsonNode named(String kind, String field, String name) {
        return StreamSupport.stream(REQUESTS.path(kind).spliterator(), false)
                .filter(request -> name.equals(request.path(field).asText())).findFirst().orElseThrow();
    }

    /** Returns all queries: of panels, template variables and monitors. */
    public static List<String> queries() {
        return Stream.concat(REQUESTS.findValuesAsText("queryString").stream(),
                REQUESTS.findValuesAsText("query").stream()).toList();
    }

    /** Returns the parse expressions of the field extraction rules. */
    public static List<String> parseExpressions() {
        return REQUESTS.findValuesAsText("parseExpression");
    }

    /** Returns the evaluated panel with that title, which must not have an error. */
    public static JsonNode panel(JsonNode dashboard, String title) {
        JsonNode panel = StreamSupport.stream(dashboard.path("panels").spliterator(), false)
                .filter(candidate -> title.equals(candidate.path("title").asText())).findFirst().orElseThrow();
        assertTrue(panel.has("rows"), () -> title + ": " + panel.path("error").asText());
        return panel;
    }

    /** Returns the rows of a panel, with Strings, Longs and Doubles. */
    public static List<List<Object>> rows(JsonNode panel) {
        List<List<Object>> rows = new ArrayList<>();
        panel.path("rows").forEach(row -> {
            List<Object> values = new ArrayList<>();
            row.forEach(value -> values.add(value.isNull()
                    ? null
                    : value.isTextual()
                            ? value.asText()
                            : value.isIntegralNumber() ? (Object) value.asLong() : value.asDouble()));
            rows.add(values);
        });
        return rows;
    }

    /** Returns the values of a panel over time: those of each series by its name, without missing ones. */
    public static Map<Long, Map<String, Double>> trend(JsonNode panel) {
        Map<Long, Map<String, Double>> trend = new TreeMap<>();
        for (List<Object> row : rows(panel)) {
            Map<String, Double> values = new TreeMap<>();
            for (int i = 1; i < row.size(); i++) {
                if (row.get(i) != null) {
                    values.put(panel.path("columns").path(i).asText(), ((Number) row.get(i)).doubleValue());
                }
            }
            trend.put((Long) row.get(0), values);
        }
        return trend;
    }
}
