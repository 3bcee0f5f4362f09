package io.ilertsumo.bridge.http;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.SecretsChanged;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;

/**
 * Authenticates calls of the management port by HTTP Basic; without a password all are rejected. An address with too many
 * failed logins is answered 429. Pages of other sites can't call through a user's browser, although Quarkus allows any site on
 * the management port: their calls are rejected, and a change needs a header that no form or link can send. Thread-safe.
 */
@ApplicationScoped
public class ManagementAuthentication {

    private static final String CHANGE_HEADER = "X-Requested-By";
    private static final Set<HttpMethod> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);
    /** Failed logins of an address in a period. */
    private static final int MAX_FAILURES = 10;
    private static final long PERIOD_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** Addresses that are counted one by one. */
    private static final int MAX_ADDRESSES = 1000;
    private static final String OTHERS = "other addresses";
    private static final Logger LOG = LoggerFactory.getLogger(ManagementAuthentication.class);

    private volatile Optional<Credentials> credentials;
    /** Failed logins by address in the present period. */
    private final Map<String, Integer> failures = new HashMap<>();
    private long periodNanos = System.nanoTime();

    ManagementAuthentication(BridgeSettings settings) {
        credentials = settings.managementPassword()
                .map(secret -> new Credentials(settings.managementUsername() + ":" + secret));
    }

    void change(@Observes SecretsChanged secrets) {
        String password = secrets.value("bridge.management.password");
        if (!password.isEmpty()) {
            String secret = secrets.value("bridge.management.username") + ":" + password;
            credentials.ifPresent(former -> former.change(secret));
            credentials = credentials.or(() -> Optional.of(new Credentials(secret)));
        }
    }

    /** Passes the call on to the next handler, or answers why it is rejected. To be called on the event loop. */
    public void check(RoutingContext context) {
        HttpServerRequest request = context.request();
        boolean isRead = READS.contains(request.method());
        context.response().putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
                        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        if (credentials.isEmpty()) {
            Problem.send(context, 403, "Set BRIDGE_MANAGEMENT_PASSWORD to allow this");
        } else if (isOfAnotherSite(request) && !(isRead && "navigate".equals(request.getHeader("Sec-Fetch-Mode")))) {
            Problem.send(context, 403, "Pages of other sites may not call this");
        } else {
            int status = authenticate(request.remoteAddress().hostAddress(),
                    request.getHeader(HttpHeaders.AUTHORIZATION), System.nanoTime());
            if (status == 429) {
                context.response().putHeader(HttpHeaders.RETRY_AFTER, "60");
                Problem.send(context, status, "Too many failed logins");
            } else if (status == 401) {
                context.response().putHeader("WWW-Authenticate", Credentials.CHALLENGE);
                Problem.send(context, status, "The credentials are missing or wrong");
            } else if (!isRead && !request.headers().contains(CHANGE_HEADER)) {
                Problem.send(context, 403,
                        "Send the header " + CHANGE_HEADER + ", with any value, to change something");
            } else {
                context.next();
            }
        }
    }

    /**
     * Returns 200, 401 or 429.
     *
     * @param authorization may be {@code null}
     * @param now           nanoseconds from an arbitrary origin
     */
    synchronized int authenticate(String address, String authorization, long now) {
        if (authorization == null) {
            // a browser's first call, which guesses nothing
            return 401;
        }
        if (now - periodNanos >= PERIOD_NANOS) {
            failures.clear();
            periodNanos = now;
        }
        String counted = failures.size() < MAX_ADDRESSES || failures.containsKey(address) ? address : OTHERS;
        int failed = failures.getOrDefault(counted, 0);
        if (failed >= MAX_FAILURES) {
            return 429;
        }
        if (credentials.get().matchesBasic(authorization)) {
            return 200;
        }
        failures.put(counted, failed + 1);
        if (failed + 1 == MAX_FAILURES) {
            LOG.warn("{} failed logins on the management port from {}, which is answered 429 for up to a minute",
                    MAX_FAILURES, counted);
        }
        return 401;
    }

    /** Browsers set both headers; a page can change neither. A proxy may have changed the host. */
    private static boolean isOfAnotherSite(HttpServerRequest request) {
        String site = request.getHeader("Sec-Fetch-Site");
        String origin = request.getHeader(HttpHeaders.ORIGIN);
        return site != null
                ? !site.equals("same-origin") && !site.equals("none")
                : origin != null && !origin.endsWith("://" + request.getHeader(HttpHeaders.HOST));
    }
}
