package io.ilertsumo.bridge.http;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Ends calls that are received too slowly: a body that is not complete in time is answered 408, and a connection is
 * closed whose sender goes on with a body after the answer or does not read answers. Connections without a call, or
 * with an incomplete head, are left to {@code quarkus.http.idle-timeout}, which counts only bytes that were decoded.
 */
@ApplicationScoped
public class SlowSenders {

    private static final Logger LOG = LoggerFactory.getLogger(SlowSenders.class);
    /** Time to read an early answer: if the connection were closed at once, the sender might never see it. */
    private static final long READ_MILLIS = 1000;

    private final Vertx vertx;
    private final long bodyMillis;

    SlowSenders(Vertx vertx, BridgeSettings settings) {
        this.vertx = vertx;
        this.bodyMillis = settings.receiveTimeout().toMillis();
    }

    void register(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE).handler(this::begin);
    }

    private void begin(RoutingContext context) {
        HttpServerRequest request = context.request();
        if (!((ConnectionBase) request.connection()).channel().isWritable()) {
            LOG.debug("A connection is closed, since its sender does not read the answers");
            request.connection().close();
            return;
        }
        long timer = vertx.setTimer(bodyMillis, late -> {
            if (!request.isEnded()) {
                context.fail(408);
            }
        });
        context.addEndHandler(ended -> {
            vertx.cancelTimer(timer);
            if (!request.isEnded()) {
                vertx.setTimer(READ_MILLIS, late -> closeUnlessEnded(request));
            }
        });
        context.next();
    }

    private static void closeUnlessEnded(HttpServerRequest request) {
        if (!request.isEnded()) {
            LOG.debug("A connection is closed, since its body goes on after an early answer");
            request.connection().close();
        }
    }
}
