package io.ilertsumo.bridge.event;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.quarkus.main.events.BeforeConfigure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.BridgeSettings.RedactMode;
import io.quarkus.runtime.configuration.ConfigurationException;

/**
 * Redacts the event in the message's body: removes fields, or replaces their values by hashes. All other values stay byte
 * for byte as they were, and so do the headers, except {@code size}. Warns once of each path that has matched nothing in the
 * first {@value #TRIAL} events, since its spelling may be wrong. Thread-safe.
 */
@ApplicationScoped
@Named("redact")
public class Redaction implements Processor {

    private static final Logger LOG = LoggerFactory.getLogger(Redaction.class);
    private static final int TRIAL = 1000;
    private static final String NAME = "[\\p{L}\\p{N}_-]+(\\[\\*])*";
    private static final Pattern PATH = Pattern.compile(NAME + "(\\." + NAME + ")*");
    private static final Pattern BETWEEN_PARTS = Pattern.compile("\\.|(?=\\[)");
    private static final Pattern HASHED = Pattern.compile("(hmac-)?sha256:[0-9a-f]{32}");

    private final Place event = new Place();
    /** The paths that have matched nothing in any event so far. */
    final Set<String> unmatched = ConcurrentHashMap.newKeySet();
    private final RedactMode mode;
    private final Optional<SecretKeySpec> key;
    private final AtomicInteger events = new AtomicInteger();

    /** A place in events that a path leads to or through. */
    private static final class Place {
        /** By name below an object; by {@code null} for every element of an array. */
        final Map<String, Place> below = new HashMap<>();
        /** The path that ends here, if one does. */
        String path;
    }

    /** @throws ConfigurationException if a path is not valid or another one covers it; the message names each */
    Redaction(BridgeSettings settings) {
        mode = settings.redactMode();
        key = settings.redactKey()
                .map(secret -> new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        String paths = settings.redact();
        List<String> errors = new ArrayList<>();
        // a path that covers another is shorter
        Stream.of(paths.equals("none") ? new String[0] : paths.split(",", -1)).map(String::strip)
                .sorted(Comparator.comparing(String::length)).forEach(path -> add(path, errors));
        if (!errors.isEmpty()) {
            throw new ConfigurationException(String.join(". ", errors));
        }
    }

    private void add(String path, List<String> errors) {
        if (!PATH.matcher(path).matches()) {
            errors.add("BRIDGE_REDACT has '" + path + "', which is not a path such as responders[*].user.email");
            return;
        }
        Place place = event;
        for (String part : BETWEEN_PARTS.split(path)) {
            place = place.below.computeIfAbsent(part.equals("[*]") ? null : part, name -> new Place());
            if (place.path != null) {
                errors.add("BRIDGE_REDACT has '" + path + "', which '" + place.path + "' already covers");
                return;
            }
        }
        place.path = path;
        unmatched.add(path);
    }

    void validate(@Observes BeforeConfigure starting) {
        // the constructor did, before any route is built
    }

    @Override
    public void process(Exchange exchange) throws UnreadableEventException {
        Message message = exchange.getMessage();
        byte[] redacted = redact(message.getBody(byte[].class));
        message.setBody(redacted);
        message.setHeader("size", redacted.length);
        if (events.get() < TRIAL && events.incrementAndGet() == TRIAL) {
            unmatched.forEach(path -> LOG.warn("The path {} of BRIDGE_REDACT matched nothing in the first {} events. "
                    + "Check its spelling; redaction continues", path, TRIAL));
        }
    }

    /**
     * Redacts an event. Where a name occurs twice, both are redacted. With hashes, {@code null} stays, and a text has the
     * same hash however it is escaped.
     *
     * @param  line                     a JSON object
     * @return                          one line; the same array if there is nothing to redact
     * @throws UnreadableEventException if it is not JSON
     */
    byte[] redact(byte[] line) throws UnreadableEventException {
        if (event.below.isEmpty()) {
            return line;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(line.length);
        try (JsonParser parser = Event.JSON.createParser(line); JsonGenerator copy = Event.JSON.createGenerator(out)) {
            if (parser.nextToken() != JsonToken.START_OBJECT || !copy(line, parser, copy, event)) {
                return line;
            }
        } catch (IOException e) {
            // the parser's own message quotes the content
            throw new UnreadableEventException(400, "The event to redact is not valid JSON");
        }
        return out.toByteArray();
    }

    /** Copies the object or array at a place, and returns whether anything was redacted in it. */
    private boolean copy(byte[] line, JsonParser parser, JsonGenerator copy, Place place) throws IOException {
        boolean changed = false;
        copy.copyCurrentEvent(parser);
        while (!parser.nextToken().isStructEnd()) {
            String name = parser.currentName();
            JsonToken value = name == null ? parser.currentToken() : parser.nextToken();
            Place here = place.below.get(name);
            boolean match = here != null && here.path != null;
            if (match) {
                unmatched.remove(here.path);
                changed = true;
            }
            if (match && mode == RedactMode.REMOVE) {
                parser.skipChildren();
                continue;
            }
            if (name != null) {
                copy.writeFieldName(name);
            }
            if (match && value != JsonToken.VALUE_NULL) {
                // an escaped text is the same text
                copy.writeString(hash(value == JsonToken.VALUE_STRING ? parser.getText() : raw(line, parser)));
            } else if (here != null && value.isStructStart()) {
                changed |= copy(line, parser, copy, here);
            } else {
                copy.writeRawValue(raw(line, parser));
            }
        }
        copy.copyCurrentEvent(parser);
        return changed;
    }

    /** Reads to the end of the current value, and returns it as it is written. */
    private static String raw(byte[] line, JsonParser parser) throws IOException {
        int start = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        parser.finishToken();
        int end = (int) parser.currentLocation().getByteOffset();
        return new String(line, start, end - start, StandardCharsets.UTF_8);
    }

    /** Half of a SHA-256: enough that no two people have the same hash by chance. */
    private String hash(String text) {
        // a replayed dead letter has been redacted before
        if (HASHED.matcher(text).matches()) {
            return text;
        }
        if (key.isEmpty()) {
            return "sha256:" + HexFormat.of().formatHex(EventKey.of(text));
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key.get());
            byte[] digest = mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
            return "hmac-sha256:" + HexFormat.of().formatHex(digest, 0, EventKey.BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has HmacSHA256", e);
        }
    }
}
