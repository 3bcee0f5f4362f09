package io.ilertsumo.bridge.webhook;

import java.util.Locale;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import io.quarkus.vertx.http.runtime.RouteConstants;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Lets a form that is sent to the webhook pass as bytes: Vert.x would take it apart, or fail to, and nothing would be
 * left to keep as a dead letter.
 */
@ApplicationScoped
public class Forms {

    void register(@Observes Router router) {
        router.route(ProblemResponses.WEBHOOKS).order(RouteConstants.ROUTE_ORDER_UPLOAD_LIMIT - 1)
                .handler(Forms::passAsBytes);
    }

    private static void passAsBytes(RoutingContext context) {
        String type = context.request().getHeader(HttpHeaders.CONTENT_TYPE);
        if (type != null && isForm(type.toLowerCase(Locale.ROOT))) {
            context.request().headers().set(HttpHeaders.CONTENT_TYPE, "application/octet-stream");
        }
        context.next();
    }

    private static boolean isForm(String type) {
        return type.startsWith("multipart/") || type.startsWith("application/x-www-form-urlencoded");
    }
}
