package io.ilertsumo.bridge.webhook;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.netty.channel.Channel;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.EventExecutor;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.impl.VertxInternal;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Ends what takes too long to come: a body that isn't there in time is answered 408, and a connection is closed that
 * goes on with a body after the answer, or whose sender does not read the answers. Connections that bring no call, or
 * never get to the end of its head, are left to {@code quarkus.http.idle-timeout}, for which only what has been decoded
 * counts.
 *
 * <p>
 * All connections are looked at once a second, each on its own event loop, which costs a call next to nothing.
 */
@ApplicationScoped
public class SlowSenders {

    private static final Logger LOG = LoggerFactory.getLogger(SlowSenders.class);
    private static final AttributeKey<Call> LATEST = AttributeKey.valueOf(SlowSenders.class, "latest");
    private static final long LOOK_MILLIS = 1000;

    /** So that the sender can read the answer: were its connection closed at once, it might never get to see it. */
    private static final long FAREWELL_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Vertx vertx;
    private final long bodyNanos;
    private final List<Future<?>> looks = new ArrayList<>();

    SlowSenders(Vertx vertx, BridgeSettings settings) {
        this.vertx = vertx;
        this.bodyNanos = settings.receiveTimeout().toNanos();
    }

    /** A connection's latest call. */
    private static final class Call {

        /** {@code null} once it has been answered. */
        private volatile RoutingContext context;
        /** {@code null} once it is there to its end and has been answered. */
        private volatile HttpServerRequest request;
        private final Context eventLoop;
        /** Since when it is being received, or has been answered. */
        private volatile long since = System.nanoTime();
        private volatile boolean last;

        Call(RoutingContext context) {
            this.context = context;
            this.request = context.request();
            this.eventLoop = context.vertx().getOrCreateContext();
        }

        void answered(RoutingContext answered) {
            last = answered.response().headers().contains(HttpHeaders.CONNECTION, HttpHeaders.CLOSE, true);
            since = System.nanoTime();
            forgetRequest();
            // and with it the body
            context = null;
        }

        void forgetRequest() {
            HttpServerRequest received = request;
            if (received != null && received.isEnded()) {
                request = null;
            }
        }
    }

    void register(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE).handler(this::began);
    }

    private void began(RoutingContext context) {
        Channel channel = ((ConnectionBase) context.request().connection()).channel();
        if (!channel.isWritable()) {
            LOG.debug("A connection is closed whose sender does not read the answers");
            channel.close();
            return;
        }
        Call call = new Call(context);
        channel.attr(LATEST).set(call);
        context.addEndHandler(ended -> call.answered(context));
        context.next();
    }

    void start(@Observes StartupEvent started) {
        for (EventExecutor loop : ((VertxInternal) vertx).getEventLoopGroup()) {
            looks.add(loop.scheduleWithFixedDelay(() -> look((SingleThreadEventLoop) loop), LOOK_MILLIS, LOOK_MILLIS,
                    TimeUnit.MILLISECONDS));
        }
    }

    @PreDestroy
    void stop() {
        looks.forEach(look -> look.cancel(false));
    }

    private void look(SingleThreadEventLoop loop) {
        try {
            List<Channel> tooSlow = new ArrayList<>();
            for (Iterator<Channel> channels = loop.registeredChannelsIterator(); channels.hasNext();) {
                Channel channel = channels.next();
                if (channel instanceof SocketChannel && channel.parent() != null && isTooSlow(channel)) {
                    tooSlow.add(channel);
                }
            }
            if (!tooSlow.isEmpty()) {
                LOG.debug("{} connections are closed after an early answer", tooSlow.size());
                tooSlow.forEach(Channel::close);
            }
        } catch (RuntimeException e) {
            // it would be the last look
            LOG.error("The connections could not be looked at", e);
        }
    }

    private boolean isTooSlow(Channel channel) {
        Call call = channel.attr(LATEST).get();
        if (call == null) {
            return false;
        }
        long taken = System.nanoTime() - call.since;
        if (call.context == null) {
            call.forgetRequest();
            return taken > FAREWELL_NANOS && (call.last || call.request != null);
        }
        if (taken > bodyNanos) {
            call.eventLoop.runOnContext(later -> endIfBodyIsMissing(call.context));
        }
        return false;
    }

    private static void endIfBodyIsMissing(RoutingContext context) {
        if (context != null && !context.request().isEnded()) {
            context.fail(408);
        }
    }
}
