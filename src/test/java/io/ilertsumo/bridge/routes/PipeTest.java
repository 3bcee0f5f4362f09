package io.ilertsumo.bridge.routes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.io.Writer;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.component.properties.PropertiesComponent;
import org.apache.camel.main.Main;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogic.Request;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/**
 * Tests that the Pipe of the two Kamelets delivers. It runs in Camel Main without the bridge, with the route and the
 * properties that Camel K's operator generates.
 */
class PipeTest {

    private static final String SUBPATH = "webhooks/6fd5a4d8b8f04d5a9c0e1f9a7d9c2b31";
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private static SumoLogic sumoLogic;
    private static Main main;
    private static VertxPlatformHttpServer server;
    private static String base;

    @BeforeAll
    static void run() throws Exception {
        sumoLogic = new SumoLogic();
        // as the Secret is mounted
        Path secret = SumoLogicResource.newDirectory("secret");
        Files.writeString(secret.resolve("sumologic.url"), sumoLogic.url());
        Files.writeString(secret.resolve("ilert.subpath"), SUBPATH);
        JsonNode pipe = new YAMLMapper().readTree(Path.of("k8s", "camel-k", "pipe.yaml").toFile()).path("spec");
        Properties properties = new Properties();
        properties.setProperty("camel.main.cloud-properties-location", secret.toString());
        properties.setProperty("camel.component.kamelet.location",
                "file:routes,file:src/test/resources/camel-k/catalog");
        List<String> steps = new ArrayList<>();
        String source = kamelet(pipe.path("source"), "source", properties);
        for (int i = 0; i < pipe.path("steps").size(); i++) {
            steps.add(kamelet(pipe.path("steps").get(i), "action-" + (i + 1), properties));
        }
        steps.add(kamelet(pipe.path("sink"), "sink", properties));
        Path application = SumoLogicResource.newDirectory("pipe");
        Path route = application.resolve("pipe.camel.yaml");
        new YAMLMapper().writeValue(route.toFile(), route(source, steps));
        properties.setProperty("camel.main.routes-include-pattern", "file:" + route);
        try (Writer file = Files.newBufferedWriter(application.resolve("application.properties"))) {
            properties.store(file, null);
        }
        main = new Main() {
            @Override
            protected CamelContext createCamelContext() {
                CamelContext context = super.createCamelContext();
                // ignores the bridge's settings on the class path
                PropertiesComponent own = new PropertiesComponent();
                own.setAutoDiscoverPropertiesSources(false);
                context.setPropertiesComponent(own);
                return context;
            }
        };
        main.setPropertyPlaceholderLocations("file:" + application.resolve("application.properties"));
        VertxPlatformHttpServerConfiguration http = new VertxPlatformHttpServerConfiguration();
        http.setBindHost("localhost");
        http.setBindPort(freePort());
        server = new VertxPlatformHttpServer(http);
        main.init();
        main.getCamelContext().addService(server);
        main.start();
        base = "http://localhost:" + http.getBindPort() + "/";
    }

    /** Adds the endpoint's properties as Camel's properties. */
    private static String kamelet(JsonNode endpoint, String place, Properties properties) {
        String name = endpoint.path("ref").path("name").asText();
        endpoint.path("properties").properties().forEach(property -> properties.setProperty(
                "camel.kamelet." + name + "." + place + "." + property.getKey(), property.getValue().asText()));
        return "kamelet:" + name + "/" + place;
    }

    private static JsonNode route(String source, List<String> steps) {
        ObjectMapper json = new ObjectMapper();
        ArrayNode file = json.createArrayNode();
        ObjectNode from = file.addObject().putObject("route").put("id", "binding").putObject("from").put("uri", source);
        steps.forEach(step -> from.withArray("steps").addObject().put("to", step));
        return file;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @AfterEach
    void reset() {
        sumoLogic.recover();
        sumoLogic.forget();
    }

    @AfterAll
    static void stop() {
        main.stop();
        sumoLogic.close();
    }

    @ParameterizedTest
    @ValueSource(strings = { "alert-created", "alert-auto-escalated" })
    void eventOfSeveralLinesIsDeliveredAsOneLine(String sample) throws Exception {
        String event = Files.readString(Path.of("src", "test", "resources", "samples", sample + ".json"));

        assertEquals(200, post(SUBPATH, event, Map.of()).statusCode());

        Request request = sumoLogic.acceptedRequests().get(0);
        assertEquals(1, sumoLogic.acceptedRequests().size());
        assertEquals(1, request.lines().size(), new String(request.body(), UTF_8));
        assertEquals(new ObjectMapper().readTree(event), new ObjectMapper().readTree(request.body()));
        assertEquals("webhook/ilert", request.header("X-Sumo-Category"));
        assertEquals("gzip", request.header("Content-Encoding"));
    }

    @Test
    void headersOfTheCallAreNotForwarded() throws Exception {
        Map<String, String> headers = Map.of("Authorization", "Basic marker", "X-Marker", "marker", "X-Sumo-Category",
                "marker", "CamelHttpUri", "http://localhost:1/", "CamelHttpPath", "/marker", "CamelHttpMethod", "PUT");

        assertEquals(200, post(SUBPATH + "?marker=marker", "{}", headers).statusCode());

        Request request = sumoLogic.acceptedRequests().get(0);
        assertEquals("webhook/ilert", request.header("X-Sumo-Category"));
        assertNull(request.header("Authorization"));
        assertFalse((request.path() + request.headers()).contains("marker"), request.toString());
    }

    @ParameterizedTest
    @ValueSource(ints = { 401, 429, 500, 503 })
    void failureIsAnsweredToTheCaller(int status) throws Exception {
        sumoLogic.answer(new Answer.Status(status));

        HttpResponse<String> answer = post(SUBPATH, "{}", Map.of());

        assertEquals(status, answer.statusCode());
        assertEquals("", answer.body());
        assertEquals(List.of(), sumoLogic.messages());
    }

    @Test
    void pageOfAnotherServerIsAnErrorForTheCaller() throws Exception {
        sumoLogic.answer(new Answer.Page(new Answer.Status(200), "<html>"));

        assertEquals(421, post(SUBPATH, "{}", Map.of()).statusCode());
    }

    @Test
    void unreachableSumoLogicIsAnsweredToTheCaller() throws Exception {
        sumoLogic.refuseConnections();

        assertEquals(500, post(SUBPATH, "{}", Map.of()).statusCode());
    }

    @Test
    void invalidJsonIsAnsweredToTheCallerAndNotSent() throws Exception {
        for (String body : List.of("no event", "{", "")) {
            assertEquals(500, post(SUBPATH, body, Map.of()).statusCode(), body);
        }
        assertEquals(List.of(), sumoLogic.requests());
    }

    @Test
    void otherPathsAreNotFound() throws Exception {
        for (String path : List.of("", "webhooks", "webhooks/ilert", SUBPATH + "/more")) {
            assertEquals(404, post(path, "{}", Map.of()).statusCode(), path);
        }
        assertEquals(List.of(), sumoLogic.requests());
    }

    private static HttpResponse<String> post(String path, String body, Map<String, String> headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
        headers.forEach(request::header);
        return CLIENT.send(request.build(), BodyHandlers.ofString());
    }
}
