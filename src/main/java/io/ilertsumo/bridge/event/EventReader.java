package io.ilertsumo.bridge.event;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;

import io.ilertsumo.bridge.settings.BridgeSettings;

/**
 * Puts the event as one line into the message's body, and what the routes look at into its headers. A body with
 * {@code Content-Encoding} {@code gzip}, {@code x-gzip} or {@code deflate}, in any case, is decompressed, as far as the
 * limit for bodies goes.
 */
@ApplicationScoped
@Named("readEvent")
public class EventReader implements Processor {

    private final int maxBodySize;

    EventReader(BridgeSettings settings) {
        this.maxBodySize = Math.toIntExact(settings.maxBodySize().asLongValue());
    }

    @Override
    public void process(Exchange exchange) throws UnreadableEventException {
        Message message = exchange.getMessage();
        byte[] body = message.getBody(byte[].class);
        String encoding = message.getHeader(Exchange.CONTENT_ENCODING, String.class);
        Event event = Event
                .read(body == null ? new byte[0] : encoding == null ? body : decompress(body, encoding, maxBodySize));
        message.setBody(event.line());
        message.setHeader("eventId", event.id());
        message.setHeader("eventType", event.type());
        message.setHeader("priority", event.priority());
        message.setHeader("alertId", event.alert());
    }

    static byte[] decompress(byte[] body, String encoding, int maxBodySize) throws UnreadableEventException {
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
        return switch (encoding.toLowerCase(Locale.ROOT)) {
            case "gzip", "x-gzip" -> new GzipMembers(body);
            case "deflate" -> new InflaterInputStream(body);
            default -> body;
        };
    }

    /** The JDK's stream calls itself for each member that is empty, and a small body has room for thousands of them. */
    private static final class GzipMembers extends GZIPInputStream {

        private static final int MAX_EMPTY = 100;

        private int depth;

        GzipMembers(InputStream compressed) throws IOException {
            super(compressed);
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (depth > MAX_EMPTY) {
                throw new ZipException("Too many empty members");
            }
            depth++;
            try {
                return super.read(buffer, offset, length);
            } finally {
                depth--;
            }
        }
    }
}
