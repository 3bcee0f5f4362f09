package io.ilertsumo.bridge.deadletter;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import jakarta.enterprise.context.ApplicationScoped;

import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.event.UnreadableEventException;
import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.log.LogLimit;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * Sends dead letters through the route {@code replay}, and discards each once the whole route has succeeded and a lane has
 * stored its event. A crash in between replays the event again: at least once. Thread-safe: replays wait for each other.
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
    private final LogLimit limit = new LogLimit();

    Replayer(DeadLetterStore store, ProducerTemplate template, MeterRegistry registry) {
        this.store = store;
        this.template = template;
        this.registry = registry;
    }

    /**
     * What became of a dead letter: {@code REPLAYED} if its event is stored in a lane and it is discarded, {@code GONE} if it
     * was discarded, evicted or replayed before. With any other it stays: its body is still unreadable, the routes drop its
     * event or keep it again, or the route failed.
     */
    enum Result {
        REPLAYED, UNREADABLE, DROPPED, KEPT, GONE, FAILED
    }

    /** Replays a dead letter. */
    Result replay(long id) {
        return replay(List.of(id)).keySet().iterator().next();
    }

    /** Replays dead letters, some at a time, until some have failed; returns the number of each result. */
    Map<Result, Integer> replay(List<Long> ids) {
        Map<Result, Integer> results = new EnumMap<>(Result.class);
        Iterator<Long> next = ids.iterator();
        while (next.hasNext() && !results.containsKey(Result.FAILED)) {
            for (Result result : replaySome(next)) {
                results.merge(result, 1, Integer::sum);
                if (result != Result.GONE) {
                    registry.counter("bridge.dead.letters.replayed", "result", result.name().toLowerCase(Locale.ROOT))
                            .increment();
                }
            }
        }
        return results;
    }

    /** One caller at a time: two that replay the same dead letter must not both send it. */
    private synchronized List<Result> replaySome(Iterator<Long> ids) {
        List<CompletableFuture<Result>> replays = new ArrayList<>();
        long bytes = 0;
        while (ids.hasNext() && replays.size() < MAX_CONCURRENT && bytes < MAX_CONCURRENT_BYTES) {
            long id = ids.next();
            try {
                Optional<DeadLetter> letter = store.get(id);
                bytes += letter.map(DeadLetter::size).orElse(0);
                replays.add(letter.map(this::send).orElse(CompletableFuture.completedFuture(Result.GONE)));
            } catch (StoreException | RuntimeException e) {
                // of a store that can't be read, each other one would take seconds as well
                replays.add(CompletableFuture.completedFuture(failed(id, e)));
                break;
            }
        }
        return replays.stream().map(CompletableFuture::join).toList();
    }

    private CompletableFuture<Result> send(DeadLetter letter) {
        return template.asyncSend(ROUTE, exchange -> {
            exchange.getMessage().setBody(letter.content().body());
            exchange.getMessage().setHeader(Exchange.CONTENT_ENCODING, letter.content().encoding());
            exchange.getMessage().setHeader(LaneConstants.DEAD_LETTER, letter.id());
            exchange.getMessage().setHeader("reason", letter.content().reason());
        }).thenCompose(exchange -> finish(letter, exchange))
                .exceptionally(failure -> failed(letter.id(), failure.getCause()));
    }

    private CompletableFuture<Result> finish(DeadLetter letter, Exchange exchange) {
        Exception failure = exchange.getException();
        String result = exchange.getMessage().getHeader(LaneConstants.RESULT, String.class);
        if (failure instanceof UnreadableEventException) {
            return StoreCallback.future(done -> store.keep(letter.content(), done))
                    .thenApply(counted -> Result.UNREADABLE);
        } else if (failure != null) {
            return CompletableFuture.failedFuture(failure);
        } else if (LaneConstants.ACCEPTED.equals(result)) {
            return StoreCallback.future(done -> store.discard(List.of(letter.id()), done))
                    .thenApply(discarded -> Result.REPLAYED);
        } else if (LaneConstants.DROPPED.equals(result)) {
            return CompletableFuture.completedFuture(Result.DROPPED);
        } else if (result != null) {
            return CompletableFuture.completedFuture(Result.KEPT);
        }
        return CompletableFuture.failedFuture(new StoreException("The routes neither stored nor dropped the event"));
    }

    private Result failed(long id, Throwable failure) {
        // the message of a route's exception may quote the event
        String reason = failure instanceof StoreException ? failure.getMessage() : failure.getClass().getName();
        long count = limit.count(reason);
        if (count > 0) {
            LOG.warn("Dead letter {} not replayed, it stays ({} since the last such line): {}", id, count, reason);
        }
        return Result.FAILED;
    }
}
