package io.ilertsumo.bridge.otel;

import java.util.Locale;
import java.util.Map;

import jakarta.inject.Singleton;

import org.apache.camel.Exchange;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchListener;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.quarkus.arc.Unremovable;

/**
 * One span for each delivery of a batch, from its exchange's begin to Sumo Logic's answer, with a link to the receipt of
 * each of its events that is sampled. Thread-safe.
 */
@Singleton
@Unremovable
public class DeliverSpans implements BatchListener {

    private static final TextMapGetter<String> GETTER = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(String traceparent) {
            return Map.of("traceparent", traceparent).keySet();
        }

        @Override
        public String get(String traceparent, String key) {
            return "traceparent".equals(key) ? traceparent : null;
        }
    };

    private final Tracer tracer;

    DeliverSpans(OpenTelemetry openTelemetry) {
        tracer = openTelemetry.getTracer(ReceiveSpans.INSTRUMENTATION);
    }

    @Override
    public void begin(LaneEndpoint lane, Batch batch, Exchange exchange) {
        SpanBuilder builder = tracer.spanBuilder("deliver").setNoParent().setSpanKind(SpanKind.CLIENT)
                .setAttribute("bridge.lane", batch.lane()).setAttribute("bridge.group", batch.group())
                .setAttribute("bridge.events", batch.events()).setAttribute("bridge.bytes", batch.body().length);
        batch.traceparents().stream().map(DeliverSpans::context).filter(SpanContext::isSampled)
                .forEach(builder::addLink);
        exchange.setProperty(ReceiveSpans.SPAN, builder.startSpan());
    }

    /** Invalid, and so not sampled, if it can't be read. */
    private static SpanContext context(String traceparent) {
        return Span.fromContext(W3CTraceContextPropagator.getInstance().extract(Context.root(), traceparent, GETTER))
                .getSpanContext();
    }

    @Override
    public void done(LaneEndpoint lane, Batch batch, Result result, Exchange exchange) {
        if (exchange.getProperty(ReceiveSpans.SPAN) instanceof Span span) {
            end(span, result, exchange);
        }
    }

    private static void end(Span span, Result result, Exchange exchange) {
        span.setAttribute("bridge.result", result.name().toLowerCase(Locale.ROOT));
        Integer status = exchange.getMessage().getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class);
        if (status != null) {
            span.setAttribute("http.response.status_code", status);
        }
        if (result != Result.DELIVERED) {
            span.setStatus(StatusCode.ERROR);
        }
        if (exchange.getException() != null) {
            // its message may name the URL
            span.setAttribute("error.type", exchange.getException().getClass().getName());
        }
        span.end();
    }
}
