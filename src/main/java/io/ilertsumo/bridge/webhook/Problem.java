package io.ilertsumo.bridge.webhook;

import com.fasterxml.jackson.annotation.JsonInclude;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;

/**
 * A problem as RFC 9457 has it.
 *
 * @param title   the status in words
 * @param status  the HTTP status
 * @param detail  what was wrong, without a word of the event; may be {@code null}
 * @param eventId the event, if known; may be {@code null}
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Problem(String title, int status, String detail, String eventId) {

    /** The media type of a problem. */
    public static final String MEDIA_TYPE = "application/problem+json";

    /** Answers with a problem. */
    public static void send(RoutingContext context, int status, String detail) {
        context.response().setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, MEDIA_TYPE)
                .end(JsonObject.mapFrom(of(status, detail, null)).encode());
    }

    static Problem of(int status, String detail, String eventId) {
        return new Problem(HttpResponseStatus.valueOf(status).reasonPhrase(), status, detail, eventId);
    }
}
