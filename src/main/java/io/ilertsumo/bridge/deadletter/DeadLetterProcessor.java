package io.ilertsumo.bridge.deadletter;

import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Named;

import org.apache.camel.AsyncCallback;
import org.apache.camel.CamelExchangeException;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.quarkus.main.events.AfterStart;
import org.apache.camel.support.AsyncProcessorSupport;
import org.apache.camel.util.ObjectHelper;
import org.apache.camel.util.StringHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.delivery.SecretMasker;
import io.ilertsumo.bridge.http.RoutePool;
import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.log.LogLimit;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.Unremovable;

/**
 * Keeps the message body as a dead letter. The headers {@code reason}, {@code detail}, {@code status} and {@code answer}
 * describe the cause, the event's own headers the event; a batch has lane and group as exchange variables. The exchange
 * continues once the dead letter is durable. Thread-safe.
 */
@ApplicationScoped
@Unremovable
@Named("keepDeadLetter")
public class DeadLetterProcessor extends AsyncProcessorSupport {

    /** Their details never quote the event; the exception of an edited route may. */
    private static final Set<String> LOGGED_DETAILS = Set.of("unreadable", "rejected");
    private static final int ANSWER_CHARACTERS = 1000;
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetterProcessor.class);

    private final DeadLetterStore store;
    private final MeterRegistry registry;
    private final SecretMasker masker;
    private final RoutePool pool;
    private final LogLimit limit = new LogLimit();

    DeadLetterProcessor(DeadLetterStore store, MeterRegistry registry, SecretMasker masker, RoutePool pool) {
        this.store = store;
        this.registry = registry;
        this.masker = masker;
        this.pool = pool;
    }

    void register(@Observes AfterStart started) {
        Gauge.builder("bridge.dead.letters.kept", store, DeadLetterStore::count)
                .description("Dead letters that are kept").register(registry);
        FunctionCounter.builder("bridge.dead.letters.evicted", store, DeadLetterStore::evicted)
                .description("Dead letters that were evicted because of a bound").register(registry);
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        try {
            DeadLetter.Content content = content(exchange);
            CompletableFuture<Void> written = StoreCallback.future(done -> store.keep(content, done));
            if (!(exchange.getFromEndpoint() instanceof LaneEndpoint)) {
                written.whenCompleteAsync((none, failure) -> {
                    if (failure == null) {
                        kept(content);
                    } else {
                        exchange.setException(failure);
                    }
                    callback.done(false);
                }, pool);
                return false;
            }
            // steps that block may occupy the pool, so the thread of the lane continues itself
            written.get();
            kept(content);
        } catch (Exception e) {
            exchange.setException(e instanceof ExecutionException ? e.getCause() : e);
        }
        callback.done(true);
        return true;
    }

    private DeadLetter.Content content(Exchange exchange) throws CamelExchangeException {
        Message message = exchange.getMessage();
        String reason = text(exchange, "reason");
        Integer status = exchange.getContext().getTypeConverter().tryConvertTo(Integer.class, exchange,
                message.getHeader("status"));
        String answer = text(exchange, "answer");
        // a body that can't be kept must fail here: the caller would believe that it is
        byte[] body = message.getBody() == null ? new byte[0] : message.getMandatoryBody(byte[].class);
        return new DeadLetter.Content(reason == null || reason.isBlank() ? "route-failed" : reason,
                text(exchange, "detail"), status,
                // it may quote the URL of the request
                ObjectHelper.isEmpty(answer) ? null : StringHelper.limitLength(masker.mask(answer), ANSWER_CHARACTERS),
                text(exchange, LaneConstants.EVENT_ID), text(exchange, "eventType"), text(exchange, LaneConstants.LANE),
                text(exchange, LaneConstants.GROUP), text(exchange, Exchange.CONTENT_ENCODING), body);
    }

    /** The header, or else the variable. */
    private static String text(Exchange exchange, String name) {
        String header = exchange.getMessage().getHeader(name, String.class);
        return header != null ? header : exchange.getVariable(name, String.class);
    }

    private void kept(DeadLetter.Content content) {
        registry.counter("bridge.dead.letters", "reason", content.reason()).increment();
        long count = limit.count(content.reason() + " " + content.lane());
        if (count > 0) {
            LOG.warn("Dead letter kept, reason {}, lane {}, event {}, {} since the last such line{}", content.reason(),
                    Objects.requireNonNullElse(content.lane(), "none"),
                    Objects.requireNonNullElse(content.eventId(), "none"), count,
                    LOGGED_DETAILS.contains(content.reason()) ? ": " + content.detail() : "");
        }
    }
}
