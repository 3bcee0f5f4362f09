package io.ilertsumo.bridge.event;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;

/** Puts the event as one line into the message's body, and what the routes look at into its headers. */
@ApplicationScoped
@Named("readEvent")
public class EventReader implements Processor {

    @Override
    public void process(Exchange exchange) throws UnreadableEventException {
        Message message = exchange.getMessage();
        byte[] body = message.getBody(byte[].class);
        Event event = Event.read(body == null ? new byte[0] : body);
        message.setBody(event.line());
        message.setHeader("eventId", event.id());
        message.setHeader("eventType", event.type());
        message.setHeader("priority", event.priority());
        message.setHeader("alertId", event.alert());
    }
}
