package io.ilertsumo.bridge.deadletter;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

import jakarta.enterprise.context.ApplicationScoped;

import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.event.UnreadableEventException;
import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.LogLimit;
import io.ilertsumo.bridge.lane.StoreException;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Sends dead letters through the route {@code replay}, and discards each once the whole route has succeeded and a lane has
 * stored its event. A crash in between replays the event again: at least once. A dead letter has one replay at a time.
 * Thread-safe.
 */
@ApplicationScoped
public class Replayer {

    static final String ROUTE = "direct:replay";
    /** Enough to share commits, few enough to fit in memory with their bodies. */
    private static final int MAX_CONCURRENT = 100;
    private static final long MAX_CONCURRENT_BYTES = 2 * 1024 * 1024;
    private static final Logger LOG = LoggerFactory.getLogger(Replayer.class);

    private final DeadLetterStore store;
    private final ProducerTemplate template;
    private final MeterRegistry registry;
    private final Map<Long, CompletableFuture<Result>> inFlight = new ConcurrentHashMap<>();
    private final LogLimit limit = new LogLimit();

    Replayer(DeadLetterStore store, ProducerTemplate template, MeterRegistry registry) {
        this.store = store;
        this.template = template;
        this.registry = registry;
    }

    /**
     * What became of a dead letter: {@code REPLAYED} if its event is stored in a lane and it is discarded, {@code GONE} if it
     * was discarded, evicted or replayed before. With any other it stays: its body is still unreadable, the routes drop its
     * event, or the route failed.
     */
    enum Result {
        REPLAYED, UNREADABLE, DROPPED, GONE, FAILED
    }

    /** Replays a dead letter. */
    Result replay(long id) {
        return start(id, new LongAdder()).join();
    }

    /** Replays dead letters, some at a time, until some have failed; returns the number of each result. */
    Map<Result, Integer> replay(List<Long> ids) {
        Map<Result, Integer> results = new EnumMap<>(Result.class);
        Iterator<Long> next = ids.iterator();
        while (next.hasNext() && !results.containsKey(Result.FAILED)) {
            List<CompletableFuture<Result>> replays = new ArrayList<>();
            LongAdder bytes = new LongAdder();
            while (next.hasNext() && replays.size() < MAX_CONCURRENT && bytes.sum() < MAX_CONCURRENT_BYTES) {
                replays.add(start(next.next(), bytes));
            }
            for (CompletableFuture<Result> replay : replays) {
                results.merge(replay.join(), 1, Integer::sum);
            }
        }
        return results;
    }

    /** @param bytes is increased by the size of the dead letter */
    private CompletableFuture<Result> start(long id, LongAdder bytes) {
        CompletableFuture<Result> mine = new CompletableFuture<>();
        CompletableFuture<Result> other = inFlight.putIfAbsent(id, mine);
        if (other != null) {
            return other.thenApply(result -> result == Result.REPLAYED ? Result.GONE : result);
        }
        send(id, bytes).whenComplete((result, failure) -> {
            inFlight.remove(id);
            Result known = failure == null ? result : failed(id, failure);
            registry.counter("bridge.dead.letters.replayed", "result", known.name().toLowerCase(Locale.ROOT))
                    .increment();
            mine.complete(known);
        });
        return mine;
    }

    private CompletableFuture<Result> send(long id, LongAdder bytes) {
        try {
            Optional<DeadLetter> letter = store.get(id);
            if (letter.isEmpty()) {
                return CompletableFuture.completedFuture(Result.GONE);
            }
            bytes.add(letter.get().size());
            DeadLetter.Content content = letter.get().content();
            return template.asyncSend(ROUTE, exchange -> {
                exchange.getMessage().setBody(content.body());
                exchange.getMessage().setHeader(Exchange.CONTENT_ENCODING, content.encoding());
                exchange.getMessage().setHeader(LaneConstants.DEAD_LETTER, id);
                exchange.getMessage().setHeader("reason", content.reason());
            }).thenCompose(exchange -> finish(letter.get(), exchange));
        } catch (StoreException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Result> finish(DeadLetter letter, Exchange exchange) {
        if (exchange.getException() instanceof UnreadableEventException) {
            CompletableFuture<Result> counted = new CompletableFuture<>();
            store.keep(letter.content(), (duplicate, failure) -> counted
                    .complete(failure == null ? Result.UNREADABLE : failed(letter.id(), failure)));
            return counted;
        } else if (exchange.isFailed()) {
            return CompletableFuture.failedFuture(exchange.getException());
        }
        String result = exchange.getMessage().getHeader(LaneConstants.RESULT, String.class);
        if (LaneConstants.ACCEPTED.equals(result)) {
            return discard(letter.id());
        } else if (LaneConstants.DROPPED.equals(result)) {
            return CompletableFuture.completedFuture(Result.DROPPED);
        }
        return CompletableFuture.failedFuture(new StoreException("The routes neither stored nor dropped the event"));
    }

    private CompletableFuture<Result> discard(long id) {
        CompletableFuture<Result> discarded = new CompletableFuture<>();
        store.discard(List.of(id),
                (duplicate, failure) -> discarded.complete(failure == null ? Result.REPLAYED : failed(id, failure)));
        return discarded;
    }

    private Result failed(long id, Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        // the message of a route's exception may quote the event
        String reason = cause instanceof StoreException ? cause.getMessage() : cause.getClass().getName();
        long count = limit.count(reason);
        if (count > 0) {
            LOG.warn("Dead letter {} not replayed, it stays ({} since the last such line): {}", id, count, reason);
        }
        return Result.FAILED;
    }
}
