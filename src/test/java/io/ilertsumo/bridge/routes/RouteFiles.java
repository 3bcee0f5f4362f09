package io.ilertsumo.bridge.routes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

/** Finds and reads the route files and Kamelets. */
final class RouteFiles {

    static final Path ROUTES = Path.of("routes");

    private static final YAMLMapper YAML = new YAMLMapper();

    private RouteFiles() {
    }

    /** Returns the route files of the product, sorted. */
    static List<Path> routes() {
        return files(ROUTES, ".camel.yaml");
    }

    /** Returns the Kamelets of the product, sorted. */
    static List<Path> kamelets() {
        return files(ROUTES, ".kamelet.yaml");
    }

    /** Returns the files below a folder whose names have that ending, sorted; none if there is no such folder. */
    static List<Path> files(Path folder, String ending) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode read(Path file) {
        try {
            return YAML.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads a route file, or a Kamelet as the route file with a routeTemplate that Camel makes of it. */
    static JsonNode readAsRoutes(Path file) {
        JsonNode content = read(file);
        if (!content.path("kind").asText().equals("Kamelet")) {
            return content;
        }
        ObjectNode template = content.at("/spec/template").deepCopy();
        template.put("id", content.at("/metadata/name").asText());
        JsonNodeFactory json = JsonNodeFactory.instance;
        return json.arrayNode().add(json.objectNode().set("routeTemplate", template));
    }
}
