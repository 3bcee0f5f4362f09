package io.ilertsumo.bridge.deadletter;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.support.AsyncProcessorSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.delivery.TokenMask;
import io.ilertsumo.bridge.lane.LaneConstants;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

/**
 * Keeps the message's body as a dead letter, with what the headers say about it: {@code reason},
 * {@code detail}, {@code answer} and, as far as they are known, the event's coordinates. The exchange goes on once it
 * is safely stored.
 */
@ApplicationScoped
@Named("keepDeadLetter")
public class DeadLetterKeeper extends AsyncProcessorSupport {

    private static final int ANSWER_CHARACTERS = 1000;
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetterKeeper.class);

    private final MeterRegistry registry;
    private final TokenMask mask;
    private final DeadLetterStore store;

    DeadLetterKeeper(DeadLetterStore store, MeterRegistry registry, TokenMask mask) {
        this.store = store;
        this.registry = registry;
        this.mask = mask;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        Message message = exchange.getMessage();
        byte[] body = message.getBody(byte[].class);
        Undeliverable letter = new Undeliverable(
                message.getHeader("reason", String.class),
                message.getHeader("detail", String.class),
                message.getHeader("status", Integer.class),
                excerpt(message.getHeader("answer", String.class)),
                message.getHeader(LaneConstants.EVENT_ID, String.class),
                message.getHeader("eventType", String.class),
                message.getHeader(LaneConstants.LANE, String.class),
                message.getHeader(LaneConstants.GROUP, String.class),
                message.getHeader(Exchange.CONTENT_ENCODING, String.class),
                body == null ? new byte[0] : body);
        store.keep(letter,
                (repeated, failure) -> {
                    if (failure == null) {
                        registry.counter("bridge.dead.letters", Tags.of("reason", letter.reason())).increment();
                        LOG.warn("Kept a dead letter, reason {}: {}", letter.reason(), letter.detail());
                    } else {
                        exchange.setException(failure);
                    }
                    callback.done(false);
                });
        return false;
    }

    /** Whatever answers for Sumo Logic may say which URL it was that was called. */
    private String excerpt(String answer) {
        if (answer == null || answer.isEmpty()) {
            return null;
        }
        String shown = mask.mask(answer);
        return shown.substring(0, Math.min(ANSWER_CHARACTERS, shown.length()));
    }
}
