package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.ilertsumo.bridge.testing.RestApis.Call;

/**
 * Compares calls with the part of iLert's published API description (version in its field {@code info}) that
 * {@code set-up.sh} uses, in {@code ilert-openapi.json}.
 */
public final class ILertApi {

    private static final JsonNode API = read();
    /** Missing in the description; iLert's Terraform provider and Go client have it. */
    private static final String UNDESCRIBED_TRIGGER_TYPE = "alert-auto-resolved";

    private final List<String> problems = new ArrayList<>();

    private ILertApi() {
    }

    private static JsonNode read() {
        try {
            return new ObjectMapper().readTree(Path.of("src", "test", "resources", "ilert-openapi.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the differences of a call, with its path below {@code /api/}. */
    public static List<String> problems(Call call) {
        ILertApi api = new ILertApi();
        String[] path = ("/" + call.path()).split("\\?", 2);
        JsonNode operation = API.path("paths").properties().stream()
                .filter(one -> path[0].matches(one.getKey().replaceAll("\\{.*?}", "[^/]+")))
                .map(one -> one.getValue().path(call.method().toLowerCase())).findFirst().orElseThrow();
        if (operation.isMissingNode()) {
            return List.of(call + " is not described");
        }
        if (path.length > 1) {
            Stream.of(path[1].split("&")).forEach(parameter -> api.query(operation, parameter.split("=", 2)));
        }
        JsonNode schema = operation.at("/requestBody/content/application~1json/schema");
        if (schema.isMissingNode() != call.body().isMissingNode()) {
            api.problems.add(call + (schema.isMissingNode() ? " has a body" : " has no body"));
        } else if (!schema.isMissingNode()) {
            api.compare("body", call.body(), schema, 0);
        }
        return api.problems;
    }

    private void query(JsonNode operation, String[] parameter) {
        JsonNode described = StreamSupport.stream(operation.path("parameters").spliterator(), false)
                .filter(one -> one.path("in").asText().equals("query"))
                .filter(one -> one.path("name").asText().equals(parameter[0])).findFirst().orElseThrow(
                        () -> new AssertionError(parameter[0] + " is no query parameter"));
        JsonNode schema = described.path("schema");
        boolean isNumber = schema.path("type").asText().equals("integer");
        JsonNode value = isNumber
                ? new ObjectMapper().valueToTree(Long.valueOf(parameter[1]))
                : new ObjectMapper().valueToTree(parameter[1]);
        compare(parameter[0], value, schema.has("items") ? schema.path("items") : schema, 0);
    }

    /** @param depth 0 for the body itself: of an object in it, the ID is sufficient */
    private void compare(String where, JsonNode value, JsonNode reference, int depth) {
        JsonNode schema = reference.has("$ref") ? API.at(reference.path("$ref").asText().substring(1)) : reference;
        if (schema.has("oneOf")) {
            schema = API.at(schema.at("/oneOf/0/$ref").asText().substring(1));
        }
        boolean isOfType = switch (schema.path("type").asText()) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "boolean" -> value.isBoolean();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            default -> false;
        };
        if (!isOfType) {
            problems.add(where + " is no " + schema.path("type").asText() + ": " + value);
            return;
        }
        if (schema.has("enum") && !value.asText().equals(UNDESCRIBED_TRIGGER_TYPE) && StreamSupport
                .stream(schema.path("enum").spliterator(), false).noneMatch(value::equals)) {
            problems.add(where + " may not be " + value);
        }
        if (schema.has("maximum") && value.asDouble() > schema.path("maximum").asDouble()
                || schema.has("minimum") && value.asDouble() < schema.path("minimum").asDouble()) {
            problems.add(where + " is out of range: " + value);
        }
        JsonNode items = schema.path("items");
        if (value.isArray()) {
            value.forEach(element -> compare(where + "[]", element, items, depth + 1));
        } else if (value.isObject()) {
            compareFields(where, value, schema, depth);
        }
    }

    private void compareFields(String where, JsonNode value, JsonNode schema, int depth) {
        if (depth == 0 || !value.has("id")) {
            schema.path("required").forEach(field -> {
                if (!value.has(field.asText())) {
                    problems.add(where + " lacks " + field.asText());
                }
            });
        }
        value.properties().forEach(field -> {
            JsonNode described = schema.path("properties").path(field.getKey());
            if (!described.isMissingNode()) {
                compare(where + "." + field.getKey(), field.getValue(), described, depth + 1);
            } else if (!schema.has("additionalProperties")) {
                problems.add(where + "." + field.getKey() + " is not described");
            }
        });
    }
}
