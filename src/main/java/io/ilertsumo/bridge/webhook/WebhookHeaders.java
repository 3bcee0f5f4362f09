package io.ilertsumo.bridge.webhook;

import java.util.Locale;
import java.util.Set;

import jakarta.enterprise.context.ApplicationScoped;

import org.apache.camel.Exchange;
import org.apache.camel.spi.HeaderFilterStrategy;

/**
 * The headers of a webhook call that the routes see, and those of a message that its sender gets to see. Nobody outside
 * can set, or read, a header that the routes use.
 */
@ApplicationScoped
public class WebhookHeaders implements HeaderFilterStrategy {

    private static final String PATHS = ProblemResponses.WEBHOOKS.replace("*", "");
    private static final Set<String> FROM_SENDER = Set.of("content-type", "content-encoding");
    private static final Set<String> TO_SENDER = Set.of("Allow", "Retry-After");

    /** Whether these are the headers of calls of that path. */
    public static boolean appliesTo(String path) {
        return path.startsWith(PATHS);
    }

    @Override
    public boolean applyFilterToExternalHeaders(String name, Object value, Exchange exchange) {
        return !FROM_SENDER.contains(name.toLowerCase(Locale.ROOT));
    }

    @Override
    public boolean applyFilterToCamelHeaders(String name, Object value, Exchange exchange) {
        return !TO_SENDER.contains(name);
    }
}
