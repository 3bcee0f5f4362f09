package io.ilertsumo.bridge.event;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.eclipse.microprofile.config.inject.ConfigProperty;

import io.quarkus.runtime.configuration.MemorySize;

/**
 * Puts the event as one line into the message's body, and what the routes look at into its headers. A body with
 * {@code Content-Encoding} {@code gzip} or {@code deflate} is decompressed, as far as the limit for bodies goes.
 */
@ApplicationScoped
@Named("readEvent")
public class EventReader implements Processor {

    private final int maxBodySize;

    EventReader(@ConfigProperty(name = "bridge.max-body-size") MemorySize maxBodySize) {
        this.maxBodySize = Math.toIntExact(maxBodySize.asLongValue());
    }

    @Override
    public void process(Exchange exchange) throws UnreadableEventException {
        Message message = exchange.getMessage();
        byte[] body = message.getBody(byte[].class);
        String encoding = message.getHeader(Exchange.CONTENT_ENCODING, String.class);
        Event event = Event.read(body == null ? new byte[0] : encoding == null ? body : decompress(body, encoding));
        message.setBody(event.line());
        message.setHeader("eventId", event.id());
        message.setHeader("eventType", event.type());
        message.setHeader("priority", event.priority());
        message.setHeader("alertId", event.alert());
    }

    private byte[] decompress(byte[] body, String encoding) throws UnreadableEventException {
        byte[] read;
        try (InputStream in = open(new ByteArrayInputStream(body), encoding)) {
            read = in.readNBytes(maxBodySize + 1);
        } catch (IOException e) {
            throw new UnreadableEventException("The body can't be decompressed as " + encoding + " says");
        }
        if (read.length > maxBodySize) {
            throw new EventTooLargeException("The body is larger than " + maxBodySize + " bytes");
        }
        return read;
    }

    private static InputStream open(InputStream body, String encoding) throws IOException {
        return switch (encoding) {
            case "gzip" -> new GZIPInputStream(body);
            case "deflate" -> new InflaterInputStream(body);
            default -> body;
        };
    }
}
