package io.ilertsumo.bridge.event;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

/**
 * Takes fields out of events, or puts hashes in the place of their values. All else stays byte for byte as it was.
 * Immutable, thread-safe.
 */
public final class Redaction {

    private static final String NAME = "[\\p{L}\\p{N}_-]+(\\[\\*])*";
    private static final Pattern PATH = Pattern.compile(NAME + "(\\." + NAME + ")*");
    private static final Pattern BETWEEN_PARTS = Pattern.compile("\\.|(?=\\[)");
    /** Half of a SHA-256: no two people have the same by chance. */
    private static final int HASH_BYTES = 16;
    private static final byte[] NOTHING = {};

    private final Place event = new Place();
    private static final Pattern HASHED = Pattern.compile("(hmac-)?sha256:[0-9a-f]{32}");

    private final boolean hash;
    private final Optional<SecretKeySpec> key;

    /** A place in events that a path leads to or through. */
    private static final class Place {
        /** Below an object by name; below an array by {@code null}, whichever the element. */
        final Map<String, Place> below = new HashMap<>();
        boolean redacted;
    }

    /**
     * Reads the settings of the same names.
     *
     * @param  fields                   {@code bridge.redact}: paths, separated by commas, or {@code none}
     * @param  mode                     {@code bridge.redact-mode}: {@code remove} or {@code hash}
     * @param  key                      {@code bridge.redact-key}: secret that hashes are made with; without it, whoever
     *                                  guesses a value can tell its hash
     * @throws IllegalArgumentException if a path or the mode is none; the message says so of each
     */
    public Redaction(String fields, String mode, Optional<String> key) {
        List<String> wrong = new ArrayList<>();
        for (String path : fields.equals("none") ? new String[0] : fields.split(",", -1)) {
            if (PATH.matcher(path.strip()).matches()) {
                Place place = event;
                for (String part : BETWEEN_PARTS.split(path.strip())) {
                    place = place.below.computeIfAbsent(part.equals("[*]") ? null : part, p -> new Place());
                }
                place.redacted = true;
            } else {
                wrong.add("BRIDGE_REDACT has '" + path + "', which is not a path such as responders[*].user.email");
            }
        }
        if (!mode.equals("remove") && !mode.equals("hash")) {
            wrong.add("BRIDGE_REDACT_MODE is neither remove nor hash: " + mode);
        }
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException(String.join(". ", wrong));
        }
        this.hash = mode.equals("hash");
        this.key = key.map(secret -> new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    }

    /**
     * Redacts an event. Where a path leads to nothing, nothing happens; where a name is there twice, both are redacted.
     * With hashes, {@code null} stays, and a text has the same hash however it is escaped, as has a number written so.
     *
     * @param  line                     a JSON object
     * @return                          the same array if there is nothing to redact
     * @throws UnreadableEventException if it is not JSON
     */
    public byte[] redact(byte[] line) throws UnreadableEventException {
        try (Pass pass = new Pass(line)) {
            return pass.redacted();
        } catch (IOException e) {
            // the parser's own message quotes the content
            throw new UnreadableEventException("The event to redact is not valid JSON");
        }
    }

    /** One way through an event. */
    private final class Pass implements AutoCloseable {

        private final byte[] line;
        private final JsonParser parser;
        private final ByteArrayOutputStream out;
        private int copied;

        Pass(byte[] line) throws IOException {
            this.line = line;
            this.parser = Event.JSON.createParser(line);
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

        /** From the start of an object or array to its end. As deep as the paths are, however deep the event is. */
        private void redactBelow(Place place) throws IOException {
            boolean first = true;
            boolean anyKept = false;
            for (JsonToken token = parser.nextToken(); !token.isStructEnd(); token = parser.nextToken()) {
                int start = startOfToken();
                if (token == JsonToken.FIELD_NAME) {
                    parser.nextToken();
                }
                Place here = place.below.get(parser.currentName());
                boolean redacted = here != null && here.redacted;
                if (redacted && !hash) {
                    replace(first ? start : commaBefore(start), endOfValue(), NOTHING);
                } else {
                    if (!first && !anyKept) {
                        replace(commaBefore(start), start, NOTHING);
                    }
                    anyKept = true;
                    if (redacted) {
                        redactValue();
                    } else if (here == null) {
                        parser.skipChildren();
                    } else if (parser.currentToken().isStructStart()) {
                        redactBelow(here);
                    }
                }
                first = false;
            }
        }

        private void redactValue() throws IOException {
            if (parser.currentToken() == JsonToken.VALUE_NULL) {
                return;
            }
            int start = startOfToken();
            // an escaped text is the same text
            byte[] text = parser.currentToken().isStructStart()
                    ? null
                    : parser.getText().getBytes(StandardCharsets.UTF_8);
            int end = endOfValue();
            replace(start, end, hash(text == null ? Arrays.copyOfRange(line, start, end) : text));
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

        private void replace(int start, int end, byte[] replacement) {
            out.write(line, copied, start - copied);
            out.writeBytes(replacement);
            copied = end;
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }

    /** A JSON string. */
    private byte[] hash(byte[] value) {
        if (HASHED.matcher(new String(value, StandardCharsets.UTF_8)).matches()) {
            // before it became a dead letter
            return ('"' + new String(value, StandardCharsets.UTF_8) + '"').getBytes(StandardCharsets.US_ASCII);
        }
        try {
            byte[] hashed;
            if (key.isPresent()) {
                Mac mac = Mac.getInstance("HmacSHA256");
                mac.init(key.get());
                hashed = mac.doFinal(value);
            } else {
                hashed = MessageDigest.getInstance("SHA-256").digest(value);
            }
            String name = key.isPresent() ? "hmac-sha256" : "sha256";
            return ('"' + name + ':' + HexFormat.of().formatHex(hashed, 0, HASH_BYTES) + '"')
                    .getBytes(StandardCharsets.US_ASCII);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has SHA-256 and HmacSHA256", e);
        }
    }
}
