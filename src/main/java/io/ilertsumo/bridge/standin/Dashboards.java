package io.ilertsumo.bridge.standin;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Processor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.search.LogMessage;
import io.ilertsumo.bridge.search.Search;
import io.ilertsumo.bridge.search.Table;
import io.quarkus.arc.Unremovable;
import io.quarkus.arc.profile.IfBuildProfile;

/**
 * The dashboards of {@code sumologic/requests.json} over what a stand-in for Sumo Logic remembers. Only in builds for
 * development, demo and test. Thread-safe.
 */
@ApplicationScoped
@Unremovable
@Named("dashboards")
@IfBuildProfile(anyOf = { "dev", "demo", "test" })
public class Dashboards implements Processor {

    private static final String REQUESTS = "sumologic/requests.json";

    private final ObjectMapper json = new ObjectMapper();
    private final StandIn standIn;
    private final JsonNode dashboards;

    Dashboards(StandIn standIn) throws IOException {
        this.standIn = standIn;
        try (InputStream requests = Thread.currentThread().getContextClassLoader().getResourceAsStream(REQUESTS)) {
            dashboards = json.readTree(requests).path("dashboards");
        }
    }

    /**
     * Makes the body a JSON array of the dashboards, each with its panels and what they show. The headers are the values
     * of their template variables.
     */
    @Override
    public void process(Exchange exchange) {
        List<LogMessage> messages = standIn.logMessages();
        Instant now = Instant.now();
        ArrayNode shown = json.createArrayNode();
        for (JsonNode dashboard : dashboards) {
            Map<String, String> values = new HashMap<>();
            for (JsonNode variable : dashboard.path("variables")) {
                String name = variable.path("name").asText();
                values.put(name,
                        exchange.getMessage().getHeader(name, variable.path("defaultValue").asText(), String.class));
            }
            shown.add(show(dashboard, values, messages, now));
        }
        exchange.getMessage().setBody(shown.toString());
    }

    private ObjectNode show(JsonNode dashboard, Map<String, String> values, Collection<LogMessage> messages,
            Instant now) {
        ObjectNode shown = json.createObjectNode();
        shown.set("title", dashboard.path("title"));
        shown.set("description", dashboard.path("description"));
        shown.put("timeRange", relativeTime(dashboard.path("timeRange")));
        Instant from = now.minus(ago(dashboard.path("timeRange")));
        ArrayNode variables = shown.putArray("variables");
        for (JsonNode variable : dashboard.path("variables")) {
            ObjectNode shownVariable = variables.addObject();
            shownVariable.set("name", variable.path("name"));
            shownVariable.set("displayName", variable.path("displayName"));
            shownVariable.set("defaultValue", variable.path("defaultValue"));
            ArrayNode choice = shownVariable.putArray("values").add("*");
            choices(variable.path("sourceDefinition"), values, messages, from, now).forEach(choice::add);
        }
        Map<String, JsonNode> places = new HashMap<>();
        dashboard.path("layout").path("layoutStructures")
                .forEach(place -> places.put(place.path("key").asText(), parsed(place.path("structure").asText())));
        ArrayNode panels = shown.putArray("panels");
        for (JsonNode panel : dashboard.path("panels")) {
            JsonNode range = panel.path("timeRange");
            panels.add(show(panel, values, messages, range.isNull() ? from : now.minus(ago(range)), now)
                    .setAll((ObjectNode) places.get(panel.path("key").asText())));
        }
        return shown;
    }

    private Collection<String> choices(JsonNode source, Map<String, String> values, Collection<LogMessage> messages,
            Instant from, Instant now) {
        if (source.has("values")) {
            return List.of(source.path("values").asText().split(","));
        }
        Collection<String> choices = new TreeSet<>();
        Search.parse(filled(source.path("query").asText(), values)).run(messages, from, now)
                .column(source.path("field").asText()).stream().filter(Objects::nonNull).map(String::valueOf)
                .forEach(choices::add);
        return choices;
    }

    private ObjectNode show(JsonNode panel, Map<String, String> values, Collection<LogMessage> messages, Instant from,
            Instant now) {
        ObjectNode shown = json.createObjectNode();
        shown.set("title", panel.path("title"));
        shown.set("description", panel.get("description"));
        JsonNode visualSettings = parsed(panel.path("visualSettings").asText());
        shown.set("type", visualSettings.path("general").path("type"));
        shown.set("visualSettings", visualSettings);
        try {
            Table table = Search.parse(filled(panel.path("queries").path(0).path("queryString").asText(), values))
                    .run(messages, from, now);
            shown.set("columns", json.valueToTree(table.columns()));
            shown.set("rows", json.valueToTree(table.rows()));
        } catch (IllegalArgumentException e) {
            shown.put("error", e.getMessage());
        }
        return shown;
    }

    private JsonNode parsed(String text) {
        try {
            return json.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(REQUESTS + " holds what is not JSON", e);
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

    private static Duration ago(JsonNode range) {
        String time = relativeTime(range).substring(1).toUpperCase(Locale.ROOT);
        int count = Integer.parseInt(time.substring(0, time.length() - 1));
        return switch (time.charAt(time.length() - 1)) {
            case 'W' -> Duration.ofDays(7L * count);
            case 'D' -> Duration.ofDays(count);
            default -> Duration.parse("PT" + time);
        };
    }
}
