package io.ilertsumo.bridge.standin;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
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
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

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

    private static final int REMEMBERED = 500;
    private static final Logger LOG = LoggerFactory.getLogger(StandIn.class);

    private final ObjectMapper json = new ObjectMapper();
    private final Deque<ObjectNode> messages = new ArrayDeque<>();

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
        for (String line : message.getBody(String.class).split("\n")) {
            ObjectNode remembered = json.createObjectNode();
            remembered.put("arrived", now.toString());
            var event = json.readTree(line);
            remembered.put("took", took(event.path("timestamp").asText(), now));
            remembered.put("lane", fields.get("lane"));
            remembered.put("group", fields.get("group"));
            remembered.put("category", message.getHeader("X-Sumo-Category", String.class));
            remembered.put("name", message.getHeader("X-Sumo-Name", String.class));
            remembered.put("host", message.getHeader("X-Sumo-Host", String.class));
            remembered.set("message", event);
            remember(remembered);
        }
    }

    private static Map<String, String> fields(String header) {
        return Arrays.stream(header.split(",")).map(field -> field.trim().split("=", 2))
                .filter(field -> field.length == 2)
                .collect(Collectors.toMap(field -> field[0], field -> field[1]));
    }

    private static String took(String timestamp, Instant now) {
        try {
            return Duration.between(Instant.parse(timestamp), now).toMillis() + " ms";
        } catch (DateTimeParseException e) {
            return "";
        }
    }

    private synchronized void remember(ObjectNode message) {
        messages.addFirst(message);
        if (messages.size() > REMEMBERED) {
            messages.removeLast();
        }
    }

    /** The last messages as a JSON array, one a line, the newest first. */
    public synchronized String messages() {
        return messages.stream().map(ObjectNode::toString).collect(Collectors.joining(",\n", "[", "]"));
    }
}
