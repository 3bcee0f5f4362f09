package io.ilertsumo.bridge.standin;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.search.LogMessage;
import io.quarkus.arc.Unremovable;
import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * What a stand-in for Sumo Logic remembers: the last messages, with what the bridge told about them. Only in builds for
 * development, demo and test. Thread-safe.
 */
@ApplicationScoped
@Unremovable
@Named("standIn")
@RegisterForReflection
@IfBuildProfile(anyOf = { "dev", "demo", "test" })
public class StandIn implements Processor {

    /** Some of the page's weeks, and a day of reports. */
    private static final int REMEMBERED = 5_000;
    private static final int SHOWN = 500;
    private static final Logger LOG = LoggerFactory.getLogger(StandIn.class);

    private final ObjectMapper json = new ObjectMapper();
    private final Deque<Remembered> messages = new ArrayDeque<>();

    private record Remembered(LogMessage message, ObjectNode shown) {
    }

    void sayWhatToDo(@Observes StartupEvent started, @ConfigProperty(name = "quarkus.http.port") int port) {
        LOG.info("A stand-in for Sumo Logic is running. See http://localhost:{}/stand-in or, in a second terminal, run "
                + "routes/dev/send-samples.sh", port);
    }

    /** Remembers each line of the body. */
    @Override
    public void process(Exchange exchange) throws JsonProcessingException {
        Message message = exchange.getMessage();
        Instant now = Instant.now();
        Map<String, String> fields = fields(message.getHeader("X-Sumo-Fields", "", String.class));
        fields.put("_sourceCategory", message.getHeader("X-Sumo-Category", "", String.class));
        fields.put("_sourceName", message.getHeader("X-Sumo-Name", "", String.class));
        fields.put("_sourceHost", message.getHeader("X-Sumo-Host", "", String.class));
        for (String line : message.getBody(String.class).split("\n")) {
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
            remember(new Remembered(
                    new LogMessage((timestamp == null ? now : timestamp).toEpochMilli(), line, fields), shown));
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

    private synchronized void remember(Remembered message) {
        messages.addFirst(message);
        if (messages.size() > REMEMBERED) {
            messages.removeLast();
        }
    }

    /** The last messages as a JSON array, one a line, the newest first. */
    public synchronized String messages() {
        return messages.stream().limit(SHOWN).map(message -> message.shown.toString())
                .collect(Collectors.joining(",\n", "[", "]"));
    }

    /** All messages that are remembered, the newest first. */
    synchronized List<LogMessage> logMessages() {
        return messages.stream().map(Remembered::message).toList();
    }
}
