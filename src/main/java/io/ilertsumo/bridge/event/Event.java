package io.ilertsumo.bridge.event;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;

/**
 * An iLert event: one JSON object, read in one pass for the few fields that the routes look at. The line is what came,
 * byte for byte, but for the white space between tokens: no value is parsed and written again, so none can change.
 *
 * @param id       {@code eventId} as sent, else {@code sha256:} and the digest of the line
 * @param type     {@code eventType} in today's spelling ({@code alert-…} for an older {@code incident-…}); may be
 *                 {@code null}
 * @param priority {@code priority} as sent; may be {@code null}
 * @param alert    {@code id} as sent, the same for all events of one alert; may be {@code null}
 * @param line     the event as one line of UTF-8
 */
public record Event(String id, String type, String priority, String alert, byte[] line) {

    /** Deeper nesting is refused: iLert's events have 4 levels. */
    static final int MAX_DEPTH = 200;

    static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    // the size of the body is the bound of all of these
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            // a sender could have any number of names kept for good
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    /**
     * Reads an event.
     *
     * @param  body                     UTF-8, with or without a byte order mark
     * @throws UnreadableEventException if it is empty, not JSON, not UTF-8 or not an object
     */
    public static Event read(byte[] body) throws UnreadableEventException {
        int start = start(body);
        if (start == body.length) {
            throw new UnreadableEventException("The body is empty");
        }
        // the parser would take a zero for a sign of UTF-16 or UTF-32
        if (body[start] != '{' || start + 1 < body.length && body[start + 1] == 0) {
            throw new UnreadableEventException("The body is not a JSON object in UTF-8");
        }
        String id = null;
        String type = null;
        String priority = null;
        String alert = null;
        try (JsonParser parser = JSON.createParser(body, start, body.length - start)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                switch (name) {
                    case "eventId" -> id = text(parser, value);
                    case "eventType" -> type = text(parser, value);
                    case "priority" -> priority = text(parser, value);
                    case "id" -> alert = text(parser, value);
                    default -> parser.skipChildren();
                }
            }
            if (parser.nextToken() != null) {
                throw new UnreadableEventException("There is more than one JSON value in the body");
            }
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            // the parser's own message quotes the content
            throw new UnreadableEventException(
                    "The body is not valid JSON" + (at == null ? "" : ", at byte " + (start + at.getByteOffset())));
        } catch (IOException e) {
            throw new UnreadableEventException("The body can't be read");
        }
        byte[] line = line(body, start);
        return new Event(id == null || id.isEmpty() ? digest(line) : id, today(type), priority, alert, line);
    }

    private static String text(JsonParser parser, JsonToken value) throws IOException {
        if (value.isStructStart()) {
            parser.skipChildren();
            return null;
        }
        return value.isScalarValue() && value != JsonToken.VALUE_NULL ? parser.getText() : null;
    }

    private static String today(String type) {
        if (type != null && type.startsWith("incident-")) {
            return "alert-" + type.substring("incident-".length());
        }
        if (type != null && type.startsWith("v-incident-")) {
            return "v-alert-" + type.substring("v-incident-".length());
        }
        return type;
    }

    /** Where the first token begins, behind a byte order mark and white space. */
    private static int start(byte[] body) {
        int start = body.length >= 3 && body[0] == (byte) 0xEF && body[1] == (byte) 0xBB && body[2] == (byte) 0xBF
                ? 3
                : 0;
        while (start < body.length && isWhite(body[start])) {
            start++;
        }
        return start;
    }

    private static boolean isWhite(byte b) {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }

    /** Takes out the white space between the tokens of valid JSON; the same array if there is none. */
    private static byte[] line(byte[] body, int start) throws UnreadableEventException {
        byte[] line = start == 0 ? body : Arrays.copyOfRange(body, start, body.length);
        int end = 0;
        int bits = 0;
        boolean inString = false;
        boolean escaped = false;
        for (int i = start; i < body.length; i++) {
            byte b = body[i];
            bits |= b;
            if (inString) {
                if (escaped) {
                    escaped = false;
                } else if (b == '\\') {
                    escaped = true;
                } else if (b == '"') {
                    inString = false;
                }
            } else if (isWhite(b)) {
                if (line == body) {
                    line = body.clone();
                }
                continue;
            } else if (b == '"') {
                inString = true;
            }
            if (line != body) {
                line[end] = b;
            }
            end++;
        }
        if (bits < 0) {
            requireUtf8(body);
        }
        return end == line.length ? line : Arrays.copyOf(line, end);
    }

    private static void requireUtf8(byte[] body) throws UnreadableEventException {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
        } catch (CharacterCodingException e) {
            throw new UnreadableEventException("The body is not UTF-8");
        }
    }

    private static String digest(byte[] line) {
        try {
            return "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(line));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
