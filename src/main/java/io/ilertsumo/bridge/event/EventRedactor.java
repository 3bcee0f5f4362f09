package io.ilertsumo.bridge.event;

import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Redacts the event in the message's body. The headers stay as they were read, whatever is redacted. */
@ApplicationScoped
@Named("redact")
public class EventRedactor implements Processor {

    private final Redaction redaction;

    EventRedactor(@ConfigProperty(name = "bridge.redact") String fields,
            @ConfigProperty(name = "bridge.redact-mode") String mode,
            @ConfigProperty(name = "bridge.redact-key") Optional<String> key) {
        this.redaction = new Redaction(fields, mode, key);
    }

    @Override
    public void process(Exchange exchange) throws UnreadableEventException {
        Message message = exchange.getMessage();
        message.setBody(redaction.redact(message.getBody(byte[].class)));
    }
}
