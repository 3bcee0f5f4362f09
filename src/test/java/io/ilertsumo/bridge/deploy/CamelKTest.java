package io.ilertsumo.bridge.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.Schemas;

/** Tests {@code k8s/camel-k} against the definitions of Camel K 2.10 and the bridge. */
class CamelKTest {

    private static final Path CAMEL_K = Path.of("k8s", "camel-k");
    private static final Path KAMELETS = Path.of("routes");
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([\\w.-]+)}}");

    // --- validity

    static List<Path> files() throws IOException {
        try (Stream<Path> manifests = Files.walk(CAMEL_K); Stream<Path> kamelets = Files.list(KAMELETS)) {
            return Stream.concat(manifests, kamelets).filter(Files::isRegularFile).filter(CamelKTest::isCamelKs)
                    .sorted().toList();
        }
    }

    private static boolean isCamelKs(Path file) {
        return !file.getFileName().toString().startsWith("kustom") && isCamelKs(read(file));
    }

    private static boolean isCamelKs(JsonNode resource) {
        return resource.path("apiVersion").asText().equals("camel.apache.org/v1");
    }

    @Test
    void allKindsAreTested() throws IOException {
        assertEquals(Set.of("Integration", "Kamelet", "Pipe"),
                files().stream().map(file -> read(file).path("kind").asText()).collect(Collectors.toSet()));
    }

    @ParameterizedTest
    @MethodSource("files")
    void filesAreValid(Path file) throws IOException {
        assertEquals(Set.of(), Schemas.validate(read(file)));
    }

    @ParameterizedTest
    @ValueSource(strings = { "image", "git", "pipe" })
    void renderedResourcesAreValid(String way) throws Exception {
        List<JsonNode> resources = render(way).stream().filter(CamelKTest::isCamelKs).toList();

        assertFalse(resources.isEmpty());
        for (JsonNode resource : resources) {
            assertEquals(Set.of(), Schemas.validate(resource), resource.at("/metadata/name").asText());
        }
    }

    @ParameterizedTest
    @CsvSource({
            "k8s/camel-k/base/integration.yaml,''",
            "k8s/camel-k/base/integration.yaml,/metadata",
            "k8s/camel-k/base/integration.yaml,/spec",
            "k8s/camel-k/base/integration.yaml,/spec/traits",
            "k8s/camel-k/base/integration.yaml,/spec/traits/health",
            "k8s/camel-k/base/integration.yaml,/spec/template/spec/containers/0/securityContext",
            "k8s/camel-k/base/integration.yaml,/spec/template/spec/volumes/0/configMap",
            "k8s/camel-k/git/integration.yaml,/spec/git",
            "k8s/camel-k/pipe.yaml,/spec/source/ref",
            "k8s/camel-k/pipe.yaml,/spec/traits/mount",
            "routes/ilert-webhook-source.kamelet.yaml,/spec/definition",
            "routes/ilert-webhook-source.kamelet.yaml,/spec/definition/properties/subpath" })
    void misspeltFieldIsFound(Path file, String at) throws IOException {
        JsonNode resource = read(file);
        ((ObjectNode) resource.at(at)).put("misspelt", "a");

        assertTrue(Schemas.validate(resource).toString().contains("misspelt"), Schemas.validate(resource).toString());
    }

    @Test
    void wrongTypeAndValueAreFound() throws IOException {
        JsonNode integration = read(CAMEL_K.resolve("base/integration.yaml"));
        ((ObjectNode) integration.at("/spec/traits/container")).put("port", "8080");
        ((ObjectNode) integration.at("/spec/traits/deployment")).put("strategy", "Rolling");

        assertEquals(2, Schemas.validate(integration).size(), Schemas.validate(integration).toString());
    }

    // --- the bridge as an Integration

    @ParameterizedTest
    @ValueSource(strings = { "image", "git" })
    void outboxSecretsAndRoutesAreMounted(String way) throws Exception {
        List<JsonNode> resources = render(way);
        JsonNode spec = only(resources, "Integration").path("spec");
        Map<String, String> settings = settings(spec);
        String claim = read(CAMEL_K.resolve("outbox.yaml")).at("/metadata/name").asText();
        JsonNode routes = only(resources, "ConfigMap");

        assertEquals(List.of(claim + ":" + settings.get("BRIDGE_OUTBOX_DIRECTORY")),
                texts(spec.at("/traits/mount/volumes")));
        assertEquals(List.of("secret:ilert-sumologic-bridge@" + settings.get("BRIDGE_SECRETS_DIR")),
                texts(spec.at("/traits/mount/resources")));
        assertEquals(settings.get("BRIDGE_ROUTES_DIR"),
                spec.at("/template/spec/containers/0/volumeMounts/0/mountPath").asText());
        JsonNode mounted = spec.at("/template/spec/volumes/0/configMap");
        assertEquals(Set.of("name"), names(mounted), "all keys");
        assertEquals(routes.at("/metadata/name").asText(), mounted.path("name").asText());
        for (String file : names(routes.path("data"))) {
            assertEquals(Files.readString(Path.of("routes", file)), routes.path("data").path(file).asText(), file);
        }
        // with a hash of the content, so that an edit restarts the pod
        assertTrue(mounted.path("name").asText().matches("ilert-sumologic-bridge-routes-\\w+"));
    }

    @ParameterizedTest
    @ValueSource(strings = { "image", "git" })
    void portsProbesAndTimeoutsFitTheBridge(String way) throws Exception {
        JsonNode spec = only(render(way), "Integration").path("spec");
        JsonNode container = spec.at("/traits/container");
        JsonNode health = spec.at("/traits/health");
        Properties own = ownSettings();
        String management = own.getProperty("quarkus.management.port");

        assertEquals(own.getProperty("quarkus.http.port"), container.path("port").asText());
        assertEquals(List.of("management;" + management), texts(container.path("ports")));
        for (String probe : List.of("liveness,live", "readiness,ready", "startup,started")) {
            String name = probe.split(",")[0];
            assertTrue(health.path(name + "ProbeEnabled").asBoolean(), name);
            assertEquals(management, health.path(name + "Port").asText(), name);
            assertEquals("/q/health/" + probe.split(",")[1], health.path(name + "Probe").asText());
        }
        // disabled by default for a program that the operator did not generate
        assertTrue(health.path("enabled").asBoolean());
        assertTrue(spec.at("/traits/service/enabled").asBoolean());
        assertFalse(spec.at("/traits/service/auto").asBoolean());
        // two processes must not share an outbox, not even during an update
        assertEquals(1, spec.path("replicas").asInt());
        assertEquals("Recreate", spec.at("/traits/deployment/strategy").asText());
        assertTrue(spec.at("/traits/deployment/progressDeadlineSeconds").asInt() > health.path("startupPeriod").asInt()
                * health.path("startupFailureThreshold").asInt());
        Duration stopping = seconds(settings(spec).get("QUARKUS_SHUTDOWN_DELAY"))
                .plus(seconds(own.getProperty("quarkus.shutdown.timeout")))
                .plus(seconds(own.getProperty("camel.main.shutdown-timeout")));
        assertTrue(Duration.ofSeconds(spec.at("/template/spec/terminationGracePeriodSeconds").asInt())
                .compareTo(stopping) > 0, stopping::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = { "image", "git" })
    void deletingTheIntegrationKeepsTheOutbox(String way) throws Exception {
        assertEquals(Set.of("ConfigMap", "Integration"),
                render(way).stream().map(r -> r.path("kind").asText()).collect(Collectors.toSet()));
    }

    @Test
    void settingsExist() throws IOException {
        Set<String> named = settings(read(CAMEL_K.resolve("base/integration.yaml")).path("spec")).keySet();
        String documented = Files.readString(Path.of("docs", "settings.md"));

        assertEquals(List.of(), named.stream().filter(name -> !documented.contains("`" + name + "`")).toList());
    }

    @Test
    void imageHasVersionOfTheProject() throws Exception {
        String version = Stream.of(Files.readString(Path.of("pom.xml")).split("\n"))
                .filter(line -> line.startsWith("    <version>")).findFirst().orElseThrow().trim()
                .replaceAll("</?version>", "");

        assertEquals("registry.example.com/ilert-sumologic-bridge:" + version,
                only(render("image"), "Integration").at("/spec/traits/container/image").asText());
        assertTrue(only(render("git"), "Integration").at("/spec/traits/container/image").isMissingNode());
    }

    @ParameterizedTest
    @ValueSource(strings = { "image", "git", "pipe" })
    void noSecretIsRendered(String way) throws Exception {
        assertEquals(List.of(), render(way).stream().filter(r -> r.path("kind").asText().equals("Secret")).toList());
    }

    // --- the Pipe

    @Test
    void pipeIsAppliedWithItsKamelets() throws Exception {
        List<JsonNode> resources = render("pipe");
        JsonNode pipe = only(resources, "Pipe").path("spec");
        Set<String> there = resources.stream().filter(r -> r.path("kind").asText().equals("Kamelet"))
                .map(r -> r.at("/metadata/name").asText()).collect(Collectors.toSet());

        assertEquals(Set.of(pipe.at("/source/ref/name").asText(), pipe.at("/sink/ref/name").asText()), there);
        for (JsonNode resource : resources) {
            if (resource.path("kind").asText().equals("Kamelet")) {
                assertEquals(read(KAMELETS.resolve(resource.at("/metadata/name").asText() + ".kamelet.yaml")),
                        resource);
            }
        }
    }

    @Test
    void pipeSetsRequiredAndExistingProperties() {
        JsonNode pipe = read(CAMEL_K.resolve("pipe.yaml")).path("spec");
        List<JsonNode> endpoints = new ArrayList<>(List.of(pipe.path("source"), pipe.path("sink")));
        pipe.path("steps").forEach(endpoints::add);

        for (JsonNode endpoint : endpoints) {
            String name = endpoint.at("/ref/name").asText();
            Path own = KAMELETS.resolve(name + ".kamelet.yaml");
            JsonNode definition = read(Files.exists(own)
                    ? own
                    : Path.of("src", "test", "resources", "camel-k", "catalog", name + ".kamelet.yaml"))
                    .at("/spec/definition");
            Set<String> given = names(endpoint.path("properties"));
            assertTrue(names(definition.path("properties")).containsAll(given), name + given);
            assertTrue(given.containsAll(texts(definition.path("required"))), name + given);
        }
    }

    @Test
    void pipeDocumentsItsSecret() throws IOException {
        String file = Files.readString(CAMEL_K.resolve("pipe.yaml"));
        String comment = file.lines().findFirst().orElseThrow();
        Matcher placeholder = PLACEHOLDER.matcher(file);

        assertEquals(List.of("secret:ilert-to-sumologic"), texts(YAML.readTree(file).at("/spec/traits/mount/configs")));
        assertTrue(comment.contains(" ilert-to-sumologic,"), comment);
        while (placeholder.find()) {
            assertTrue(comment.matches(".*\\b" + Pattern.quote(placeholder.group(1)) + "\\b.*"), placeholder.group(1));
        }
    }

    /**
     * Renders what {@code kubectl apply -k} applies, and skips the test without kubectl; for the Pipe reads the files of the
     * command in its comment.
     */
    private static List<JsonNode> render(String way) throws IOException, InterruptedException {
        if (way.equals("pipe")) {
            String command = Files.readAllLines(CAMEL_K.resolve("pipe.yaml")).get(1);
            assertTrue(command.startsWith("#   kubectl apply -f "), command);
            return Stream.of(command.split(" -f ")).skip(1).map(file -> read(Path.of(file))).toList();
        }
        Process kubectl = Manifests.tool("kubectl", "kustomize", CAMEL_K.resolve(way).toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<JsonNode> resources = YAML.readerFor(JsonNode.class).<JsonNode>readValues(kubectl.getInputStream())
                .readAll();
        assertEquals(0, kubectl.waitFor());
        return resources;
    }

    private static JsonNode only(List<JsonNode> resources, String kind) {
        List<JsonNode> found = resources.stream().filter(r -> r.path("kind").asText().equals(kind)).toList();
        assertEquals(1, found.size(), kind);
        return found.get(0);
    }

    private static Map<String, String> settings(JsonNode spec) {
        return texts(spec.at("/traits/environment/vars")).stream()
                .collect(Collectors.toMap(setting -> setting.split("=")[0], setting -> setting.split("=", 2)[1]));
    }

    private static Properties ownSettings() throws IOException {
        Properties settings = new Properties();
        try (InputStream in = Files.newInputStream(Path.of("src", "main", "resources", "application.properties"))) {
            settings.load(in);
        }
        return settings;
    }

    private static Duration seconds(String text) {
        return Duration.ofSeconds(Long.parseLong(text.replace("s", "")));
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }

    private static Set<String> names(JsonNode node) {
        Set<String> names = new TreeSet<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static JsonNode read(Path file) {
        try {
            return YAML.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
