package io.ilertsumo.bridge.webhook;

import java.util.concurrent.atomic.AtomicLong;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.quarkus.vertx.http.runtime.RouteConstants;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Bounds the bytes of all bodies that are received and processed at the same time. A call takes its share when it is
 * let in, before its body is read, and gives it back when it has been answered or its connection is closed: the length
 * that it states, or the largest there may be where it states none or comes compressed. What finds too little left is
 * answered 503. Thread-safe.
 */
@ApplicationScoped
public class BodyBudget {

    private static final String SHARE = BodyBudget.class.getName();
    private static final int HEAP_PART = 8;

    private final long maxBodySize;
    private final long max;
    private final String retryAfter;
    private final ProblemResponses problems;
    private final AtomicLong taken = new AtomicLong();

    BodyBudget(BridgeSettings settings, ProblemResponses problems) {
        this.maxBodySize = settings.maxBodySize().asLongValue();
        long maxBytes = settings.receiveMaxBytes().asLongValue();
        long bytes = maxBytes > 0 ? maxBytes : Runtime.getRuntime().maxMemory() / HEAP_PART;
        // the largest body must find room, if it is the only one
        this.max = Math.max(bytes, this.maxBodySize);
        this.retryAfter = Integer.toString(settings.retryAfter());
        this.problems = problems;
    }

    /** What a call has taken; belongs to its event loop. */
    private static final class Share {
        private long bytes;
    }

    void register(@Observes Router router) {
        router.route(ProblemResponses.WEBHOOKS).order(RouteConstants.ROUTE_ORDER_UPLOAD_LIMIT + 1).handler(this::letIn);
    }

    private void letIn(RoutingContext context) {
        Share share = new Share();
        share.bytes = size(context.request());
        if (taken.addAndGet(share.bytes) > max) {
            taken.addAndGet(-share.bytes);
            context.response().putHeader(HttpHeaders.RETRY_AFTER, retryAfter);
            problems.send(context, 503, "unavailable", "Too much is being received at once");
            return;
        }
        context.put(SHARE, share);
        context.addEndHandler(ended -> taken.addAndGet(-share.bytes));
        context.next();
    }

    private long size(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        if (request.headers().contains(HttpHeaders.CONTENT_ENCODING)
                || length == null && request.headers().contains(HttpHeaders.TRANSFER_ENCODING)) {
            return maxBodySize;
        }
        return length == null ? 0 : Long.parseLong(length);
    }

    /**
     * Gives back what a body without a stated length did not need, now that it is there, and lets the call go on. To be
     * called on the call's event loop.
     */
    public void bodyIsThere(RoutingContext context) {
        Share share = context.get(SHARE);
        if (share != null && !context.request().headers().contains(HttpHeaders.CONTENT_ENCODING)) {
            long unused = share.bytes - Math.max(0, context.body().length());
            share.bytes -= unused;
            taken.addAndGet(-unused);
        }
        context.next();
    }
}
