package io.ilertsumo.bridge.otel;

import java.util.List;
import java.util.regex.Pattern;

import jakarta.inject.Singleton;

import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.NamedNode;
import org.apache.camel.Route;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.RoutePolicy;
import org.apache.camel.spi.RoutePolicyFactory;
import org.apache.camel.support.RoutePolicySupport;

import io.ilertsumo.bridge.lane.LaneConstants;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.quarkus.arc.Unremovable;

/**
 * One span for each webhook call that reaches a route, from the call to its answer. Its context becomes the header
 * {@code traceparent} of the message, which the lane stores with the event. Thread-safe.
 */
@Singleton
@Unremovable
public class ReceiveSpans extends RoutePolicySupport implements RoutePolicyFactory {

    static final String INSTRUMENTATION = "io.ilertsumo.bridge";
    static final String SPAN = "bridgeSpan";
    /** A sender may choose any ID, and an e-mail address is not to become an attribute. */
    private static final Pattern EVENT_ID = Pattern.compile("[\\w.:-]{1,128}");
    private static final TextMapGetter<Message> GETTER = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Message message) {
            return message.getHeaders().keySet();
        }

        @Override
        public String get(Message message, String key) {
            return message.getHeader(key, String.class);
        }
    };

    private final Tracer tracer;

    ReceiveSpans(OpenTelemetry openTelemetry) {
        tracer = openTelemetry.getTracer(INSTRUMENTATION);
    }

    @Override
    public RoutePolicy createRoutePolicy(CamelContext context, String routeId, NamedNode route) {
        return ((RouteDefinition) route).getInput().getEndpointUri().startsWith("platform-http") ? this : null;
    }

    @Override
    public void onExchangeBegin(Route route, Exchange exchange) {
        Message message = exchange.getMessage();
        W3CTraceContextPropagator w3c = W3CTraceContextPropagator.getInstance();
        Span span = tracer.spanBuilder("receive").setSpanKind(SpanKind.SERVER)
                .setParent(w3c.extract(Context.root(), message, GETTER)).startSpan();
        w3c.inject(Context.root().with(span), message, Message::setHeader);
        exchange.setProperty(SPAN, span);
    }

    @Override
    public void onExchangeDone(Route route, Exchange exchange) {
        if (exchange.getProperty(SPAN) instanceof Span span) {
            end(span, exchange);
        }
    }

    private static void end(Span span, Exchange exchange) {
        Message message = exchange.getMessage();
        for (String name : List.of(LaneConstants.RESULT, LaneConstants.GROUP, LaneConstants.LANE)) {
            if (message.getHeader(name) instanceof String value) {
                span.setAttribute("bridge." + name, value);
            }
        }
        if (message.getHeader(LaneConstants.EVENT_ID) instanceof String id && EVENT_ID.matcher(id).matches()) {
            span.setAttribute("bridge.event.id", id);
        }
        if (exchange.isFailed() || message.getHeader(Exchange.HTTP_RESPONSE_CODE, 200, Integer.class) >= 500) {
            span.setStatus(StatusCode.ERROR);
        }
        span.end();
    }
}
