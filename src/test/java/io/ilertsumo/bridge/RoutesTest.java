package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;

/** The route files are in order: any tool for Camel's YAML can open them, and they fit together. */
class RoutesTest {

    private static final Path ROUTES = Path.of("routes");
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final Pattern NAMED = Pattern.compile("@Named\\(\"(\\w+)\"\\)");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{\\??([\\w.-]+)(?::[^}]*)?}}");

    private static JsonSchema schema;

    @BeforeAll
    static void readSchema() throws IOException {
        try (InputStream in = RoutesTest.class.getResourceAsStream("/schema/camelYamlDsl.json")) {
            schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V4).getSchema(in);
        }
    }

    static Stream<Path> routeFiles() {
        return files(".camel.yaml");
    }

    static Stream<Path> kamelets() {
        return files(".kamelet.yaml");
    }

    static Stream<Path> lanes() {
        return files(".camel.yaml").filter(file -> file.getParent().endsWith("lanes"));
    }

    @Test
    void thereAreRoutes() {
        assertTrue(routeFiles().count() >= 5);
        assertTrue(lanes().count() >= 1);
        assertTrue(kamelets().count() >= 1);
    }

    @ParameterizedTest
    @MethodSource("routeFiles")
    void everyRouteFileIsValidCamelYaml(Path file) throws IOException {
        assertEquals(Set.of(), schema.validate(read(file)));
    }

    @Test
    void theSchemaTellsAnInvalidRoute() throws IOException {
        JsonNode wrong = YAML.readTree("- route: {id: a, from: {uri: 'direct:a', steps: [{setHeaders: {name: b}}]}}");

        Set<ValidationMessage> messages = schema.validate(wrong);

        assertFalse(messages.isEmpty());
    }

    @ParameterizedTest
    @MethodSource("routeFiles")
    void everyRouteHasAnIdAndADescription(Path file) throws IOException {
        for (JsonNode entry : read(file)) {
            JsonNode definition = entry.elements().next();
            assertFalse(definition.path("id").asText().isBlank(), () -> "without an id: " + entry);
            assertFalse(definition.path("description").asText().isBlank(),
                    () -> "without a description: " + definition.path("id"));
        }
    }

    @ParameterizedTest
    @MethodSource("lanes")
    void idsAreUnique(Path lane) throws IOException {
        List<String> ids = new ArrayList<>();
        for (JsonNode file : program(lane)) {
            file.findValues("id").forEach(id -> ids.add(id.asText()));
        }

        assertEquals(ids.stream().sorted().distinct().toList(), ids.stream().sorted().toList());
    }

    @ParameterizedTest
    @MethodSource("lanes")
    void everyPlaceThatEventsAreSentToHasOneRouteAndEveryRouteIsSentTo(Path lane) throws IOException {
        List<String> from = new ArrayList<>();
        // what the dead letters' REST calls
        Set<String> to = new TreeSet<>(Set.of("direct:replay"));
        for (JsonNode file : program(lane)) {
            for (JsonNode entry : file) {
                JsonNode start = entry.path("route").path("from");
                if (isInternal(start.path("uri").asText())) {
                    from.add(start.path("uri").asText());
                }
                start.path("steps").findValuesAsText("uri").stream().filter(RoutesTest::isInternal).forEach(to::add);
                entry.path("routeConfiguration").findValuesAsText("uri").stream().filter(RoutesTest::isInternal)
                        .forEach(to::add);
            }
        }

        assertEquals(List.copyOf(to), from.stream().sorted().toList());
    }

    @ParameterizedTest
    @MethodSource("lanes")
    void everyRouteConfigurationThatIsNamedIsThereAndEveryOneIsNamed(Path lane) throws IOException {
        Set<String> there = new TreeSet<>();
        Set<String> named = new TreeSet<>();
        for (JsonNode file : program(lane)) {
            for (JsonNode entry : file) {
                if (entry.has("routeConfiguration")) {
                    there.add(entry.path("routeConfiguration").path("id").asText());
                }
                named.addAll(entry.findValuesAsText("routeConfigurationId"));
            }
        }

        assertEquals(there, named);
    }

    @ParameterizedTest
    @MethodSource("routeFiles")
    void everyBeanThatIsNamedIsThere(Path file) throws IOException {
        Set<String> beans = new HashSet<>();
        try (Stream<Path> sources = Files.walk(Path.of("src", "main", "java"))) {
            for (Path source : (Iterable<Path>) sources.filter(Files::isRegularFile)::iterator) {
                Matcher name = NAMED.matcher(Files.readString(source));
                while (name.find()) {
                    beans.add(name.group(1));
                }
            }
        }
        Set<String> named = new TreeSet<>();
        for (String field : List.of("ref", "routePolicy", "onRedeliveryRef", "onPrepareFailureRef",
                "onExceptionOccurredRef")) {
            for (JsonNode name : read(file).findValues(field)) {
                // the language of that name has it one level deeper
                named.add(name.isTextual() ? name.asText() : name.path("expression").asText());
            }
        }

        named.removeAll(beans);

        assertEquals(Set.of(), named);
    }

    @Test
    void everyKameletThatIsNamedIsThere() throws IOException {
        Set<String> named = new TreeSet<>();
        for (Path file : routeFiles().toList()) {
            read(file).findValuesAsText("uri").stream().filter(uri -> uri.startsWith("kamelet:"))
                    .map(uri -> uri.substring("kamelet:".length()).split("[/?]")[0]).forEach(named::add);
        }

        assertEquals(named, new TreeSet<>(kamelets().map(RoutesTest::nameOf).toList()));
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everyKameletSaysWhatACatalogueWantsToKnow(Path file) throws IOException {
        JsonNode kamelet = read(file);
        JsonNode metadata = kamelet.path("metadata");
        JsonNode definition = kamelet.path("spec").path("definition");

        assertEquals("camel.apache.org/v1", kamelet.path("apiVersion").asText());
        assertEquals("Kamelet", kamelet.path("kind").asText());
        assertEquals(nameOf(file), metadata.path("name").asText());
        assertTrue(nameOf(file).endsWith("-" + metadata.path("labels").path("camel.apache.org/kamelet.type").asText()));
        for (String annotation : List.of("kamelet.support.level", "catalog.version", "kamelet.icon", "provider",
                "kamelet.group",
                "kamelet.namespace")) {
            assertFalse(metadata.path("annotations").path("camel.apache.org/" + annotation).asText().isBlank(),
                    annotation);
        }
        assertTrue(metadata.path("annotations").path("camel.apache.org/kamelet.icon").asText()
                .startsWith("data:image/svg+xml;base64,"));
        assertFalse(definition.path("title").asText().isBlank());
        assertFalse(definition.path("description").asText().isBlank());
        assertEquals("object", definition.path("type").asText());
        assertFalse(kamelet.path("spec").path("dependencies").isEmpty());
        Set<String> properties = names(definition.path("properties"));
        definition.path("properties").properties().forEach(property -> {
            for (String field : List.of("title", "description", "type")) {
                assertFalse(property.getValue().path(field).asText().isBlank(), property.getKey() + " has no " + field);
            }
        });
        definition.path("required")
                .forEach(required -> assertTrue(properties.contains(required.asText()), required.asText()));
        assertEquals(properties, placeholders(kamelet.path("spec").path("template").toString()),
                "its properties, and what it uses");
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everyKameletKeepsItsSecretsAsSuch(Path file) throws IOException {
        JsonNode properties = read(file).path("spec").path("definition").path("properties");
        // not "token": Camel would take a missing one from an environment variable of that name, be it somebody else's
        for (String secret : List.of("url", "sourceToken")) {
            assertEquals("password", properties.path(secret).path("format").asText(), secret);
            assertEquals("urn:camel:group:credentials", properties.path(secret).path("x-descriptors").path(0).asText(),
                    secret);
        }
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everyKameletsTemplateIsValidCamelYaml(Path file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        JsonNode from = read(file).path("spec").path("template").path("from");
        JsonNode route = json.createArrayNode()
                .add(json.createObjectNode().set("route", json.createObjectNode().set("from", from)));

        assertEquals("kamelet:source", from.path("uri").asText());
        assertEquals(Set.of(), schema.validate(route));
    }

    /** The route files that are loaded together where events wait in that kind of lane. */
    private static List<JsonNode> program(Path lane) {
        return routeFiles().filter(file -> file.getParent().equals(ROUTES) || file.equals(lane)).map(file -> {
            try {
                return read(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }).toList();
    }

    private static boolean isInternal(String uri) {
        return uri.startsWith("direct:") || uri.startsWith("outbox:");
    }

    private static Set<String> names(JsonNode node) {
        Set<String> names = new TreeSet<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Set<String> placeholders(String text) {
        Set<String> names = new TreeSet<>();
        Matcher placeholder = PLACEHOLDER.matcher(text);
        while (placeholder.find()) {
            names.add(placeholder.group(1));
        }
        return names;
    }

    private static String nameOf(Path file) {
        return file.getFileName().toString().replaceFirst("\\..*", "");
    }

    private static JsonNode read(Path file) throws IOException {
        return YAML.readTree(file.toFile());
    }

    private static Stream<Path> files(String ending) {
        try (Stream<Path> files = Files.walk(ROUTES)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
