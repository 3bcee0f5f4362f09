package io.ilertsumo.bridge.routes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;

/** Each route file and Kamelet is valid by the schemas of the Camel version in use and of the newest Camel. */
class RouteSchemaTest {

    /** Where the build unpacks the schemas of the newest Camel. */
    private static final Path NEWEST = Path.of("target", "newest-camel", "schema");

    enum Schema {

        IN_USE {
            @Override
            InputStream open() {
                return RouteSchemaTest.class.getResourceAsStream("/schema/camelYamlDsl.json");
            }
        },
        NEWEST_CAMEL {
            @Override
            InputStream open() throws IOException {
                return Files.newInputStream(NEWEST.resolve("camelYamlDsl.json"));
            }
        },
        /** The one form that tools write, without shorthand. */
        NEWEST_CAMEL_CANONICAL {
            @Override
            InputStream open() throws IOException {
                return Files.newInputStream(NEWEST.resolve("camelYamlDsl-canonical.json"));
            }
        };

        private JsonSchema schema;

        abstract InputStream open() throws IOException;

        synchronized List<String> errors(JsonNode routes) {
            if (schema == null) {
                try (InputStream in = open()) {
                    assertNotNull(in, name());
                    schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V4).getSchema(in);
                } catch (IOException e) {
                    throw new UncheckedIOException("Run mvn generate-test-resources first", e);
                }
            }
            Set<ValidationMessage> messages = schema.validate(routes);
            // the levels above only repeat it for each alternative that they offer
            int deepest = messages.stream().mapToInt(message -> message.getInstanceLocation().getNameCount()).max()
                    .orElse(0);
            return messages.stream().filter(message -> message.getInstanceLocation().getNameCount() == deepest)
                    .map(ValidationMessage::getMessage).sorted().toList();
        }
    }

    static List<Path> files() {
        return Stream.of(RouteFiles.routes(), RouteFiles.kamelets(),
                RouteFiles.files(Path.of("src", "demo"), ".camel.yaml"),
                RouteFiles.files(Path.of("bench"), ".camel.yaml"))
                .flatMap(List::stream).toList();
    }

    static Stream<Arguments> filesAndSchemas() {
        return files().stream().flatMap(file -> Stream.of(Schema.values()).map(schema -> Arguments.of(file, schema)));
    }

    @Test
    void routesKameletsAndTheBenchmarkAreChecked() {
        Set<Path> folders = Set.copyOf(files().stream().map(Path::getParent).distinct().toList());

        assertTrue(folders.containsAll(Set.of(RouteFiles.ROUTES, Path.of("bench"))), folders.toString());
        assertTrue(RouteFiles.routes().size() >= 6);
        assertTrue(RouteFiles.kamelets().size() >= 2);
    }

    @ParameterizedTest
    @MethodSource("filesAndSchemas")
    void isValid(Path file, Schema schema) {
        assertEquals(List.of(), schema.errors(RouteFiles.readAsRoutes(file)));
    }

    @ParameterizedTest
    @EnumSource
    void anUnknownFieldOfAStepIsAnError(Schema schema) throws IOException {
        assertFalse(schema.errors(route("{setHeaders: {name: b}}")).isEmpty());
    }

    @ParameterizedTest
    @EnumSource
    void aNumberForATextIsAnError(Schema schema) throws IOException {
        assertEquals(List.of(), schema.errors(route("{setBody: {expression: {constant: {expression: '202'}}}}")));
        assertFalse(schema.errors(route("{setBody: {expression: {constant: {expression: 202}}}}")).isEmpty());
    }

    @Test
    void shorthandIsNotCanonical() throws IOException {
        JsonNode shorthand = route("{setBody: {constant: a}}");

        assertEquals(List.of(), Schema.IN_USE.errors(shorthand));
        assertFalse(Schema.NEWEST_CAMEL_CANONICAL.errors(shorthand).isEmpty());
    }

    private static JsonNode route(String step) throws IOException {
        return new YAMLMapper().readTree("- route: {id: a, from: {uri: 'direct:a', steps: [" + step + "]}}");
    }
}
