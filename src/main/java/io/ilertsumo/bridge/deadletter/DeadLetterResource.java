package io.ilertsumo.bridge.deadletter;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.Outcome;
import io.ilertsumo.bridge.webhook.Problem;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.vertx.http.ManagementInterface;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * The dead letters over REST, on the management port: {@code dead-letters.openapi.yaml} describes it. What happens to a
 * letter that is replayed is in the route {@code replay}.
 */
@ApplicationScoped
public class DeadLetterResource {

    private static final String PATH = "/dead-letters";
    private static final String DESCRIPTION = "dead-letters.openapi.yaml";
    private static final int PAGE = 100;
    private static final int LARGEST_PAGE = 1000;
    /** So many at a time, since each waits for the same commit, and so many bytes, since all are in memory. */
    private static final int REPLAYED_AT_ONCE = 100;
    private static final int BYTES_REPLAYED_AT_ONCE = 2 * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(DeadLetterResource.class);

    private final ManagementAccess access;
    private final DeadLetterStore store;
    private final ProducerTemplate template;
    private final MeterRegistry registry;
    private final Map<Long, CompletableFuture<Replay>> underWay = new ConcurrentHashMap<>();

    DeadLetterResource(ManagementAccess access, DeadLetterStore store, ProducerTemplate template,
            MeterRegistry registry) {
        this.access = access;
        this.store = store;
        this.template = template;
        this.registry = registry;
    }

    /** What became of a dead letter that was to be replayed. */
    private enum Replay {
        /** It is in its lane. */
        REPLAYED,
        /** It can still not be read, and is still a dead letter. */
        UNREADABLE,
        /** The routes send it nowhere; it is still a dead letter. */
        DROPPED,
        /** It was none any more. */
        GONE,
        /** It could not be stored, and is still a dead letter. */
        FAILED
    }

    void register(@Observes ManagementInterface management) {
        Router router = management.router();
        router.route(PATH + "/*").handler(access::check).failureHandler(this::failed);
        blocking(router.get(PATH), this::list);
        blocking(router.delete(PATH), this::discardAll);
        blocking(router.get(PATH + "/openapi.yaml"), this::describe);
        blocking(router.get(PATH + "/export"), this::export);
        blocking(router.post(PATH + "/replay"), this::replayAll);
        blocking(router.get(PATH + "/:id"), this::get);
        blocking(router.delete(PATH + "/:id"), this::discard);
        blocking(router.post(PATH + "/:id/replay"), this::replay);
    }

    /** Handles a call and may fail, which is answered. */
    @FunctionalInterface
    private interface Call {
        void handle(RoutingContext call) throws Exception;
    }

    private static void blocking(Route route, Call call) {
        Handler<RoutingContext> handler = routing -> {
            try {
                call.handle(routing);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                routing.fail(e);
            } catch (Exception e) {
                routing.fail(e);
            }
        };
        route.blockingHandler(handler, false);
    }

    private void failed(RoutingContext call) {
        Throwable failure = call.failure();
        if (failure instanceof BadCallException) {
            Problem.send(call, 400, failure.getMessage());
        } else if (failure instanceof DeadLetterGoneException) {
            Problem.send(call, 404, failure.getMessage());
        } else if (failure == null) {
            call.next();
        } else {
            LOG.error("A call of {} failed", PATH, failure);
            if (call.response().headWritten()) {
                call.response().reset();
            } else {
                Problem.send(call, 503, "The dead letters can't be reached, the bridge's log says why");
            }
        }
    }

    private static final class BadCallException extends Exception {

        private static final long serialVersionUID = 1L;

        BadCallException(String message) {
            super(message);
        }
    }

    private void list(RoutingContext call) throws IOException, BadCallException {
        DeadLetter.Filter filter = filter(call);
        long after = number(call, "after", 0);
        int limit = (int) Math.max(1, Math.min(LARGEST_PAGE, number(call, "limit", PAGE)));
        List<DeadLetter> letters;
        try (DeadLetters all = store.open()) {
            letters = all.list(filter, after, limit);
        }
        JsonArray list = new JsonArray();
        letters.forEach(letter -> list.add(json(letter)));
        JsonObject page = new JsonObject().put("deadLetters", list);
        if (letters.size() == limit) {
            page.put("next", letters.get(limit - 1).id());
        }
        answer(call, page);
    }

    private void get(RoutingContext call) throws IOException, BadCallException, DeadLetterGoneException {
        long id = id(call);
        answer(call, json(letter(id).orElseThrow(() -> new DeadLetterGoneException(id))));
    }

