package io.ilertsumo.bridge.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Named;

import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.quarkus.main.events.AfterConfigure;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.demo.search.LogMessage;
import io.quarkus.arc.Unremovable;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.annotations.RegisterResources;
import io.quarkus.vertx.http.runtime.RouteConstants;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;

/**
 * Stores the latest log messages that the route {@code stand-in-source} receives in place of Sumo Logic. Adds the routes
 * of the stand-in to those of the bridge, wherever the bridge's are loaded from. Thread-safe.
 */
@ApplicationScoped
@Unremovable
@Named("standIn")
@RegisterForReflection
@RegisterResources(globs = "stand-in/**")
public class StandIn implements Processor {

    /** Several weeks of alerts as the page sends them, and a day of reports. */
    private static final int STORED = 5_000;
    private static final int SHOWN = 500;
    private static final Logger LOG = LoggerFactory.getLogger(StandIn.class);

    private final ObjectMapper json = new ObjectMapper();
    private final Deque<Stored> messages = new ArrayDeque<>();

    private record Stored(LogMessage message, ObjectNode shown) {
    }

    void addRoutes(@Observes AfterConfigure configured) throws Exception {
        CamelContext context = configured.getMain().getCamelContext();
        PluginHelper.getRoutesLoader(context).loadRoutes(
                ResourceHelper.resolveMandatoryResource(context, "classpath:stand-in/sumologic-stand-in.camel.yaml"));
    }

    void logUsage(@Observes StartupEvent started, @ConfigProperty(name = "quarkus.http.port") int port) {
        LOG.info(
                "A stand-in for Sumo Logic runs at http://localhost:{}/stand-in. src/demo/send-samples.sh sends events",
                port);
    }

    /** Vert.x would parse log messages, which are sent as a form, and leave no body. */
    void keepBodies(@Observes Router router) {
        router.route("/receiver/*").order(RouteConstants.ROUTE_ORDER_UPLOAD_LIMIT - 1).handler(call -> {
            MultiMap headers = call.request().headers();
            if ("application/x-www-form-urlencoded".equals(headers.get(HttpHeaders.CONTENT_TYPE))) {
                headers.remove(HttpHeaders.CONTENT_TYPE);
            }
            call.next();
        });
    }

    /** Stores each line of the body, which may be compressed. */
    @Override
    public void process(Exchange exchange) throws IOException {
        Message message = exchange.getMessage();
        Instant now = Instant.now();
        Map<String, String> fields = fields(message.getHeader("X-Sumo-Fields", "", String.class));
        fields.put("_sourceCategory", message.getHeader("X-Sumo-Category", "", String.class));
        fields.put("_sourceName", message.getHeader("X-Sumo-Name", "", String.class));
        fields.put("_sourceHost", message.getHeader("X-Sumo-Host", "", String.class));
        for (String line : text(message).split("\n")) {
            JsonNode event = json.readTree(line);
            Instant timestamp = timestamp(event.path("timestamp").asText());
            ObjectNode shown = json.createObjectNode();
            shown.put("arrived", now.toString());
            shown.put("took", timestamp == null ? "" : Duration.between(timestamp, now).toMillis() + " ms");
            shown.put("lane", fields.get("lane"));
            shown.put("group", fields.get("group"));
            shown.put("category", fields.get("_sourceCategory"));
            shown.put("name", fields.get("_sourceName"));
            shown.put("host", fields.get("_sourceHost"));
            shown.set("message", event);
            store(new Stored(
                    new LogMessage((timestamp == null ? now : timestamp).toEpochMilli(), line, fields), shown));
        }
    }

    private static String text(Message message) throws IOException {
        InputStream body = message.getBody(InputStream.class);
        try (InputStream text = switch (message.getHeader("Content-Encoding", "none", String.class)) {
            case "gzip" -> new GZIPInputStream(body);
            case "deflate" -> new InflaterInputStream(body);
            default -> body;
        }) {
            return new String(text.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, String> fields(String header) {
        return Arrays.stream(header.split(",")).map(field -> field.trim().split("=", 2))
                .filter(field -> field.length == 2)
                .collect(Collectors.toMap(field -> field[0], field -> field[1]));
    }

    private static Instant timestamp(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    private synchronized void store(Stored message) {
        messages.addFirst(message);
        if (messages.size() > STORED) {
            messages.removeLast();
        }
    }

    /** Returns the latest messages as a JSON array, one a line, the newest first. */
    public synchronized String messages() {
        return messages.stream().limit(SHOWN).map(message -> message.shown.toString())
                .collect(Collectors.joining(",\n", "[", "]"));
    }

    /** Returns all stored messages, the newest first. */
    synchronized List<LogMessage> logMessages() {
        return messages.stream().map(Stored::message).toList();
    }
}
