package io.ilertsumo.bridge.event;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/**
 * An iLert event: one JSON object, read in one pass for the few fields that the routes use. The line is the body byte
 * for byte, without the white space between tokens: no value is parsed and written again, so none can change.
 *
 * @param id       {@code eventId} as sent; where it is missing, empty or not Unicode (a lone surrogate),
 *                 {@code sha256:} and the {@link EventKey#digest digest} of the event
 * @param type     {@code eventType} as sent; may be {@code null}
 * @param priority {@code priority} as sent; may be {@code null}
 * @param alert    {@code id} as sent, the same for all events of one alert; may be {@code null}. In this field, the
 *                 type and the priority, a lone surrogate is read as a question mark
 * @param line     the event as one line of UTF-8
 */
public record Event(String id, String type, String priority, String alert, byte[] line) {

    /** The longest line in bytes that Sumo Logic does not slice. */
    public static final int MAX_MESSAGE_BYTES = 65_536;

    /** The deepest nesting that is read. Events of iLert have 4 levels. */
    static final int MAX_DEPTH = 200;

    static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    // the size of the body bounds all of these
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            // interned names would stay in memory, and the sender chooses them
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    /**
     * Reads an event.
     *
     * @param  body                     UTF-8, with or without a byte order mark; is not changed
     * @throws UnreadableEventException if it is empty, not JSON, not UTF-8, not an object or nested too deep
     */
    public static Event read(byte[] body) throws UnreadableEventException {
        int start = start(body);
        if (start == body.length) {
            throw new UnreadableEventException(400, "The body is empty");
        }
        // the parser would read a zero as a sign of UTF-16 or UTF-32
        if (body[start] != '{' || start + 1 < body.length && body[start + 1] == 0) {
            throw new UnreadableEventException(400, "The body is not a JSON object in UTF-8");
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
                throw new UnreadableEventException(400, "There is more than one JSON value in the body");
            }
        } catch (StreamConstraintsException e) {
            throw new UnreadableEventException(400, "The body is nested deeper than " + MAX_DEPTH + " levels");
        } catch (JsonProcessingException e) {
            // the parser's own message quotes the content
            throw new UnreadableEventException(400,
                    "The body is not valid JSON, at byte " + (start + e.getLocation().getByteOffset()));
        } catch (IOException e) {
            throw new UnreadableEventException(400, "The body can't be read");
        }
        byte[] line = line(body, start);
        // where UTF-8 can't encode an ID, two IDs could have the same bytes, and one event pass for the other's duplicate
        boolean identified = id != null && !id.isEmpty() && id.equals(unicode(id));
        return new Event(identified ? id : "sha256:" + EventKey.digest(line), unicode(type), unicode(priority),
                unicode(alert), line);
    }

    private static String text(JsonParser parser, JsonToken value) throws IOException {
        parser.skipChildren();
        return value.isStructStart() || value == JsonToken.VALUE_NULL ? null : parser.getText();
    }

    /** The text that UTF-8 can encode: with a question mark for a lone surrogate. */
    private static String unicode(String text) {
        return text == null ? null : new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    /** The position of the first token, behind a byte order mark and white space. */
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

    /** Removes the white space between the tokens of valid JSON; returns the same array if there is none. */
    private static byte[] line(byte[] body, int start) throws UnreadableEventException {
        byte[] line = body;
        int end = 0;
        int bits = 0;
        boolean inString = false;
        boolean escaped = false;
        for (int i = start; i < body.length; i++) {
            byte b = body[i];
            bits |= b;
            if (!inString && isWhite(b)) {
                continue;
            }
            if (b == '"' && !escaped) {
                inString = !inString;
            }
            escaped = b == '\\' && !escaped;
            if (end < i) {
                line = line == body ? body.clone() : line;
                line[end] = b;
            }
            end++;
        }
        if (bits < 0 && !ByteBufUtil.isText(Unpooled.wrappedBuffer(body), StandardCharsets.UTF_8)) {
            throw new UnreadableEventException(400, "The body is not UTF-8");
        }
        return end == body.length ? body : Arrays.copyOf(line, end);
    }
}
