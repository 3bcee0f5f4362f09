package io.ilertsumo.bridge.demo.search;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A dashboard as in a request to Sumo Logic's API ({@code DashboardRequest}), evaluated over log messages. Immutable. */
public final class Dashboard {

    private static final ObjectMapper JSON = new ObjectMapper();
    /** The value of a template variable that matches any value. */
    private static final String ALL = "*";

    private final JsonNode request;

    /** @param request the request, which must not be modified later */
    public Dashboard(JsonNode request) {
        this.request = request;
    }

    /**
     * Evaluates all panels.
     *
     * @param  chosen   the values of template variables by name; a missing one has its default
     * @param  messages the messages to search
     * @param  now      the end of the time range
     * @return          the title, the description, the time range, the {@code variables} with their values, and the
     *                  {@code panels}, each with its position, type, columns and rows, or an error
     */
    public ObjectNode show(Map<String, String> chosen, Collection<LogMessage> messages, Instant now) {
        Map<String, String> values = new HashMap<>();
        request.path("variables").forEach(variable -> values.put(variable.path("name").asText(),
                chosen.getOrDefault(variable.path("name").asText(), variable.path("defaultValue").asText())));
        JsonNode range = request.path("timeRange");
        Instant from = now.minus(length(range));
        ObjectNode shown = copy(request, "title", "description").put("timeRange", relativeTime(range));
        ArrayNode variables = shown.putArray("variables");
        for (JsonNode variable : request.path("variables")) {
            ObjectNode shownVariable = copy(variable, "name", "displayName", "defaultValue");
            variables.add(shownVariable);
            ArrayNode all = shownVariable.putArray("values").add(ALL);
            choices(variable.path("sourceDefinition"), values, messages, from, now).forEach(all::add);
        }
        Map<String, JsonNode> places = new HashMap<>();
        request.path("layout").path("layoutStructures")
                .forEach(place -> places.put(place.path("key").asText(), parsed(place.path("structure"))));
        ArrayNode panels = shown.putArray("panels");
        for (JsonNode panel : request.path("panels")) {
            JsonNode ownRange = panel.path("timeRange");
            panels.add(show(panel, values, messages, ownRange.isNull() ? from : now.minus(length(ownRange)), now)
                    .setAll((ObjectNode) places.get(panel.path("key").asText())));
        }
        return shown;
    }

    private static Collection<String> choices(JsonNode source, Map<String, String> values,
            Collection<LogMessage> messages, Instant from, Instant now) {
        if (source.has("values")) {
            return List.of(source.path("values").asText().split(","));
        }
        Collection<String> choices = new TreeSet<>();
        Search.parse(filled(source.path("query").asText(), values)).run(messages, from, now)
                .column(source.path("field").asText()).stream().filter(Objects::nonNull).map(String::valueOf)
                .forEach(choices::add);
        return choices;
    }

    private static ObjectNode show(JsonNode panel, Map<String, String> values, Collection<LogMessage> messages,
            Instant from, Instant now) {
        ObjectNode shown = copy(panel, "title", "description");
        JsonNode visualSettings = parsed(panel.path("visualSettings"));
        shown.set("type", visualSettings.path("general").path("type"));
        shown.set("visualSettings", visualSettings);
        try {
            Table table = Search.parse(filled(panel.path("queries").path(0).path("queryString").asText(), values))
                    .run(messages, from, now);
            shown.set("columns", JSON.valueToTree(table.columns()));
            shown.set("rows", JSON.valueToTree(table.rows()));
        } catch (IllegalArgumentException e) {
            shown.put("error", e.getMessage());
        }
        return shown;
    }

    private static ObjectNode copy(JsonNode from, String... fields) {
        return ((ObjectNode) from).deepCopy().retain(fields);
    }

    private static JsonNode parsed(JsonNode text) {
        try {
            return JSON.readTree(text.asText());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Not JSON: " + text, e);
        }
    }

    private static String filled(String query, Map<String, String> values) {
        String filled = query;
        for (Map.Entry<String, String> value : values.entrySet()) {
            filled = filled.replace("{{" + value.getKey() + "}}", value.getValue());
        }
        return filled;
    }

    private static String relativeTime(JsonNode range) {
        return range.path("from").path("relativeTime").asText();
    }

    private static Duration length(JsonNode range) {
        String time = relativeTime(range).substring(1).toUpperCase(Locale.ROOT);
        long count = Long.parseLong(time.substring(0, time.length() - 1));
        return switch (time.charAt(time.length() - 1)) {
            case 'W' -> Duration.ofDays(7 * count);
            case 'D' -> Duration.ofDays(count);
            default -> Duration.parse("PT" + time);
        };
    }
}
