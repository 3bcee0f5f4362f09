package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;

/**
 * Validates resources by the schemas that Kubernetes and the operators publish, as strictly as an API server: an unknown field is
 * an error. The resources {@code kubernetes/README.md} and {@code camel-k/README.md} have their sources.
 */
public final class Schemas {

    /** The oldest version of Kubernetes that the manifests need, and the newest that accepted them. */
    private static final List<String> VERSIONS = List.of("1.27", "1.36");
    private static final ObjectMapper JSON = new ObjectMapper();

    private Schemas() {
    }

    /** Returns the errors in a resource; none for a kind without a schema, such as Strimzi's. */
    public static Set<String> validate(JsonNode resource) {
        String apiVersion = resource.path("apiVersion").asText();
        String kind = resource.path("kind").asText();
        Set<String> errors = new TreeSet<>();
        if (apiVersion.equals("camel.apache.org/v1")) {
            errors.addAll(validate(resource, custom("/camel-k/", kind)));
        } else if (Schemas.class.getResource("/kubernetes/" + file(kind)) != null) {
            errors.addAll(validate(resource, custom("/kubernetes/", kind)));
        } else {
            for (String version : VERSIONS) {
                ObjectNode schema = read("/kubernetes/kubernetes-" + version + ".json");
                String definition = "io.k8s.api." + (apiVersion.contains("/") ? apiVersion.split("[./]")[0] : "core")
                        + "." + apiVersion.replaceFirst(".*/", "") + "." + kind;
                if (schema.path("$defs").has(definition)) {
                    schema.put("$ref", "#/$defs/" + definition);
                    errors.addAll(validate(resource, schema));
                }
            }
        }
        return errors;
    }

    private static Set<String> validate(JsonNode resource, JsonNode schema) {
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(schema).validate(resource)
                .stream().map(Object::toString).collect(Collectors.toSet());
    }

    private static String file(String kind) {
        return kind.toLowerCase(Locale.ROOT) + ".json";
    }

    /** Reads the schema of a custom resource. Its definition leaves the metadata to Kubernetes. */
    private static ObjectNode custom(String directory, String kind) {
        ObjectNode schema = read(directory + file(kind));
        ((ObjectNode) schema.get("properties")).set("metadata", JSON.createObjectNode().put("type", "object")
                .set("properties", JSON.createObjectNode().<ObjectNode>set("name", type("string"))
                        .<ObjectNode>set("namespace", type("string"))
                        .<ObjectNode>set("labels", JSON.createObjectNode().set("additionalProperties", type("string")))
                        .set("annotations", JSON.createObjectNode().set("additionalProperties", type("string")))));
        close(schema);
        return schema;
    }

    private static ObjectNode type(String type) {
        return JSON.createObjectNode().put("type", type);
    }

    /** Makes unknown fields an error. */
    private static void close(JsonNode schema) {
        if (!schema.isObject() || schema.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
            return;
        }
        schema.path("properties").forEach(Schemas::close);
        close(schema.path("items"));
        close(schema.path("additionalProperties"));
        if (schema.path("type").asText().equals("object") && !schema.has("additionalProperties")) {
            ((ObjectNode) schema).put("additionalProperties", false);
        }
    }

    private static ObjectNode read(String name) {
        try (InputStream in = Schemas.class.getResourceAsStream(name)) {
            return (ObjectNode) JSON.readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
