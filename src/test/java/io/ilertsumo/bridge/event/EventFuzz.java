package io.ilertsumo.bridge.event;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.stream.JsonParser;

import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.provider.MethodSource;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

import io.ilertsumo.bridge.testing.Events;

/**
 * Searches for input that breaks the reading of events. It stores such input in {@code src/test/resources}, and every build
 * tries that again.
 */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class EventFuzz {

    private static final int MAX_BODY_SIZE = 10_000;

    @MethodSource("seeds")
    @DictionaryEntries({ "\"eventId\"", "\"eventType\"", "\"priority\"", "\"id\"", "incident-", "v-incident-", "true",
            "false", "null", "\\u00e9", "\\ud83d", "\\\"", "1e400", "-0.0", "[[", "{\"\":", "\u00e9", "\ud83d\udd25",
            "\ufeff" })
    @FuzzTest
    void isAnEventOrUnreadable(byte[] body) {
        byte[] before = body.clone();
        Event event = read(body);
        assertArrayEquals(before, body, "the body itself is changed");

        List<String> tokens = tokens(body);
        assertEquals(tokens != null, event != null, "it is an event for one parser and none for the other");
        if (event != null) {
            assertEquals(tokens, tokens(event.line()), "the line has another content");
            for (byte b : event.line()) {
                assertTrue(b < 0 || b >= ' ', "the line is more than one");
            }
            Event again = read(event.line());
            assertEquals(List.of(event.id(), "" + event.type(), "" + event.priority(), "" + event.alert()),
                    List.of(again.id(), "" + again.type(), "" + again.priority(), "" + again.alert()));
            assertArrayEquals(event.line(), again.line());
            for (String field : new String[]{ event.id(), event.type(), event.priority(), event.alert() }) {
                assertTrue(field == null || UTF_8.newEncoder().canEncode(field), "it can't be encoded");
            }
        }
        for (String encoding : List.of("gzip", "deflate")) {
            assertArrayEquals(body.length > MAX_BODY_SIZE ? null : body,
                    decompressed(Events.compressed(encoding, body), encoding));
            decompressed(body, encoding);
        }
    }

    static Stream<byte[]> seeds() {
        String event = Events.event(Events.newId(), "incident-created", "HIGH");
        return Stream.of(
                Stream.of(Events.sample("alert-created.json"), Events.sample("alert-auto-escalated.json"), event,
                        "\uFEFF {\"id\" : 1.50, \"eventId\":[], \"a\":{\"b\\n\":[true,null,{}]},\"priority\":\"\\u0041é\"}\n",
                        "{{alertId}}").map(text -> text.getBytes(UTF_8)),
                // no UTF-8, though it resembles it
                Stream.of("{\"a\":\"\u00C0\u00AF\"}", "{\"a\":\"\u00ED\u00A0\u0080\"}")
                        .map(text -> text.getBytes(ISO_8859_1)),
                Stream.of("gzip", "deflate").map(encoding -> Events.compressed(encoding, event.getBytes(UTF_8))))
                .flatMap(some -> some);
    }

    /** {@code null} if it is unreadable. */
    private static Event read(byte[] body) {
        try {
            return Event.read(body);
        } catch (UnreadableEventException e) {
            return null;
        }
    }

    /** {@code null} if it is unreadable or too large. */
    private static byte[] decompressed(byte[] body, String encoding) {
        try {
            byte[] read = EventReader.decompress(body, encoding, MAX_BODY_SIZE);
            assertTrue(read.length <= MAX_BODY_SIZE, "larger than allowed");
            return read;
        } catch (UnreadableEventException | EventTooLargeException e) {
            return null;
        }
    }

    /** All tokens as another parser reads them; {@code null} if it finds no JSON object in UTF-8, or too deep a one. */
    private static List<String> tokens(byte[] body) {
        String text;
        try {
            text = UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
        List<String> tokens = new ArrayList<>();
        int depth = 0;
        try (JsonParser parser = Json
                .createParser(new StringReader(text.startsWith("\uFEFF") ? text.substring(1) : text))) {
            while (parser.hasNext()) {
                JsonParser.Event token = parser.next();
                tokens.add(token.name());
                switch (token) {
                    case START_OBJECT, START_ARRAY -> depth++;
                    case END_OBJECT, END_ARRAY -> depth--;
                    case KEY_NAME, VALUE_STRING, VALUE_NUMBER -> tokens.add(parser.getString());
                    default -> {
                        // it has no text
                    }
                }
                if (depth > Event.MAX_DEPTH) {
                    return null;
                }
            }
        } catch (JsonException e) {
            return null;
        }
        return !tokens.isEmpty() && tokens.get(0).equals("START_OBJECT") ? tokens : null;
    }
}
