package io.ilertsumo.bridge.http;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.Route;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumerAware;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.spi.InflightRepository;
import org.apache.camel.support.http.HttpUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.log.LogLimit;
import io.quarkus.arc.Unremovable;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;

/**
 * Serves {@code platform-http}: webhooks with the threads of the {@link RoutePool}, all other paths as Camel's own
 * engine does, which keeps a thread for each call until it is answered.
 */
@Singleton
@Unremovable
@Named("webhookEngine")
public class WebhookEngine extends VertxPlatformHttpEngine {

    private static final Logger LOG = LoggerFactory.getLogger(WebhookEngine.class);
    /** The headers of a call that a route gets: no sender can set another that the routes use. */
    private static final List<String> HEADERS_IN = List.of("Content-Type", "Content-Encoding",
            "traceparent", EdgeConnector.ITEM_ID);

    private final RoutePool pool;
    private final WebhookGuard guard;
    private final ReceivedEvents received;
    private final EdgeConnector connector;
    private final LogLimit failures = new LogLimit();
    /** By path. */
    private final Map<String, WebhookConsumer> consumers = new ConcurrentHashMap<>();
    /** Calls that are held while the routes are replaced; {@code null} while none are. */
    private volatile Queue<Runnable> held;

    WebhookEngine(RoutePool pool, WebhookGuard guard, ReceivedEvents received, EdgeConnector connector) {
        this.pool = pool;
        this.guard = guard;
        this.received = received;
        this.connector = connector;
    }

    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
        return endpoint.getPath().startsWith(WebhookGuard.WEBHOOKS)
                ? new WebhookConsumer(endpoint, processor)
                : super.createConsumer(endpoint, processor);
    }

    /** Makes calls wait until {@link #release()}, so that their routes can be replaced. Those in flight go on. */
    public synchronized void hold() {
        held = held == null ? new ArrayDeque<>() : held;
    }

    /** Passes the calls that waited on to the routes that consume from their paths now. */
    public void release() {
        Queue<Runnable> tasks;
        synchronized (this) {
            tasks = held == null ? new ArrayDeque<>() : held;
            held = null;
        }
        tasks.forEach(Runnable::run);
    }

    private synchronized boolean isHeld(Runnable task) {
        return held != null && held.add(task);
    }

    /** Starts the route on a thread of the pool, and has the answer written on the event loop once the exchange is done. */
    private final class WebhookConsumer extends VertxPlatformHttpConsumer {

        private InflightRepository inflight;
        private String routeId;

        WebhookConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
            super(endpoint, processor, List.of(), VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort()));
        }

        @Override
        protected void doStart() throws Exception {
            super.doStart();
            CamelContext camel = getEndpoint().getCamelContext();
            inflight = camel.getInflightRepository();
            routeId = camel.getRoutes().stream()
                    .filter(route -> route.getConsumer() instanceof PlatformHttpConsumerAware outer
                            && outer.getPlatformHttpConsumer() == this)
                    .map(Route::getRouteId).findFirst().orElseThrow();
            consumers.put(getEndpoint().getPath(), this);
        }

        @Override
        protected void doStop() throws Exception {
            consumers.remove(getEndpoint().getPath(), this);
            // until the release it takes the calls of its path, which would be answered 404
            if (!isHeld(this::end)) {
                end();
            }
        }

        private void end() {
            try {
                super.doStop();
            } catch (Exception e) {
                throw RuntimeCamelException.wrapRuntimeException(e);
            }
        }

        @Override
        protected void handleRequest(RoutingContext call) {
            // throws where the query can't be decoded, which is answered 400
            call.queryParams();
            Context context = call.vertx().getOrCreateContext();
            pass(call, context, guard.takeOver(call));
        }

        private void pass(RoutingContext call, Context context, Long share) {
            // neither a task nor the lock for each call, but while routes are replaced
            if (held == null || !isHeld(() -> context.runOnContext(later -> pass(call, context, share)))) {
                // not this one if its route was replaced meanwhile
                consumers.getOrDefault(getEndpoint().getPath(), this).start(call, context, share);
            }
        }

        private void start(RoutingContext call, Context context, Long share) {
            Exchange exchange = exchange(call);
            // Camel counts it only once a thread of the pool has it, and would stop its route before
            inflight.add(exchange, routeId);
            if (isSuspended() || isStopped()) {
                inflight.remove(exchange, routeId);
                if (held != null) {
                    pass(call, context, share);
                } else {
                    guard.release(share);
                    guard.reject(call, 503, "unavailable", "The webhook is suspended");
                }
                return;
            }
            pool.execute(() -> {
                try {
                    createUoW(exchange);
                    getAsyncProcessor().process(exchange, doneSync -> done(exchange, call, context, share));
                } catch (Exception e) {
                    exchange.setException(e);
                    done(exchange, call, context, share);
                }
            });
        }

        private Exchange exchange(RoutingContext call) {
            Exchange exchange = createExchange(false);
            exchange.setPattern(ExchangePattern.InOut);
            // the body is in memory and can be read again: a stream would only copy it
            exchange.getExchangeExtension().setStreamCacheDisabled(true);
            Message message = exchange.getIn();
            message.setHeader(Exchange.HTTP_METHOD, call.request().method().name());
            message.setHeader(Exchange.HTTP_PATH, call.normalizedPath());
            MultiMap headers = call.request().headers();
            for (String name : HEADERS_IN) {
                if (headers.contains(name)) {
                    message.setHeader(name, String.join(",", headers.getAll(name)));
                }
            }
            Buffer body = call.body().buffer();
            message.setBody(body == null ? new byte[0] : body.getBytes());
            return exchange;
        }

        /** Ends the exchange on the thread that completed it, so that the event loop has only the answer to write. */
        private void done(Exchange exchange, RoutingContext call, Context context, Long share) {
            Handler<RoutingContext> answer = answer(exchange, call.request().getHeader(EdgeConnector.ITEM_ID));
            doneUoW(exchange);
            inflight.remove(exchange, routeId);
            releaseExchange(exchange, false);
            guard.release(share);
            context.runOnContext(later -> {
                if (!call.response().ended() && !call.response().closed()) {
                    answer.handle(call);
                }
            });
        }
    }

    /** The answer of the route, or 503 if it has failed; counts the call. */
    private Handler<RoutingContext> answer(Exchange exchange, String itemId) {
        Handler<RoutingContext> answer = call -> Problem.send(call, 503,
                "The event was not stored; the log of the bridge has the cause");
        try {
            answer = exchange.isFailed() ? answer : answer(exchange.getMessage(), itemId);
        } catch (RuntimeException e) {
            exchange.setException(e);
        }
        received.count(exchange.getMessage(), exchange.isFailed());
        if (exchange.isFailed()) {
            logFailure(exchange);
        }
        return answer;
    }

    private Handler<RoutingContext> answer(Message message, String itemId) {
        byte[] body = message.getBody(byte[].class);
        // one that an edited route has chosen, too
        int status = connector.status(itemId, HttpUtil.determineResponseCode(message.getExchange(), body),
                message.getHeader("result", "none", String.class), message.getHeader("detail", "none", String.class));
        MultiMap headers = HttpHeaders.headers();
        // not that of the message, which may be the call's
        headers.set(HttpHeaders.CONTENT_TYPE, status < 400 ? "application/json" : Problem.MEDIA_TYPE);
        String retryAfter = message.getHeader("Retry-After", status == 503 ? "30" : null, String.class);
        if (retryAfter != null) {
            headers.set(HttpHeaders.RETRY_AFTER, retryAfter);
        }
        return call -> {
            call.response().setStatusCode(status).headers().setAll(headers);
            call.response().end(body == null ? Buffer.buffer() : Buffer.buffer(body));
        };
    }

    private void logFailure(Exchange exchange) {
        String failure = exchange.getException().getClass().getName();
        if (failures.count(failure) > 0) {
            // the exception's message may quote the event
            LOG.error("The route {} failed with {}; its webhook calls are answered 503. Logged at most once a minute",
                    exchange.getProperty(ExchangePropertyKey.FAILURE_ROUTE_ID, exchange.getFromRouteId(), String.class),
                    failure);
        }
    }
}
