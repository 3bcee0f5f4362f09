package io.ilertsumo.bridge.webhook;

import com.fasterxml.jackson.annotation.JsonInclude;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.quarkus.runtime.annotations.RegisterForReflection;

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

    static Problem of(int status, String detail, String eventId) {
        return new Problem(HttpResponseStatus.valueOf(status).reasonPhrase(), status, detail, eventId);
    }
}
