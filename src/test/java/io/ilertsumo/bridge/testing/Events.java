package io.ilertsumo.bridge.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Events to send. */
public final class Events {

    public static final String KIM = "kim.doe@example.com";
    public static final String LEE = "lee.doe@example.com";

    private static final ObjectMapper JSON = new ObjectMapper();

    private Events() {
    }

    /** An id that no other event has. */
    public static String newId() {
        return UUID.randomUUID().toString();
    }

    /** An event of an alert of its own, minified. Type and priority are left out where they are {@code null}. */
    public static String event(String eventId, String type, String priority) {
        ObjectNode event = JSON.createObjectNode();
        event.put("id", eventId.substring(0, 8));
        event.put("summary", "Something is wrong");
        if (type != null) {
            event.put("eventType", type);
        }
        if (priority != null) {
            event.put("priority", priority);
        }
        return event.put("eventId", eventId).toString();
    }

    /** An event that goes to the lane express, with the addresses of {@link #KIM} and {@link #LEE}, minified. */
    public static String withPeople(String eventId) {
        String people = """
                ,"assignedTo":{"id":7,"email":"KIM","lastName":"Dö"},"responders":[\
                {"user":{"id":7,"email":"KIM"},"status":"ACCEPTED"},\
                {"user":{"id":8,"email":"LEE"},"status":"PENDING"}]}""";
        return express(eventId).replace("}", people.replace("KIM", KIM).replace("LEE", LEE));
    }

    /** An event that goes to the lane express, minified. */
    public static String express(String eventId) {
        return event(eventId, "alert-created", "HIGH");
    }

    /** An event that goes to the lane bulk, minified. */
    public static String bulk(String eventId) {
        return event(eventId, "alert-created", "LOW");
    }

    /** A bulk event of exactly that many bytes, minified. */
    public static String ofSize(String eventId, int bytes) {
        String event = "{\"eventId\":\"" + eventId + "\",\"details\":\"\"}";
        return event.replace("\"\"", '"' + "x".repeat(bytes - event.length()) + '"');
    }

    /** A sample as iLert sends it, pretty-printed. */
    public static String sample(String name) {
        try (InputStream in = Events.class.getResourceAsStream("/samples/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The body as {@code Content-Encoding} gzip or deflate has it. */
    public static byte[] compressed(String encoding, byte[] body) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (OutputStream out = "gzip".equals(encoding)
                ? new GZIPOutputStream(compressed)
                : new DeflaterOutputStream(compressed)) {
            out.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return compressed.toByteArray();
    }

    /** The ID of a minified event. */
    public static String id(String event) {
        return event.replaceFirst(".*\"eventId\":\"([^\"]*)\".*", "$1");
    }

    /** The same event over several lines. */
    public static String pretty(String event) {
        try {
            return JSON.readTree(event).toPrettyString();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
