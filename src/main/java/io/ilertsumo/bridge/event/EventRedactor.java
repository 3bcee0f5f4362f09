package io.ilertsumo.bridge.event;

import java.util.concurrent.atomic.AtomicInteger;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.settings.BridgeSettings;

/**
 * Redacts the event in the message's body. The headers stay as they were read. Warns once of each path that has matched
 * nothing in the first {@value #TRIAL} events, since its spelling may be wrong. Thread-safe.
 */
@ApplicationScoped
@Named("redact")
public class EventRedactor implements Processor {

    private static final Logger LOG = LoggerFactory.getLogger(EventRedactor.class);
    private static final int TRIAL = 1000;

    private final Redaction redaction;
    private final AtomicInteger events = new AtomicInteger();

    EventRedactor(BridgeSettings settings) {
        this.redaction = new Redaction(settings.redact(), settings.redactMode(), settings.redactKey());
    }

    @Override
    public void process(Exchange exchange) throws UnreadableEventException {
        Message message = exchange.getMessage();
        message.setBody(redaction.redact(message.getBody(byte[].class)));
        if (events.get() < TRIAL && events.incrementAndGet() == TRIAL) {
            redaction.unmatched().forEach(path -> LOG.warn("The path {} of BRIDGE_REDACT matched nothing in the first "
                    + "{} events. Check its spelling; the bridge goes on with it", path, TRIAL));
        }
    }
}
