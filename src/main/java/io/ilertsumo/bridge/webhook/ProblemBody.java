package io.ilertsumo.bridge.webhook;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;

/**
 * Makes the message's body a {@link Problem}: of the status that the header {@code CamelHttpResponseCode} has, with the
 * text of the header {@code detail}.
 */
@ApplicationScoped
@Named("problem")
public class ProblemBody implements Processor {

    @Override
    public void process(Exchange exchange) {
        Message message = exchange.getMessage();
        message.setBody(Problem.of(
                message.getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class),
                message.getHeader("detail", String.class),
                message.getHeader("eventId", String.class)));
    }
}
