package io.ilertsumo.bridge.http;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;

/**
 * Writes problems (RFC 9457). As a processor, sets the message's body to the problem with the status of the header
 * {@code CamelHttpResponseCode}, the text of the header {@code detail} and the event ID of the header {@code eventId}; in
 * place of 4xx with 503 for the {@link EdgeConnector}. Thread-safe.
 */
@ApplicationScoped
@Named("problem")
public class Problem implements Processor {

    static final String MEDIA_TYPE = "application/problem+json";

    private final EdgeConnector connector;

    Problem(EdgeConnector connector) {
        this.connector = connector;
    }

    @Override
    public void process(Exchange exchange) {
        Message message = exchange.getMessage();
        String detail = message.getHeader("detail", String.class);
        int status = connector.status(message.getHeader(EdgeConnector.ITEM_ID, String.class),
                message.getHeader(Exchange.HTTP_RESPONSE_CODE, 500, Integer.class),
                message.getHeader("result", "none", String.class), detail);
        message.setHeader(Exchange.HTTP_RESPONSE_CODE, status);
        String problem = json(status, detail, message.getHeader("eventId", String.class));
        message.setBody(problem.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Answers with a problem, with status 503 also that the call may be repeated after 30 seconds. To be called on the event loop.
     *
     * @param detail what is wrong, without content of an event
     */
    public static void send(RoutingContext context, int status, String detail) {
        if (status == 503) {
            context.response().putHeader(HttpHeaders.RETRY_AFTER, "30");
        }
        context.response().setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, MEDIA_TYPE)
                .end(json(status, detail, null));
    }

    private static String json(int status, String detail, String eventId) {
        JsonObject problem = new JsonObject().put("title", HttpResponseStatus.valueOf(status).reasonPhrase())
                .put("status", status).put("detail", detail).put("eventId", eventId);
        problem.getMap().values().removeIf(Objects::isNull);
        return problem.encode();
    }
}
