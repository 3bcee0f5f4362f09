package io.ilertsumo.bridge.deadletter;

import java.util.Optional;
import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.webhook.BasicCredentials;
import io.ilertsumo.bridge.webhook.Problem;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;

/**
 * Who may see and change what the bridge keeps. With a password: who has it. Without: who calls from the same machine
 * by one of its own names and not through a proxy. A page of another site can't do so through somebody's browser: what a browser says comes from
 * elsewhere is refused (Quarkus lets any site call the management port), and a change needs a header that no form and no
 * link can send. Thread-safe.
 */
@ApplicationScoped
public class ManagementAccess {

    private static final Set<String> OWN_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");
    private static final Set<String> OWN_ADDRESSES = Set.of("127.0.0.1", "::1", "0:0:0:0:0:0:0:1");
    private static final Set<String> PROXY_HEADERS = Set.of("Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
            "X-Real-IP",
            "Via");
    private static final String CHANGE_HEADER = "X-Requested-By";

    private final Optional<BasicCredentials> credentials;

    ManagementAccess(BridgeSettings settings) {
        credentials = settings.managementPassword()
                .map(secret -> new BasicCredentials(settings.managementUsername(), secret));
    }

    /** Lets the call go on, or answers why it may not. */
    void check(RoutingContext context) {
        boolean isChange = context.request().method() != HttpMethod.GET;
        if (credentials.isPresent()) {
            if (!credentials.get().isMatchedBy(context.request().getHeader(HttpHeaders.AUTHORIZATION))) {
                context.response().putHeader(HttpHeaderNames.WWW_AUTHENTICATE,
                        "Basic realm=\"ilert-sumologic-bridge\"");
                Problem.send(context, 401, "The credentials are missing or wrong");
                return;
            }
        } else if (!isOfThisMachine(context)) {
            Problem.send(context, 403, "Set BRIDGE_MANAGEMENT_PASSWORD to allow this from elsewhere than localhost");
            return;
        }
        if (isOfAnotherSite(context)) {
            Problem.send(context, 403, "Pages of other sites may not call this");
            return;
        }
        if (isChange && context.request().getHeader(CHANGE_HEADER) == null) {
            Problem.send(context, 403, "Send the header " + CHANGE_HEADER + ", with any value, to change something");
            return;
        }
        context.response().putHeader(HttpHeaders.CACHE_CONTROL, "no-store").putHeader("X-Content-Type-Options",
                "nosniff");
        context.next();
    }

    private static boolean isOfAnotherSite(RoutingContext context) {
        String origin = context.request().getHeader(HttpHeaders.ORIGIN);
        String site = context.request().getHeader("Sec-Fetch-Site");
        return origin != null && !origin.endsWith("://" + context.request().getHeader(HttpHeaders.HOST))
                || site != null && !site.equals("same-origin") && !site.equals("none");
    }

    private static boolean isOfThisMachine(RoutingContext context) {
        HostAndPort called = context.request().authority();
        return called != null && OWN_NAMES.contains(called.host())
                && OWN_ADDRESSES.contains(context.request().remoteAddress().hostAddress())
                // a proxy on this machine speaks for somebody elsewhere
                && PROXY_HEADERS.stream().noneMatch(context.request().headers()::contains);
    }
}
