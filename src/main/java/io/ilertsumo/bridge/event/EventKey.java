package io.ilertsumo.bridge.event;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

/** The key of an event: the first 128 bits of the SHA-256 of its event ID, or of a body that is no event. */
public final class EventKey {

    /** Bytes of a key. */
    public static final int BYTES = 16;

    private EventKey() {
    }

    /** The key of an event. */
    public static byte[] of(String eventId) {
        return of(eventId.getBytes(StandardCharsets.UTF_8));
    }

    /** The key of a body that is no event. */
    public static byte[] of(byte[] body) {
        return Arrays.copyOf(sha256(body), BYTES);
    }

    /**
     * The digest of a JSON object, the same in whatever order its names come, at each level, and however its texts are
     * escaped. Of names that occur twice the last counts, and a number is its text.
     *
     * @param line valid JSON, nested at most {@link Event#MAX_DEPTH} levels
     */
    static String digest(byte[] line) {
        try (JsonParser parser = Event.JSON.createParser(line)) {
            parser.nextToken();
            return digest(canonical(parser));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The current value as a text: no other value has it, since each text in it has its length in front. */
    private static String canonical(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        if (!token.isStructStart()) {
            return token == JsonToken.VALUE_STRING ? withLength(parser.getText()) : parser.getText();
        }
        Map<String, String> fields = new TreeMap<>();
        List<String> elements = new ArrayList<>();
        while (!parser.nextToken().isStructEnd()) {
            if (parser.currentToken() == JsonToken.FIELD_NAME) {
                String name = withLength(parser.currentName());
                parser.nextToken();
                fields.put(name, canonical(parser));
            } else {
                elements.add(canonical(parser));
            }
        }
        String text = token == JsonToken.START_OBJECT ? fields.toString() : elements.toString();
        // or each level would copy it
        return text.length() < 1000 ? text : '#' + digest(text);
    }

    private static String withLength(String text) {
        return text.length() + "\"" + text;
    }

    /** Of the characters: UTF-8 lacks lone surrogates. */
    private static String digest(String text) {
        ByteBuffer bytes = ByteBuffer.allocate(Character.BYTES * text.length());
        bytes.asCharBuffer().put(text);
        return HexFormat.of().formatHex(sha256(bytes.array()));
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
