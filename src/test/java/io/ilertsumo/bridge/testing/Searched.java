package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.text.ParsePosition;
import java.text.SimpleDateFormat;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.search.Dashboard;
import io.ilertsumo.bridge.search.LogMessage;

/** What {@code sumologic/requests.json} sets up, and messages as the source in it takes them. */
public final class Searched {

    private static final JsonNode REQUESTS = read();

    private Searched() {
    }

    private static JsonNode read() {
        try {
            return new ObjectMapper().readTree(Path.of("sumologic", "requests.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The messages of a request, each with the time that the source reads from it. */
    public static Stream<LogMessage> messages(SumoLogic.Request request) {
        Map<String, String> fields = new HashMap<>();
        fields.put("_sourceCategory", request.header("X-Sumo-Category"));
        fields.put("_sourceName", request.header("X-Sumo-Name"));
        fields.put("_sourceHost", request.header("X-Sumo-Host"));
        return request.lines().stream().map(line -> new LogMessage(time(line), line, fields));
    }

    /**
     * The first format whose locator finds something; where none does Sumo Logic guesses, which no event should be left
     * to.
     */
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

    /** What the dashboard of that title shows now. */
    public static ObjectNode dashboard(String title, Map<String, String> variables, List<LogMessage> messages,
            Instant now) {
        return new Dashboard(named("dashboards", "title", title)).show(variables, messages, now);
    }

    /** The query of the monitor of that name. */
    public static String monitor(String name) {
        return named("monitors", "name", name).path("queries").path(0).path("query").asText();
    }

    private static JsonNode named(String kind, String field, String name) {
        return StreamSupport.stream(REQUESTS.path(kind).spliterator(), false)
                .filter(request -> name.equals(request.path(field).asText())).findFirst().orElseThrow();
    }

    /** All queries there are: of panels, template variables and monitors. */
    public static List<String> queries() {
        return Stream.concat(REQUESTS.findValuesAsText("queryString").stream(),
                REQUESTS.findValuesAsText("query").stream()).toList();
    }

    /** What is extracted from each event when it comes. */
    public static List<String> parseExpressions() {
        return REQUESTS.findValuesAsText("parseExpression");
    }
}
