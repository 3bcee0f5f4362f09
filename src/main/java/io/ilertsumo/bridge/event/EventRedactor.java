package io.ilertsumo.bridge.event;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;

import io.ilertsumo.bridge.settings.BridgeSettings;

/** Redacts the event in the message's body. The headers stay as they were read, whatever is redacted. */
@ApplicationScoped
@Named("redact")
public class EventRedactor implements Processor {

    private final Redaction redaction;

    EventRedactor(BridgeSettings settings) {
        this.redaction = new Redaction(settings.redact(), settings.redactMode(), settings.redactKey());
    }

    @Override
    public void process(Exchange exchange) throws UnreadableEventException {
        Message message = exchange.getMessage();
        message.setBody(redaction.redact(message.getBody(byte[].class)));
    }
}
