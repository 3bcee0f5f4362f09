package io.ilertsumo.bridge.event;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Shortens the event in the message's body to {@value Event#MAX_MESSAGE_BYTES} bytes: cuts the text in {@code details}, and
 * marks its end. All else stays byte for byte. An event that is too long even without details stays as it is. Thread-safe.
 */
@ApplicationScoped
@Named("shortenEvent")
public class Shortener implements Processor {

    private static final byte[] MARKER = "… (shortened)".getBytes(StandardCharsets.UTF_8);

    private final Counter shortened;

    Shortener(MeterRegistry registry) {
        shortened = Counter.builder("bridge.events.shortened").description("Events whose details were cut")
                .register(registry);
    }

    @Override
    public void process(Exchange exchange) throws IOException {
        Message message = exchange.getMessage();
        byte[] line = message.getBody(byte[].class);
        byte[] shorter = shorten(line);
        if (shorter != line) {
            shortened.increment();
            message.setBody(shorter);
            message.setHeader("size", shorter.length);
        }
    }

    /** Returns the shortened event; the same array if it need not or can't be shortened. */
    static byte[] shorten(byte[] line) throws IOException {
        int start = 0;
        int end = 0;
        try (JsonParser parser = Event.JSON.createParser(line)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isDetails = "details".equals(parser.currentName());
                if (parser.nextToken() == JsonToken.VALUE_STRING && isDetails) {
                    start = (int) parser.currentTokenLocation().getByteOffset() + 1;
                    parser.finishToken();
                    end = (int) parser.currentLocation().getByteOffset() - 1;
                }
                parser.skipChildren();
            }
        }
        int max = start + Event.MAX_MESSAGE_BYTES - (line.length - (end - start)) - MARKER.length;
        if (line.length <= Event.MAX_MESSAGE_BYTES || end == 0 || max < start) {
            return line;
        }
        int cut = start;
        for (int next = start; next <= max; next += length(line, next)) {
            cut = next;
        }
        byte[] shorter = Arrays.copyOf(line, cut + MARKER.length + line.length - end);
        System.arraycopy(MARKER, 0, shorter, cut, MARKER.length);
        System.arraycopy(line, end, shorter, cut + MARKER.length, line.length - end);
        return shorter;
    }

    /** Bytes of the character or escape at a position in a text; a pair of surrogates is one. */
    private static int length(byte[] line, int at) {
        if (line[at] != '\\') {
            int first = line[at] & 0xFF;
            return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        } else if (line[at + 1] != 'u') {
            return 2;
        }
        String escape = new String(line, at + 2, 6, StandardCharsets.ISO_8859_1);
        return escape.matches("[dD][89abAB]..\\\\u") ? 12 : 6;
    }
}