    private void export(RoutingContext call)
            throws IOException, BadCallException, ExecutionException, InterruptedException {
        HttpServerResponse response = call.response().setChunked(true).putHeader(HttpHeaders.CONTENT_TYPE,
                "application/x-ndjson");
        try (DeadLetters all = store.open()) {
            for (long id : all.ids(filter(call))) {
                Optional<DeadLetter> letter = all.get(id);
                if (letter.isPresent()) {
                    // one at a time, so that a slow reader does not fill the memory
                    response.write(json(letter.get()).encode() + "\n").toCompletionStage().toCompletableFuture().get();
                }
            }
        }
        response.end();
    }

    private void discard(RoutingContext call) throws Exception {
        CompletableFuture<Void> discarded = discard(id(call));
        try {
            discarded.get();
        } catch (ExecutionException e) {
            throw (Exception) e.getCause();
        }
        LOG.info("Discarded the dead letter {}", call.pathParam("id"));
        call.response().setStatusCode(204).end();
    }

    private void discardAll(RoutingContext call) throws Exception {
        int count = 0;
        for (long id : wanted(call)) {
            try {
                discard(id).get();
                count++;
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof DeadLetterGoneException)) {
                    throw (Exception) e.getCause();
                }
            }
        }
        LOG.info("Discarded {} dead letters", count);
        answer(call, new JsonObject().put("discarded", count));
    }

    private CompletableFuture<Void> discard(long id) throws InterruptedException {
        CompletableFuture<Void> discarded = new CompletableFuture<>();
        store.discard(id, Outcome.completing(discarded));
        return discarded;
    }

    private void replay(RoutingContext call) throws Exception {
        long id = id(call);
        Replay became;
        try (DeadLetters all = store.open()) {
            became = replay(id, all, new AtomicInteger()).get();
        }
        switch (became) {
            case REPLAYED -> answer(call, new JsonObject().put("replayed", 1));
            case UNREADABLE -> Problem.send(call, 409, "It can still not be read, and is still a dead letter");
            case DROPPED -> Problem.send(call, 409, "The routes send it nowhere, it is still a dead letter");
            case GONE -> throw new DeadLetterGoneException(id);
            case FAILED -> Problem.send(call, 503, "It could not be stored, and is still a dead letter");
            default -> throw new IllegalStateException(became.name());
        }
    }

    private void replayAll(RoutingContext call) throws Exception {
        Map<Replay, Integer> became = new EnumMap<>(Replay.class);
        List<CompletableFuture<Replay>> replays = new ArrayList<>();
        AtomicInteger bytes = new AtomicInteger();
        try (DeadLetters all = store.open()) {
            for (long id : wanted(call)) {
                replays.add(replay(id, all, bytes));
                if (replays.size() >= REPLAYED_AT_ONCE || bytes.get() >= BYTES_REPLAYED_AT_ONCE) {
                    count(replays, became);
                    bytes.set(0);
                    if (became.containsKey(Replay.FAILED)) {
                        break;
                    }
                }
            }
        }
        count(replays, became);
        JsonObject counts = new JsonObject();
        for (Replay one : Replay.values()) {
            counts.put(one.name().toLowerCase(Locale.ROOT), became.getOrDefault(one, 0));
        }
        LOG.info("Replayed dead letters: {}", counts);
        if (became.containsKey(Replay.FAILED)) {
            call.response().setStatusCode(503);
        }
        answer(call, counts);
    }

    private static void count(List<CompletableFuture<Replay>> replays, Map<Replay, Integer> became)
            throws ExecutionException, InterruptedException {
        for (CompletableFuture<Replay> replay : replays) {
            became.merge(replay.get(), 1, Integer::sum);
        }
        replays.clear();
    }

    /**
     * Replays the letter, unless that is under way already: not every store takes a letter away with its storing.
     *
     * @param bytes is given the size of the letter as well
     */
    private CompletableFuture<Replay> replay(long id, DeadLetters all, AtomicInteger bytes) throws IOException {
        CompletableFuture<Replay> mine = new CompletableFuture<>();
        CompletableFuture<Replay> other = underWay.putIfAbsent(id, mine);
        if (other != null) {
            return other.thenApply(became -> became == Replay.REPLAYED ? Replay.GONE : became);
        }
        Optional<DeadLetter> letter = Optional.empty();
        try {
            letter = all.get(id);
        } finally {
            if (letter.isEmpty()) {
                underWay.remove(id);
                mine.complete(Replay.GONE);
            }
        }
        letter.ifPresent(found -> {
            bytes.addAndGet(found.size());
            replay(found).whenComplete((became, failure) -> {
                underWay.remove(id);
                mine.complete(failure == null ? became : Replay.FAILED);
            });
        });
        return mine;
    }

    private CompletableFuture<Replay> replay(DeadLetter letter) {
        return template.asyncSend("direct:replay", exchange -> {
            exchange.getMessage().setBody(letter.content().body());
            exchange.getMessage().setHeader(Exchange.CONTENT_ENCODING, letter.content().encoding());
            exchange.getMessage().setHeader(LaneConstants.DEAD_LETTER, letter.id());
            exchange.getMessage().setHeader("reason", letter.content().reason());
        }).thenApply(exchange -> {
            Replay became = became(exchange);
            registry.counter("bridge.dead.letters.replayed", "result", became.name().toLowerCase(Locale.ROOT))
                    .increment();
            return became;
        });
    }

    private static Replay became(Exchange exchange) {
        Exception failure = exchange.getException();
        if (failure instanceof DeadLetterGoneException) {
            return Replay.GONE;
        } else if (failure != null) {
            LOG.warn("A dead letter was not replayed: {}", failure.getMessage());
            return Replay.FAILED;
        } else if ("unreadable".equals(exchange.getMessage().getHeader("result"))) {
            return Replay.UNREADABLE;
        }
        return "none".equals(exchange.getMessage().getHeader(LaneConstants.LANE)) ? Replay.DROPPED : Replay.REPLAYED;
    }

    private Optional<DeadLetter> letter(long id) throws IOException {
        try (DeadLetters all = store.open()) {
            return all.get(id);
        }
    }

    private List<Long> wanted(RoutingContext call) throws IOException, BadCallException {
        DeadLetter.Filter filter = filter(call);
        if (filter.equals(new DeadLetter.Filter(null, null, null, null))
                && !"true".equals(call.request().getParam("all"))) {
            throw new BadCallException("Say which ones by reason, type, from or to, or that you mean all by all=true");
        }
        try (DeadLetters letters = store.open()) {
            return letters.ids(filter);
        }
    }

    private void describe(RoutingContext call) throws IOException {
        try (InputStream in = Thread.currentThread().getContextClassLoader().getResourceAsStream(DESCRIPTION)) {
            call.response().putHeader(HttpHeaders.CONTENT_TYPE, "application/yaml")
                    .end(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static DeadLetter.Filter filter(RoutingContext call) throws BadCallException {
        return new DeadLetter.Filter(call.request().getParam("reason"), call.request().getParam("type"),
                time(call, "from"), time(call, "to"));
    }

    private static Instant time(RoutingContext call, String name) throws BadCallException {
        String text = call.request().getParam(name);
        try {
            return text == null ? null : Instant.parse(text);
        } catch (DateTimeParseException e) {
            throw new BadCallException(name + " is not a time such as 2026-01-31T23:59:59Z");
        }
    }

    private static long number(RoutingContext call, String name, long otherwise) throws BadCallException {
        String text = call.request().getParam(name);
        try {
            return text == null ? otherwise : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new BadCallException(name + " is not a number");
        }
    }

    private static long id(RoutingContext call) throws BadCallException {
        try {
            return Long.parseLong(call.pathParam("id"));
        } catch (NumberFormatException e) {
            throw new BadCallException("The id of a dead letter is a number");
        }
    }

    private static JsonObject json(DeadLetter letter) {
        JsonObject json = new JsonObject().put("id", letter.id()).put("reason", letter.content().reason());
        putUnlessNull(json, "detail", letter.content().detail());
        putUnlessNull(json, "status", letter.content().status());
        putUnlessNull(json, "answer", letter.content().answer());
        json.put("attempts", letter.attempts()).put("first", letter.first().toString())
                .put("last", letter.last().toString());
        putUnlessNull(json, "eventId", letter.content().eventId());
        putUnlessNull(json, "eventType", letter.content().eventType());
        putUnlessNull(json, "lane", letter.content().lane());
        putUnlessNull(json, "group", letter.content().group());
        putUnlessNull(json, "encoding", letter.content().encoding());
        json.put("size", letter.size());
        if (letter.content().body() != null) {
            try {
                json.put("body", StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(letter.content().body()))
                        .toString());
            } catch (CharacterCodingException e) {
                json.put("bodyBase64", letter.content().body());
            }
        }
        return json;
    }

    private static void putUnlessNull(JsonObject json, String name, Object value) {
        if (value != null) {
            json.put(name, value);
        }
    }

    private static void answer(RoutingContext call, JsonObject body) {
        call.response().putHeader(HttpHeaders.CONTENT_TYPE, "application/json").end(body.encode());
    }
}
