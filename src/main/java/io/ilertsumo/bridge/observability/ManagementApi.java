package io.ilertsumo.bridge.observability;

import java.io.InputStream;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;

import jakarta.enterprise.context.ApplicationScoped;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.http.ManagementAuthentication;
import io.ilertsumo.bridge.http.Problem;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;

/**
 * Serves the paths of the management port that need its credentials. HEAD is answered like GET, OPTIONS with the methods of
 * the path, and every failure with a problem. Changes are logged with the user, the address and the result. Operations run
 * on worker threads.
 */
@ApplicationScoped
public class ManagementApi {

    private static final String COUNTS = ManagementApi.class.getName();
    private static final Logger LOG = LoggerFactory.getLogger(ManagementApi.class);

    private final ManagementAuthentication authentication;
    private final String user;

    ManagementApi(ManagementAuthentication authentication, BridgeSettings settings) {
        this.authentication = authentication;
        this.user = settings.managementUsername();
    }

    /** Handles a call. Every exception is answered. */
    @FunctionalInterface
    public interface Operation {
        void handle(RoutingContext call) throws Exception;
    }

    /**
     * An operation of a path.
     *
     * @param parameters the names of its query parameters, separated by commas
     */
    public record Method(HttpMethod name, String parameters, Operation operation) {
    }

    /** Adds a path with its methods. */
    public void add(Router router, String path, Method... methods) {
        router.route(path).handler(authentication::check).failureHandler(ManagementApi::failed);
        Set<String> allowed = new TreeSet<>(Set.of("OPTIONS"));
        for (Method method : methods) {
            Route route = router.route(method.name, path);
            allowed.add(method.name.name());
            if (method.name == HttpMethod.GET) {
                route.method(HttpMethod.HEAD);
                allowed.add("HEAD");
            }
            route.blockingHandler(call -> handle(method, call), false);
        }
        router.route(path).handler(call -> {
            call.response().putHeader(HttpHeaders.ALLOW, String.join(", ", allowed));
            if (call.request().method() == HttpMethod.OPTIONS) {
                call.response().setStatusCode(204).end();
            } else {
                Problem.send(call, 405, "This path does not support this method");
            }
        });
    }

    private void handle(Method method, RoutingContext call) {
        try {
            checkParameters(call.queryParams(), Set.of(method.parameters.split(",")));
            if (method.name != HttpMethod.GET) {
                call.addEndHandler(done -> LOG.info("{} at {}: {} {} is answered {}{}", user,
                        call.request().remoteAddress().hostAddress(), method.name, call.request().uri(),
                        call.response().getStatusCode(), call.get(COUNTS, "")));
            }
            method.operation.handle(call);
        } catch (Exception e) {
            call.fail(e);
        }
    }

    /** A mistyped filter must not act on everything. */
    private static void checkParameters(MultiMap given, Set<String> parameters) {
        for (String name : given.names()) {
            require(parameters.contains(name), "There is no parameter " + name + " here");
            require(given.getAll(name).size() == 1 && !given.get(name).isBlank(), name + " must have one value");
        }
    }

    /** Answers 400 unless the condition is met. */
    public static void require(boolean condition, String problem) {
        if (!condition) {
            throw new HttpException(400, problem);
        }
    }

    /** Answers a change with its counts, which are logged too. */
    public static void answer(RoutingContext call, JsonObject counts) {
        call.put(COUNTS, " " + counts).json(counts);
    }

    /** Answers with a file of the program. */
    public static Method file(String name, String type) {
        return new Method(HttpMethod.GET, "", call -> {
            try (InputStream in = Thread.currentThread().getContextClassLoader().getResourceAsStream(name)) {
                call.response().putHeader(HttpHeaders.CONTENT_TYPE, type).end(Buffer.buffer(in.readAllBytes()));
            }
        });
    }

    private static void failed(RoutingContext call) {
        Throwable failure = call.failure() instanceof CompletionException write ? write.getCause() : call.failure();
        if (call.response().headWritten()) {
            // an export: the client must see that it is incomplete
            call.response().reset();
        } else if (failure instanceof HttpException problem) {
            Problem.send(call, problem.getStatusCode(), problem.getPayload());
        } else if (failure instanceof StoreException) {
            Problem.send(call, 503, failure.getMessage());
        } else if (failure instanceof HttpClosedException) {
            LOG.debug("A connection was closed before its call was complete");
        } else if (call.statusCode() < 500 || !call.request().isEnded()) {
            Problem.send(call, call.statusCode() < 500 ? Math.max(call.statusCode(), 400) : 400,
                    "Send valid HTTP, without a body");
        } else {
            LOG.error("{} {} failed and is answered 500", call.request().method(), call.normalizedPath(), failure);
            Problem.send(call, 500, "Unexpected failure, see the bridge's log");
        }
    }
}
