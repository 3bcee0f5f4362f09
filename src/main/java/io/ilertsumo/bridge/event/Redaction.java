package io.ilertsumo.bridge.event;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import io.ilertsumo.bridge.settings.BridgeSettings.RedactMode;

/**
 * Removes fields from events, or replaces their values by hashes. Everything else stays byte for byte as it was.
 * Thread-safe.
 */
public final class Redaction {

    private static final String NAME = "[\\p{L}\\p{N}_-]+(\\[\\*])*";
    private static final Pattern PATH = Pattern.compile(NAME + "(\\." + NAME + ")*");
    private static final Pattern BETWEEN_PARTS = Pattern.compile("\\.|(?=\\[)");
    private static final Pattern HASHED = Pattern.compile("(hmac-)?sha256:[0-9a-f]{32}");
    /** Half of a SHA-256: enough that no two people have the same hash by chance. */
    private static final int HASH_BYTES = 16;

    private final Place event = new Place();
    private final List<Place> redacted = new ArrayList<>();
    private final RedactMode mode;
    private final Optional<SecretKeySpec> key;

    /** A place in events that a path leads to or through. */
    private static final class Place {
        /** Places below an object by name; below an array by {@code null} for every element. */
        final Map<String, Place> below = new HashMap<>();
        /** The path that ends here, if one does. */
        String path;
        volatile boolean matched;
    }

    /**
     * Reads the settings of the same names.
     *
     * @param  paths                    {@code bridge.redact}: paths, separated by commas, or {@code none}
     * @param  mode                     {@code bridge.redact-mode}
     * @param  key                      {@code bridge.redact-key}: the secret that hashes are made with; without it, a
     *                                  hash can be found by hashing guessed values
     * @throws IllegalArgumentException if there is a path that is not valid or that another one covers; the message
     *                                  names each
     */
    public Redaction(String paths, RedactMode mode, Optional<String> key) {
        this.mode = mode;
        this.key = key.map(secret -> new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        List<String> errors = new ArrayList<>();
        // a path that covers another is shorter
        Stream.of(paths.equals("none") ? new String[0] : paths.split(",", -1)).map(String::strip)
                .sorted(Comparator.comparing(String::length)).forEach(path -> add(path, errors));
        if (!errors.isEmpty()) {
            throw new IllegalArgumentException(String.join(". ", errors));
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
                errors.add("BRIDGE_REDACT has '" + path + "', which '" + place.path + "' covers");
                return;
            }
        }
        place.path = path;
        redacted.add(place);
    }

    /** Returns the paths that have matched nothing in any event so far. */
    List<String> unmatched() {
        return redacted.stream().filter(place -> !place.matched).map(place -> place.path).toList();
    }

    /**
     * Redacts an event. A path that matches nothing changes nothing; where a name occurs twice, both are redacted. With
     * hashes, {@code null} stays, and a text has the same hash however it is escaped, as has a number written so.
     *
     * @param  line                     a JSON object
     * @return                          the same array if there is nothing to redact
     * @throws UnreadableEventException if it is not JSON
     */
    public byte[] redact(byte[] line) throws UnreadableEventException {
        if (redacted.isEmpty()) {
            return line;
        }
        try (JsonParser parser = Event.JSON.createParser(line)) {
            return new Pass(line, parser).redacted();
        } catch (IOException e) {
            // the parser's own message quotes the content
            throw new UnreadableEventException(400, "The event to redact is not valid JSON");
        }
    }

    /** One pass over an event. */
    private final class Pass {

        private final byte[] line;
        private final JsonParser parser;
        private final ByteArrayOutputStream out;
        private int copied;

        Pass(byte[] line, JsonParser parser) {
            this.line = line;
            this.parser = parser;
            this.out = new ByteArrayOutputStream(line.length);
        }

        byte[] redacted() throws IOException {
            if (parser.nextToken() == JsonToken.START_OBJECT) {
                redactBelow(event);
            }
            if (copied == 0) {
                return line;
            }
            out.write(line, copied, line.length - copied);
            return out.toByteArray();
        }

        /** From the start of an object or array to its end. Recurses as deep as the paths, however deep the event. */
        private void redactBelow(Place place) throws IOException {
            boolean first = true;
            boolean anyKept = false;
            for (JsonToken token = parser.nextToken(); !token.isStructEnd(); token = parser.nextToken()) {
                int start = startOfToken();
                if (token == JsonToken.FIELD_NAME) {
                    parser.nextToken();
                }
                Place here = place.below.get(parser.currentName());
                boolean match = here != null && here.path != null;
                if (match && !here.matched) {
                    here.matched = true;
                }
                if (match && mode == RedactMode.REMOVE) {
                    replace(first ? start : commaBefore(start), endOfValue(), "");
                } else {
                    if (!first && !anyKept) {
                        replace(commaBefore(start), start, "");
                    }
                    anyKept = true;
                    if (match) {
                        hashValue();
                    } else if (here == null) {
                        parser.skipChildren();
                    } else if (parser.currentToken().isStructStart()) {
                        redactBelow(here);
                    }
                }
                first = false;
            }
        }

        private void hashValue() throws IOException {
            if (parser.currentToken() == JsonToken.VALUE_NULL) {
                return;
            }
            int start = startOfToken();
            // an escaped text is the same text
            String text = parser.currentToken().isStructStart() ? null : parser.getText();
            int end = endOfValue();
            byte[] value = text == null ? Arrays.copyOfRange(line, start, end) : text.getBytes(StandardCharsets.UTF_8);
            // a replayed dead letter has been redacted before
            replace(start, end, '"' + (text != null && HASHED.matcher(text).matches() ? text : hash(value)) + '"');
        }

        private int startOfToken() {
            return (int) parser.currentTokenLocation().getByteOffset();
        }

        private int endOfValue() throws IOException {
            parser.skipChildren();
            parser.finishToken();
            return (int) parser.currentLocation().getByteOffset();
        }

        private int commaBefore(int start) {
            int comma = start - 1;
            while (line[comma] != ',') {
                comma--;
            }
            return comma;
        }

        private void replace(int start, int end, String replacement) {
            out.write(line, copied, start - copied);
            out.writeBytes(replacement.getBytes(StandardCharsets.US_ASCII));
            copied = end;
        }
    }

    private String hash(byte[] value) {
        if (key.isEmpty()) {
            return "sha256:" + HexFormat.of().formatHex(EventKey.sha256(value), 0, HASH_BYTES);
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key.get());
            return "hmac-sha256:" + HexFormat.of().formatHex(mac.doFinal(value), 0, HASH_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has HmacSHA256", e);
        }
    }
}
