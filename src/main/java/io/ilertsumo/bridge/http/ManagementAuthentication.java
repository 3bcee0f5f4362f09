package io.ilertsumo.bridge.http;

import java.util.Optional;
import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;

/**
 * Authenticates calls of the dead letters' REST on the management port: by HTTP Basic, or without a password only calls
 * from this machine, by one of its own names and not through a proxy. Pages of other sites can't call through a user's
 * browser, although Quarkus allows any site on the management port: calls from other origins are rejected, and a change
 * needs a header that no form or link can send. Thread-safe.
 */
@ApplicationScoped
public class ManagementAuthentication {

    private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");
    private static final Set<String> LOCAL_ADDRESSES = Set.of("127.0.0.1", "::1", "0:0:0:0:0:0:0:1");
    private static final Set<String> PROXY_HEADERS = Set.of("Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
            "X-Real-IP", "Via");
    private static final String CHANGE_HEADER = "X-Requested-By";

    private final Optional<Credentials> credentials;

    ManagementAuthentication(BridgeSettings settings) {
        credentials = settings.managementPassword()
                .map(secret -> new Credentials(settings.managementUsername() + ":" + secret));
    }

    /** Passes the call on to the next handler, or answers why it is rejected. To be called on the event loop. */
    public void check(RoutingContext context) {
        HttpServerRequest request = context.request();
        if (credentials.isPresent() && !credentials.get().matchesBasic(request.getHeader(HttpHeaders.AUTHORIZATION))) {
            context.response().putHeader("WWW-Authenticate", Credentials.CHALLENGE);
            Problem.send(context, 401, "The credentials are missing or wrong");
        } else if (credentials.isEmpty() && !isLocal(request)) {
            Problem.send(context, 403, "Set BRIDGE_MANAGEMENT_PASSWORD to allow this from elsewhere than localhost");
        } else if (isOfAnotherSite(request.headers())) {
            Problem.send(context, 403, "Pages of other sites may not call this");
        } else if (request.method() != HttpMethod.GET && !request.headers().contains(CHANGE_HEADER)) {
            Problem.send(context, 403, "Send the header " + CHANGE_HEADER + ", with any value, to change something");
        } else {
            context.response().putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                    .putHeader("X-Content-Type-Options", "nosniff");
            context.next();
        }
    }

    private static boolean isOfAnotherSite(MultiMap headers) {
        String origin = headers.get(HttpHeaders.ORIGIN);
        String site = headers.get("Sec-Fetch-Site");
        return origin != null && !origin.endsWith("://" + headers.get(HttpHeaders.HOST))
                || site != null && !site.equals("same-origin") && !site.equals("none");
    }

    private static boolean isLocal(HttpServerRequest request) {
        HostAndPort called = request.authority();
        return called != null && LOCAL_NAMES.contains(called.host())
                && LOCAL_ADDRESSES.contains(request.remoteAddress().hostAddress())
                // a proxy on this machine forwards calls from elsewhere
                && PROXY_HEADERS.stream().noneMatch(request.headers()::contains);
    }
}
