package io.ilertsumo.bridge.routes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.xml.parsers.DocumentBuilderFactory;

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

/** The Kamelets keep to what the Apache Camel Kamelet Catalog asks of its own. */
class KameletsTest {

    private static final Path KAMELETS = Path.of("routes");
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{\\??([\\w.-]+)(?::[^}]*)?}}");
    private static final String ICON = "data:image/svg+xml;base64,";
    private static final String CREDENTIALS = "urn:camel:group:credentials";

    private static JsonSchema schema;

    @BeforeAll
    static void readSchema() throws IOException {
        try (InputStream in = KameletsTest.class.getResourceAsStream("/schema/camelYamlDsl.json")) {
            schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V4).getSchema(in);
        }
    }

    static List<Path> kamelets() {
        try (Stream<Path> files = Files.list(KAMELETS)) {
            return files.filter(file -> file.toString().endsWith(".kamelet.yaml")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void everyRouteFileAndKameletIsInTheConfigMap() throws IOException {
        List<String> listed = new YAMLMapper().readerForListOf(String.class)
                .readValue(read(KAMELETS.resolve("kustomization.yaml")).at("/configMapGenerator/0/files"));
        try (Stream<Path> files = Files.list(KAMELETS)) {
            assertEquals(files.map(file -> file.getFileName().toString()).filter(name -> !name.startsWith("kustom"))
                    .sorted().toList(), listed.stream().sorted().toList());
        }
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everyKameletHasTheMetadataOfACatalog(Path file) throws Exception {
        JsonNode kamelet = read(file);
        JsonNode metadata = kamelet.path("metadata");
        String type = metadata.path("labels").path("camel.apache.org/kamelet.type").asText();
        String name = file.getFileName().toString().replace(".kamelet.yaml", "");

        assertEquals("camel.apache.org/v1", kamelet.path("apiVersion").asText());
        assertEquals("Kamelet", kamelet.path("kind").asText());
        assertEquals(name, metadata.path("name").asText());
        assertTrue(Set.of("source", "sink", "action").contains(type), type);
        assertTrue(name.endsWith("-" + type), name);
        assertTrue(kamelet.at("/spec/definition/title").asText().endsWith(" " + capitalised(type)));
        assertFalse(kamelet.at("/spec/definition/description").asText().isBlank());
        assertEquals("object", kamelet.at("/spec/definition/type").asText());
        for (String annotation : List.of("catalog.version", "provider", "kamelet.group", "kamelet.namespace")) {
            assertFalse(metadata.path("annotations").path("camel.apache.org/" + annotation).asText().isBlank(),
                    annotation);
        }
        assertTrue(Set.of("Preview", "Stable")
                .contains(metadata.path("annotations").path("camel.apache.org/kamelet.support.level").asText()));
        String icon = metadata.path("annotations").path("camel.apache.org/kamelet.icon").asText();
        assertTrue(icon.startsWith(ICON), icon);
        byte[] image = Base64.getDecoder().decode(icon.substring(ICON.length()));
        assertEquals("svg", DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new ByteArrayInputStream(image)).getDocumentElement().getTagName());
        assertFalse(kamelet.at("/spec/types/" + (type.equals("source") ? "out" : "in") + "/mediaType").asText()
                .isBlank());
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everyPropertyIsDescribed(Path file) throws IOException {
        JsonNode definition = read(file).at("/spec/definition");
        Set<String> required = new TreeSet<>();
        definition.path("required").forEach(name -> assertTrue(required.add(name.asText()), name.asText()));

        definition.path("properties").properties().forEach(property -> {
            JsonNode value = property.getValue();
            for (String field : List.of("title", "description", "type")) {
                assertFalse(value.path(field).asText().isBlank(), property.getKey() + " has no " + field);
            }
            for (String word : value.path("title").asText().split(" ")) {
                assertEquals(capitalised(word), word, property.getKey());
            }
            assertFalse(value.path("title").asText().matches("(The|A|An) .*"), property.getKey());
            assertFalse(required.contains(property.getKey()) && value.has("default"), property.getKey());
            assertTrue(Set.of("string", "integer", "number", "boolean").contains(value.path("type").asText()));
            if (value.has("default")) {
                assertEquals(value.path("type").asText().equals("integer"), value.path("default").isInt(),
                        property.getKey());
            }
        });
        assertTrue(names(definition.path("properties")).containsAll(required), required.toString());
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everyPropertyIsUsedAndNothingElseIs(Path file) throws IOException {
        JsonNode kamelet = read(file);
        Set<String> used = new TreeSet<>();
        Matcher placeholder = PLACEHOLDER.matcher(kamelet.at("/spec/template").toString());
        while (placeholder.find()) {
            used.add(placeholder.group(1));
        }

        assertEquals(names(kamelet.at("/spec/definition/properties")), used);
    }

    /**
     * Camel reads a property that has no value from an environment variable of its name, even one of another program. So no
     * name is one that environments have, such as PATH and TOKEN.
     */
    @ParameterizedTest
    @MethodSource("kamelets")
    void noPropertyHasTheNameOfACommonEnvironmentVariable(Path file) throws IOException {
        Set<String> names = names(read(file).at("/spec/definition/properties"));
        names.retainAll(Set.of("path", "token", "host", "user", "home", "password", "port", "name", "secret"));

        assertEquals(Set.of(), names);
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everySecretIsMarkedAsSuch(Path file) throws IOException {
        read(file).at("/spec/definition/properties").properties().forEach(property -> {
            boolean secret = property.getValue().path("description").asText().matches("(?i).*(secret|token).*");

            assertEquals(secret, property.getValue().path("format").asText().equals("password"), property.getKey());
            assertEquals(secret, property.getValue().path("x-descriptors").toString().contains(CREDENTIALS),
                    property.getKey());
        });
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everyDependencyIsWhatTheTemplateNeeds(Path file) throws IOException {
        JsonNode spec = read(file).path("spec");
        Set<String> needed = new TreeSet<>();
        for (String uri : spec.path("template").findValuesAsText("uri")) {
            needed.add("camel:" + uri.split(":")[0].replaceFirst("^https$", "http"));
        }
        for (String language : List.of("simple", "constant")) {
            if (spec.path("template").findValue(language) != null) {
                needed.add("camel:core");
            }
        }
        if (spec.path("template").findValue("gzipDeflater") != null) {
            needed.add("camel:zip-deflater");
        }
        Set<String> named = new TreeSet<>();
        spec.path("dependencies").forEach(dependency -> named.add(dependency.asText()));

        assertEquals(needed, named);
    }

    @ParameterizedTest
    @MethodSource("kamelets")
    void everyTemplateIsValidCamelYaml(Path file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        JsonNode template = read(file).at("/spec/template");
        JsonNode route = json.createArrayNode().add(json.createObjectNode().set("route",
                json.createObjectNode().set("from", template.path("from"))));
        boolean source = file.toString().contains("-source.");

        assertEquals(Set.of("from"), names(template));
        assertEquals(Set.of(), schema.validate(route));
        assertEquals(!source, template.at("/from/uri").asText().equals("kamelet:source"));
        assertEquals(source, template.at("/from/steps").findValuesAsText("uri").contains("kamelet:sink"));
    }

    private static String capitalised(String word) {
        return word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    }

    private static Set<String> names(JsonNode node) {
        Set<String> names = new TreeSet<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static JsonNode read(Path file) throws IOException {
        return YAML.readTree(file.toFile());
    }
}
