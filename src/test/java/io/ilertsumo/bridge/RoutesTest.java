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
