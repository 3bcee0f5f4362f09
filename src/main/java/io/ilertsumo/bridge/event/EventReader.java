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
 * Reads the event in the message's body: the body becomes one line, and the headers {@code eventId}, {@code eventType},
 * {@code priority}, {@code alertId} and {@code size}, its bytes, are set. A body with {@code Content-Encoding}
 * {@code gzip}, {@code x-gzip} or {@code deflate} is decompressed, up to {@code bridge.max-body-size}. Thread-safe.
 */
@ApplicationScoped
@Named("readEvent")
public class EventReader implements Processor {

    private final int maxBodySize;

    EventReader(BridgeSettings settings) {
        this.maxBodySize = Math.toIntExact(settings.maxBodySize().asLongValue());
    }

    /**
     * Reads the event of a message.
     *
     * @throws UnreadableEventException if the body is not an event, or has another type or encoding
     * @throws EventTooLargeException   if the decompressed body is larger than allowed
     */
    @Override
    public void process(Exchange exchange) throws UnreadableEventException, EventTooLargeException {
        Message message = exchange.getMessage();
        String type = message.getHeader(Exchange.CONTENT_TYPE, String.class);
        if (type != null && !type.toLowerCase(Locale.ROOT).contains("json")) {
            throw new UnreadableEventException(415, "Send application/json");
        }
        byte[] body = message.getBody(byte[].class);
        String encoding = message.getHeader(Exchange.CONTENT_ENCODING, String.class);
        Event event = Event
                .read(body == null ? new byte[0] : encoding == null ? body : decompress(body, encoding, maxBodySize));
        message.setBody(event.line());
        message.removeHeader(Exchange.CONTENT_TYPE);
        message.removeHeader(Exchange.CONTENT_ENCODING);
        message.setHeader("eventId", event.id());
        message.setHeader("eventType", event.type());
        message.setHeader("priority", event.priority());
        message.setHeader("alertId", event.alert());
        message.setHeader("size", event.line().length);
    }

    static byte[] decompress(byte[] body, String encoding, int maxBodySize)
            throws UnreadableEventException, EventTooLargeException {
        InputStream compressed = new ByteArrayInputStream(body);
        try (InputStream in = switch (encoding.toLowerCase(Locale.ROOT)) {
            case "gzip", "x-gzip" -> new GzipMembers(compressed);
            case "deflate" -> new InflaterInputStream(compressed);
            case "identity" -> compressed;
            default -> throw new UnreadableEventException(415,
                    "Send the body uncompressed, or with Content-Encoding gzip or deflate");
        }) {
            byte[] decompressed = in.readNBytes(maxBodySize + 1);
            if (decompressed.length > maxBodySize) {
                throw new EventTooLargeException("The body is larger than " + maxBodySize + " bytes");
            }
            return decompressed;
        } catch (IOException e) {
            throw new UnreadableEventException(400, "The body can't be decompressed as " + encoding);
        }
    }

    /** Limits the recursion of the JDK's stream, which calls itself for each empty member. */
    private static final class GzipMembers extends GZIPInputStream {

        private int depth;

        GzipMembers(InputStream compressed) throws IOException {
            super(compressed);
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (++depth > 100) {
                throw new ZipException("Too many empty members");
            }
            int read = super.read(buffer, offset, length);
            depth--;
            return read;
        }
    }
}
