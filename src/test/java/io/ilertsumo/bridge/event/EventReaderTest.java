package io.ilertsumo.bridge.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.LogRecord;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.jboss.logmanager.LogContext;
import org.jboss.logmanager.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.BridgeSettings.RedactMode;
import io.ilertsumo.bridge.testing.Events;
import io.quarkus.runtime.configuration.MemorySize;

/** The two steps of the routes that read and redact an event. */
class EventReaderTest {

    private static final int MAX_BODY_SIZE = 1000;
    private static final String EVENT = "{\"eventId\":\"e\",\"eventType\":\"alert-created\",\"priority\":\"LOW\",\"id\":7}";

    private final EventReader reader = new EventReader(settings());
    private final Exchange exchange = new DefaultExchange(new DefaultCamelContext());
    private final Message message = exchange.getMessage();

    @Test
    void theBodyBecomesOneLineAndTheFieldsBecomeHeaders() throws Exception {
        message.setBody(Events.pretty(EVENT));

        reader.process(exchange);

        assertEquals(EVENT, message.getBody(String.class));
        assertEquals("e", message.getHeader("eventId"));
        assertEquals("alert-created", message.getHeader("eventType"));
        assertEquals("LOW", message.getHeader("priority"));
        assertEquals("7", message.getHeader("alertId"));
    }

    @Test
    void headersOfFieldsThatAreMissingAreRemoved() throws Exception {
        for (String header : List.of("eventType", "priority", "alertId")) {
            message.setHeader(header, "of a dead letter");
        }
        message.setBody("{}");

        reader.process(exchange);

        assertEquals(null, message.getHeader("eventType"));
        assertEquals(null, message.getHeader("priority"));
        assertEquals(null, message.getHeader("alertId"));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = { "application/json", "APPLICATION/JSON; charset=x", "text/json", "application/x+json" })
    void aTypeThatContainsJsonOrIsMissingIsAccepted(String type) throws Exception {
        message.setHeader(Exchange.CONTENT_TYPE, type);
        message.setBody(EVENT);

        reader.process(exchange);

        assertEquals("e", message.getHeader("eventId"));
    }

    @ParameterizedTest
    @ValueSource(strings = { "", " ", "text/plain", "application/octet-stream", "marker" })
    void anotherTypeIsUnsupported(String type) {
        message.setHeader(Exchange.CONTENT_TYPE, type);
        message.setBody(EVENT);

        isUnreadable(415, "Send application/json");
        assertEquals(EVENT, message.getBody(), "the body stays for the dead letter");
    }

    @ParameterizedTest
    @ValueSource(strings = { "gzip", "GZip", "x-gzip", "deflate", "DEFLATE", "identity", "Identity" })
    void aBodyIsDecompressedByItsEncoding(String encoding) throws Exception {
        message.setHeader(Exchange.CONTENT_ENCODING, encoding);
        byte[] body = EVENT.getBytes(UTF_8);
        message.setBody(encoding.equalsIgnoreCase("identity")
                ? body
                : Events.compressed(encoding.equalsIgnoreCase("deflate") ? "deflate" : "gzip", body));

        reader.process(exchange);

        assertEquals(EVENT, message.getBody(String.class));
    }

    @ParameterizedTest
    @ValueSource(strings = { "", " ", "br", "zstd", "gzip,gzip", "gzip, identity", "gzip;q=1", "xgzip", "marker" })
    void anotherEncodingIsUnsupported(String encoding) {
        message.setHeader(Exchange.CONTENT_ENCODING, encoding);
        message.setBody(Events.compressed("gzip", EVENT.getBytes(UTF_8)));

        isUnreadable(415, "Send the body uncompressed, or with Content-Encoding gzip or deflate");
    }

    @Test
    void aBodyThatIsNotAnEventIsUnreadable() {
        message.setBody(null);
        isUnreadable(400, "The body is empty");
        message.setBody("marker");
        isUnreadable(400, "The body is not a JSON object in UTF-8");
        message.setHeader(Exchange.CONTENT_ENCODING, "gzip");
        isUnreadable(400, "The body can't be decompressed as gzip");
    }

