package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;

/**
 * The OpenTelemetry Collector in a process of its own, and what it has exported to the test. It is built once, from its
 * source with Go, and kept in the user's cache.
 */
public final class Collector implements AutoCloseable {

    private static final String VERSION = "0.161.0";
    private static final Path CACHE = Path.of(System.getProperty("user.home"), ".cache", "ilert-sumologic-bridge",
            "otelcol-" + VERSION);
    private static final Path EXECUTABLE = CACHE.resolve("otelcol");
    private static final String BUILD = """
            dist:
              name: otelcol
              output_path: %1$s
            receivers:
              - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v%2$s
            exporters:
              - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter v%2$s
            providers:
              - gomod: go.opentelemetry.io/collector/confmap/provider/fileprovider v1.67.0
            """;
    private static final String CONFIGURATION = """
            receivers:
              otlp:
                protocols:
                  grpc:
                    endpoint: 127.0.0.1:%d
                  http:
                    endpoint: 127.0.0.1:%d
            exporters:
              otlp_http:
                endpoint: http://127.0.0.1:%d
                encoding: json
                compression: none
            service:
              telemetry:
                metrics:
                  level: none
              pipelines:
                traces:
                  receivers: [otlp]
                  exporters: [otlp_http]
                metrics:
                  receivers: [otlp]
                  exporters: [otlp_http]
            """;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<String> exports = new CopyOnWriteArrayList<>();
    private final HttpServer receiver;
    private final Process process;
    private final int grpcPort = freePort();
    private final int httpPort = freePort();

    public Collector() throws IOException {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/", call -> {
            exports.add(new String(call.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            call.getResponseHeaders().set("Content-Type", "application/json");
            call.sendResponseHeaders(200, 2);
            call.getResponseBody().write("{}".getBytes(StandardCharsets.UTF_8));
            call.close();
        });
        receiver.start();
        Path directory = SumoLogicResource.newDirectory("collector");
        Path configuration = Files.writeString(directory.resolve("collector.yaml"),
                CONFIGURATION.formatted(grpcPort, httpPort, receiver.getAddress().getPort()));
        process = new ProcessBuilder(EXECUTABLE.toString(), "--config", configuration.toString())
                .redirectErrorStream(true).redirectOutput(directory.resolve("output").toFile()).start();
    }

    /** Whether it is there, or can be built; builds it. */
    public static boolean isAvailable() throws IOException, InterruptedException {
        if (!Files.isExecutable(EXECUTABLE) && Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "go")))) {
            Files.createDirectories(CACHE);
            Path build = Files.writeString(CACHE.resolve("builder.yaml"), BUILD.formatted(CACHE, VERSION));
            run("go", "install", "go.opentelemetry.io/collector/cmd/builder@v" + VERSION);
            run(CACHE.resolve("builder").toString(), "--config", build.toString());
        }
        return Files.isExecutable(EXECUTABLE);
    }

    private static void run(String... command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(CACHE.resolve("build.log").toFile());
        builder.environment().put("GOBIN", CACHE.toString());
        if (builder.start().waitFor() != 0) {
            throw new IllegalStateException(String.join(" ", command) + " failed, see " + CACHE.resolve("build.log"));
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The value of {@code OTEL_EXPORTER_OTLP_ENDPOINT} for a protocol. */
    public String endpoint(String protocol) {
        return "http://127.0.0.1:" + ("grpc".equals(protocol) ? grpcPort : httpPort);
    }

    /** All that it has exported, as JSON. */
    public List<String> exports() {
        return exports;
    }

    /** The spans of that name. */
    public List<JsonNode> spans(String name) {
        return elements("resourceSpans", "scopeSpans", "spans").stream()
                .filter(span -> span.get("name").textValue().equals(name)).toList();
    }

    /** The names of all metrics. */
    public List<String> metrics() {
        return elements("resourceMetrics", "scopeMetrics", "metrics").stream()
                .map(metric -> metric.get("name").textValue()).distinct().toList();
    }

    private List<JsonNode> elements(String resources, String scopes, String elements) {
        List<JsonNode> found = new ArrayList<>();
        for (String export : exports) {
            children(read(export), resources).flatMap(resource -> children(resource, scopes))
                    .flatMap(scope -> children(scope, elements)).forEach(found::add);
        }
        return found;
    }

    private static Stream<JsonNode> children(JsonNode node, String name) {
        return StreamSupport.stream(node.path(name).spliterator(), false);
    }

    private static JsonNode read(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The value of an attribute as text; empty if there is none. */
    public static String attribute(JsonNode span, String name) {
        return children(span, "attributes").filter(one -> one.get("key").textValue().equals(name))
                .map(one -> one.get("value").elements().next().asText()).findAny().orElse("");
    }

    @Override
    public void close() {
        process.destroyForcibly();
        receiver.stop(0);
    }
}
