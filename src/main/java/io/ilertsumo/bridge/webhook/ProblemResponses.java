package io.ilertsumo.bridge.webhook;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.observability.EventObserver;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.quarkus.vertx.http.runtime.RouteConstants;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Answers what never reaches a route, such as a body over the limit, as {@code application/problem+json} (RFC 9457),
 * like the routes do.
 */
@ApplicationScoped
public class ProblemResponses {

    static final String WEBHOOKS = "/webhooks/*";
    private static final Logger LOG = LoggerFactory.getLogger(ProblemResponses.class);

    private final long maxBodySize;
    private final EventObserver observer;

    ProblemResponses(BridgeSettings settings, EventObserver observer) {
        this.maxBodySize = settings.maxBodySize().asLongValue();
        this.observer = observer;
    }

    void register(@Observes Router router) {
        router.route(WEBHOOKS).order(RouteConstants.ROUTE_ORDER_UPLOAD_LIMIT - 1)
                .handler(this::refuseTooLong);
        // of all paths: what can't be read as HTTP is no error of the bridge, wherever it was to go
        router.route().order(RouteConstants.ROUTE_ORDER_UPLOAD_LIMIT - 1).failureHandler(this::failed);
    }

    private void refuseTooLong(RoutingContext context) {
        String length = context.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        if (length != null && Long.parseLong(length) > maxBodySize) {
            context.fail(413);
        } else {
            context.next();
        }
    }

    private void failed(RoutingContext context) {
        int status = context.statusCode();
        if (status == 413) {
            send(context, status, "too-large", "The body is larger than " + maxBodySize + " bytes");
        } else if (status == 408) {
            send(context, status, "too-slow", "The body did not come in time");
        } else if (context.failure() instanceof HttpClosedException) {
            // the sender has gone in the middle of its request, nobody is there to be answered
            LOG.debug("A webhook call ended before its body did");
        } else if (status < 500) {
            // Vert.x says 200 of a body that it can't read
            send(context, Math.max(status, 400), "unreadable", "Send valid HTTP, with no expectation but 100-continue");
        } else {
            context.next();
        }
    }

    /**
     * Answers and counts. Where the body is not there to its end, the connection is not used again.
     *
     * @param result what the call is counted as
     * @param detail what was wrong
     */
    void send(RoutingContext context, int status, String result, String detail) {
        observer.received(result);
        if (!context.request().isEnded()) {
            context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        Problem.send(context, status, detail);
    }
}
