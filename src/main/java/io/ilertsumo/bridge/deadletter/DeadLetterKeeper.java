package io.ilertsumo.bridge.deadletter;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.support.AsyncProcessorSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.outbox.OutboxComponent;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

/** Keeps the message's body as a dead letter, in the outbox's file; the exchange goes on once it is on disk. */
@ApplicationScoped
@Named("keepDeadLetter")
public class DeadLetterKeeper extends AsyncProcessorSupport {

    private static final Logger LOG = LoggerFactory.getLogger(DeadLetterKeeper.class);

    private final MeterRegistry registry;

    DeadLetterKeeper(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        Message message = exchange.getMessage();
        String reason = message.getHeader("result", String.class);
        String detail = message.getHeader("detail", String.class);
        byte[] body = message.getBody(byte[].class);
        exchange.getContext().getComponent("outbox", OutboxComponent.class).getFile().keep(
                reason, detail, body == null ? new byte[0] : body,
                (repeated, failure) -> {
                    if (failure == null) {
                        registry.counter("bridge.dead.letters", Tags.of("reason", reason)).increment();
                        LOG.warn("Kept a dead letter, reason {}: {}", reason, detail);
                    } else {
                        exchange.setException(failure);
                    }
                    callback.done(false);
                });
        return false;
    }
}
