package io.ilertsumo.bridge.http;

import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.SecretsChanged;
import io.ilertsumo.bridge.settings.WebhookSettings;
import io.ilertsumo.bridge.settings.WebhookSettings.Authentication;
import io.quarkus.vertx.http.runtime.RouteConstants;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Rejects calls before they reach a route, with a problem like the routes do. Thread-safe.
 *
 * <p>
 * Authenticates webhook calls, by HTTP Basic or by a shared secret in the header {@value #SECRET_HEADER}. Bounds the bytes
 * of all that are in flight, and so their number: a call reserves a share before its body is read, and releases it when its
 * exchange is done, or, before there is one, when it is answered or its connection closed. The share is the length that
 * the call states, or the limit for bodies if it states none or is compressed, and at least 1 KB.
 *
 * <p>
 * On all paths, a body that is not complete in time is answered 408, and the connection is closed if its sender continues
 * a body after the answer or does not read answers. Connections without a call, or with an incomplete head, are left to
 * {@code quarkus.http.idle-timeout}, which counts only bytes that were decoded.
 */
@ApplicationScoped
public class WebhookGuard {

    /** What the paths of all webhooks start with. */
    static final String WEBHOOKS = "/webhooks/";
    private static final Logger LOG = LoggerFactory.getLogger(WebhookGuard.class);
    private static final String SECRET_HEADER = "X-Webhook-Secret";
    private static final String SHARE = WebhookGuard.class.getName();
    private static final long SMALLEST_SHARE = 1024;
    private static final int PART_OF_HEAP = 8;
    /** Time to read an early answer: if the connection were closed at once, the sender might never see it. */
    private static final long READ_MILLIS = 1000;

    private final ReceivedEvents received;
    private final EdgeConnector connector;
    private final Authentication authentication;
    private final Credentials credentials;
    private final long bodyMillis;
    private final long maxBodySize;
    private final long maxReserved;
    private final AtomicLong reserved = new AtomicLong();

    WebhookGuard(BridgeSettings settings, WebhookSettings webhook, ReceivedEvents received, EdgeConnector connector) {
        this.received = received;
        this.connector = connector;
        this.authentication = webhook.auth();
        this.credentials = new Credentials(secret(webhook.username(), webhook.password().orElse("")));
        this.bodyMillis = settings.receiveTimeout().toMillis();
        this.maxBodySize = settings.maxBodySize().asLongValue();
        long maxBytes = settings.receiveMaxBytes().asLongValue();
        // the largest body must fit, if it is the only one
        this.maxReserved = Math.max(maxBodySize,
                maxBytes > 0 ? maxBytes : Runtime.getRuntime().maxMemory() / PART_OF_HEAP);
    }

    private String secret(String username, String password) {
        return authentication == Authentication.BASIC ? username + ":" + password : password;
    }

    void change(@Observes SecretsChanged secrets) {
        credentials.change(secret(secrets.value("ilert.webhook.username"), secrets.value("ilert.webhook.password")));
    }

    void register(@Observes Router router) {
        int order = RouteConstants.ROUTE_ORDER_UPLOAD_LIMIT - 1;
        router.route().order(Integer.MIN_VALUE).handler(this::limitTime);
        router.route(WEBHOOKS + "*").order(order).handler(this::check);
        // of all paths: a call that is not valid HTTP is no error of the bridge, whatever its path
        router.route().order(order).failureHandler(this::failed);
        router.errorHandler(404, context -> rejectPath(context, 404, "There is no webhook at this path"));
        router.errorHandler(405, this::rejectMethod);
    }

    private void limitTime(RoutingContext context) {
        HttpServerRequest request = context.request();
        if (context.response().writeQueueFull()) {
            LOG.debug("A connection is closed, since its sender does not read the answers");
            request.connection().close();
            return;
        }
        context.addEndHandler(ended -> {
            if (!request.isEnded()) {
                context.vertx().setTimer(READ_MILLIS, late -> closeUnlessEnded(request));
            }
        });
        // most bodies come with their heads, and need no timer
        context.vertx().runOnContext(soon -> limitBody(context, request));
        context.next();
    }

    private void limitBody(RoutingContext context, HttpServerRequest request) {
        if (!request.isEnded() && !context.response().ended() && !context.response().closed()) {
            long timer = context.vertx().setTimer(bodyMillis, late -> {
                if (!request.isEnded()) {
                    context.fail(408);
                }
            });
            context.addEndHandler(ended -> context.vertx().cancelTimer(timer));
        }
    }

    private static void closeUnlessEnded(HttpServerRequest request) {
        if (!request.isEnded()) {
            LOG.debug("A connection is closed, since its body continues after an early answer");
            request.connection().close();
        }
    }

    private void check(RoutingContext context) {
        if (!isAuthenticated(context.request())) {
            if (authentication == Authentication.BASIC) {
                context.response().putHeader("WWW-Authenticate", Credentials.CHALLENGE);
            }
            reject(context, 401, "unauthorized", "The credentials are missing or wrong");
            return;
        }
        MultiMap headers = context.request().headers();
        String stated = headers.get(HttpHeaders.CONTENT_LENGTH);
        long length = stated == null ? 0 : Long.parseLong(stated);
        if (length > maxBodySize) {
            context.fail(413);
            return;
        }
        boolean isUnknown = headers.contains(HttpHeaders.CONTENT_ENCODING)
                || stated == null && headers.contains(HttpHeaders.TRANSFER_ENCODING);
        long share = Math.max(SMALLEST_SHARE, isUnknown ? maxBodySize : length);
        if (reserved.addAndGet(share) > maxReserved) {
            reserved.addAndGet(-share);
            reject(context, 503, "unavailable", "The bodies of the calls in flight exceed BRIDGE_RECEIVE_MAX_BYTES");
            return;
        }
        context.put(SHARE, share);
        context.addEndHandler(ended -> release(context.remove(SHARE)));
        String type = String.valueOf(headers.get(HttpHeaders.CONTENT_TYPE)).toLowerCase(Locale.ROOT);
        if (type.startsWith("multipart/") || type.startsWith("application/x-www-form-urlencoded")) {
            // Vert.x would parse the form, and no body would be left for a dead letter
            headers.set(HttpHeaders.CONTENT_TYPE, "application/octet-stream");
        }
        context.next();
    }

    private boolean isAuthenticated(HttpServerRequest request) {
        return switch (authentication) {
            case NONE -> true;
            case BASIC -> credentials.matchesBasic(request.getHeader(HttpHeaders.AUTHORIZATION));
            case HEADER -> credentials.matchesHeader(request.getHeader(SECRET_HEADER));
        };
    }

    /**
     * Takes over the share of a call whose body is complete, less what a body of unknown length did not need. Closing the
     * connection does not release it, since the body stays in memory. To be called on the event loop.
     */
    Long takeOver(RoutingContext context) {
        Long share = context.remove(SHARE);
        if (share == null || context.request().headers().contains(HttpHeaders.CONTENT_ENCODING)) {
            return share;
        }
        long needed = Math.max(SMALLEST_SHARE, context.body().length());
        reserved.addAndGet(needed - share);
        return needed;
    }

    /** @param share as taken over; may be {@code null} */
    void release(Long share) {
        if (share != null) {
            reserved.addAndGet(-share);
        }
    }

    private void failed(RoutingContext context) {
        int status = context.statusCode();
        if (status == 413) {
            reject(context, status, "too-large", "The body is larger than " + maxBodySize + " bytes");
        } else if (status == 408) {
            reject(context, status, "too-slow", "The body did not arrive in time");
        } else if (context.failure() instanceof HttpClosedException) {
            LOG.debug("A connection was closed before the body of its call was complete");
        } else if (status < 500) {
            // Vert.x has status 200 for a body that it can't read
            reject(context, Math.max(status, 400), "unreadable",
                    "Send valid HTTP, with no expectation but 100-continue");
        } else {
            context.next();
        }
    }

    /** Of a path whose routes have other methods; those of a webhook have POST only. */
    private void rejectMethod(RoutingContext context) {
        if (context.normalizedPath().startsWith(WEBHOOKS)) {
            context.response().putHeader(HttpHeaders.ALLOW, "POST");
            reject(context, 405, "method-not-allowed", "Send events with POST");
        } else {
            rejectPath(context, 405, "This path does not support this method");
        }
    }

    /** Of a path that is no webhook's: only a call of the Edge Connector, with a wrong URL, was meant for one. */
    private void rejectPath(RoutingContext context, int status, String detail) {
        Problem.send(context, status(context, status, "not-found", detail), detail);
    }

    private int status(RoutingContext context, int status, String result, String detail) {
        return connector.status(context.request().getHeader(EdgeConnector.ITEM_ID), status, result, detail);
    }

    /**
     * Answers with a problem and counts the call. If its body is not complete, the connection is not used again. To be
     * called on the event loop.
     *
     * @param result what the call is counted as
     * @param detail what is wrong
     */
    void reject(RoutingContext context, int status, String result, String detail) {
        received.count(result);
        if (!context.request().isEnded()) {
            context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        Problem.send(context, status(context, status, result, detail), detail);
    }
}