    @ParameterizedTest
    @ValueSource(strings = { "gzip", "deflate" })
    void decompressionIsBounded(String encoding) throws Exception {
        byte[] largest = Events.compressed(encoding, new byte[MAX_BODY_SIZE]);
        byte[] larger = Events.compressed(encoding, new byte[MAX_BODY_SIZE + 1]);
        byte[] bomb = Events.compressed(encoding, new byte[100 * 1024 * 1024]);

        assertArrayEquals(new byte[MAX_BODY_SIZE], EventReader.decompress(largest, encoding, MAX_BODY_SIZE));
        for (byte[] body : List.of(larger, bomb)) {
            message.setHeader(Exchange.CONTENT_ENCODING, encoding);
            message.setBody(body);
            Exception e = assertThrows(Exception.class, () -> reader.process(exchange));
            assertEquals(EventTooLargeException.class, e.getClass());
            assertEquals("The body is larger than 1000 bytes", e.getMessage());
        }
    }

    @Test
    void emptyMembersAreReadToABound() throws Exception {
        byte[] empty = Events.compressed("gzip", new byte[0]);
        ByteArrayOutputStream members = new ByteArrayOutputStream();
        for (int i = 0; i < 50; i++) {
            members.writeBytes(empty);
        }
        members.writeBytes(Events.compressed("gzip", EVENT.getBytes(UTF_8)));
        assertArrayEquals(EVENT.getBytes(UTF_8), EventReader.decompress(members.toByteArray(), "gzip", MAX_BODY_SIZE));

        for (int i = 0; i < 50_000; i++) {
            members.writeBytes(empty);
        }
        UnreadableEventException e = assertThrows(UnreadableEventException.class,
                () -> EventReader.decompress(members.toByteArray(), "gzip", MAX_BODY_SIZE));
        assertEquals(400, e.getStatus());
    }

    @Test
    void eachKindOfFailureHasAClassOfItsOwn() {
        assertFalse(UnreadableEventException.class.isAssignableFrom(EventTooLargeException.class));
    }

    // redaction

    @Test
    void aPathThatMatchesNothingIsLoggedOnceAfterAThousandEvents() throws Exception {
        Redaction redaction = new Redaction(settings());
        List<String> warnings = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord logged) {
                warnings.add(logged.getLevel() + " " + List.of(logged.getParameters()));
            }

            @Override
            public void flush() {
                // nothing is buffered
            }

            @Override
            public void close() {
                // nothing is open
            }
        };
        Logger log = LogContext.getLogContext().getLogger(Redaction.class.getName());
        log.addHandler(handler);
        try {
            for (int i = 1; i < 3000; i++) {
                message.setBody("{\"a\":1,\"c\":2}");
                redaction.process(exchange);
                assertEquals("{\"c\":2}", message.getBody(String.class));
                assertEquals(i < 1000 ? 0 : 2, warnings.size(), "after " + i);
            }
        } finally {
            log.removeHandler(handler);
        }
        assertEquals(Set.of("WARN [b, 1000]", "WARN [c.d, 1000]"), Set.copyOf(warnings));
    }

    private void isUnreadable(int status, String reason) {
        UnreadableEventException e = assertThrows(UnreadableEventException.class, () -> reader.process(exchange));
        assertEquals(reason, e.getMessage());
        assertEquals(status, e.getStatus());
    }

    private static BridgeSettings settings() {
        return (BridgeSettings) Proxy.newProxyInstance(EventReaderTest.class.getClassLoader(),
                new Class<?>[]{ BridgeSettings.class }, (proxy, setting, none) -> switch (setting.getName()) {
                    case "maxBodySize" -> new MemorySize(BigInteger.valueOf(MAX_BODY_SIZE));
                    case "redact" -> "a,b,c.d";
                    case "redactMode" -> RedactMode.REMOVE;
                    case "redactKey" -> Optional.empty();
                    default -> throw new IllegalArgumentException(setting.getName());
                });
    }
}
