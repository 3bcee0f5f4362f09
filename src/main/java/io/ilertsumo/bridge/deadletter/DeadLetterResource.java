package io.ilertsumo.bridge.deadletter;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionException;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.http.ManagementAuthentication;
import io.ilertsumo.bridge.http.Problem;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.quarkus.vertx.http.ManagementInterface;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;

/**
 * Lists, exports, replays and discards dead letters over REST on the management port, as
 * {@code dead-letters.openapi.yaml} describes. Requests run on worker threads.
 */
@ApplicationScoped
public class DeadLetterResource {

    private static final String PATH = "/dead-letters";
    private static final String DESCRIPTION = "dead-letters.openapi.yaml";
    /** The most that a page has and that the store discards in one commit. */
    private static final int MAX_LIMIT = 1000;
    private static final long MAX_ID = 999_999_999_999_999_999L;
    private static final String FILTER = "reason,type,from,to";
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetterResource.class);

    private final ManagementAuthentication authentication;
    private final DeadLetterStore store;
    private final Replayer replayer;

    DeadLetterResource(ManagementAuthentication authentication, DeadLetterStore store, Replayer replayer) {
        this.authentication = authentication;
        this.store = store;
        this.replayer = replayer;
    }

    void register(@Observes ManagementInterface management) {
        Router router = management.router();
        router.route(PATH + "/*").handler(authentication::check).failureHandler(this::failed);
        add(router.get(PATH), FILTER + ",after,limit", this::list);
        add(router.delete(PATH), FILTER + ",all", this::discardAll);
        add(router.get(PATH + "/openapi.yaml"), "", this::describe);
        add(router.get(PATH + "/export"), FILTER, this::export);
        add(router.post(PATH + "/replay"), FILTER + ",all", this::replayAll);
        add(router.get(PATH + "/:id"), "", this::get);
        add(router.delete(PATH + "/:id"), "", this::discard);
        add(router.post(PATH + "/:id/replay"), "", this::replay);
    }

    /** Handles a request. Every exception is answered. */
    @FunctionalInterface
    private interface Operation {
        void handle(RoutingContext request) throws Exception;
    }

    private static void add(Route route, String parameters, Operation operation) {
        route.blockingHandler(request -> {
            try {
                checkParameters(request.queryParams(), Set.of(parameters.split(",")));
                operation.handle(request);
            } catch (Exception e) {
                request.fail(e);
            }
        }, false);
    }

    /** A mistyped filter must not act on everything. */
    private static void checkParameters(MultiMap given, Set<String> parameters) {
        for (String name : given.names()) {
            require(parameters.contains(name), "There is no parameter " + name + " here");
            require(given.getAll(name).size() == 1 && !given.get(name).isBlank(), name + " must have one value");
        }
    }

    private static void require(boolean condition, String problem) {
        if (!condition) {
            throw new HttpException(400, problem);
        }
    }

    private void failed(RoutingContext request) {
        Throwable failure = request.failure() instanceof CompletionException write
                ? write.getCause()
                : request.failure();
        if (request.response().headWritten()) {
            // an export: the client must see that it is incomplete
            request.response().reset();
        } else if (failure instanceof HttpException problem) {
            Problem.send(request, problem.getStatusCode(), problem.getPayload());
        } else if (failure instanceof StoreException) {
            Problem.send(request, 503, failure.getMessage());
        } else {
            LOG.error("A request of {} failed and is answered 500", PATH, failure);
            Problem.send(request, 500, "Unexpected failure, see the bridge's log");
        }
    }

    private void list(RoutingContext request) throws StoreException {
        int limit = (int) number("limit", request.request().getParam("limit", "100"), 1, MAX_LIMIT);
        long after = number("after", request.request().getParam("after", "0"), 0, MAX_ID);
        List<DeadLetter> letters = store.list(filter(request), after, limit);
        JsonObject page = new JsonObject().put("deadLetters",
                letters.stream().map(DeadLetterResource::json).toList());
        if (letters.size() == limit) {
            page.put("next", letters.get(limit - 1).id());
        }
        request.json(page);
    }

    private void get(RoutingContext request) throws StoreException {
        request.json(json(find(id(request))));
    }

    private void export(RoutingContext request) throws StoreException {
        List<Long> ids = ids(filter(request));
        HttpServerResponse response = request.response().setChunked(true).putHeader(HttpHeaders.CONTENT_TYPE,
                "application/x-ndjson");
        for (long id : ids) {
            // one at a time, so that a slow client does not fill the memory
            store.get(id).ifPresent(letter -> response.write(json(letter).encode() + "\n").toCompletionStage()
                    .toCompletableFuture().join());
        }
        response.end();
    }

    private void discard(RoutingContext request) throws StoreException {
        long id = find(id(request)).id();
        discard(List.of(id));
        LOG.info("Dead letter {} discarded", id);
        request.response().setStatusCode(204).end();
    }

    private void discardAll(RoutingContext request) throws StoreException {
        List<Long> ids = selected(request);
        for (int i = 0; i < ids.size(); i += MAX_LIMIT) {
            discard(ids.subList(i, Math.min(ids.size(), i + MAX_LIMIT)));
        }
        LOG.info("{} dead letters discarded", ids.size());
        request.json(new JsonObject().put("discarded", ids.size()));
    }

    private void discard(List<Long> ids) {
        StoreCallback.future(done -> store.discard(ids, done)).join();
    }

    private void replay(RoutingContext request) {
        switch (replayer.replay(id(request))) {
            case REPLAYED -> request.json(new JsonObject().put("replayed", 1));
            case UNREADABLE -> Problem.send(request, 409, "The body is still unreadable; the dead letter stays");
            case DROPPED -> Problem.send(request, 409, "The routes drop the event; the dead letter stays");
            case KEPT -> Problem.send(request, 409, "The routes keep the event again; the dead letter stays");
            case GONE -> throw notFound(request.pathParam("id"));
            default -> Problem.send(request, 503, "Failed, see the bridge's log; the dead letter stays");
        }
    }

    private void replayAll(RoutingContext request) throws StoreException {
        Map<Replayer.Result, Integer> results = replayer.replay(selected(request));
        JsonObject counts = new JsonObject();
        for (Replayer.Result result : Replayer.Result.values()) {
            counts.put(result.name().toLowerCase(Locale.ROOT), results.getOrDefault(result, 0));
        }
        LOG.info("Dead letters replayed: {}", counts);
        request.response().setStatusCode(results.containsKey(Replayer.Result.FAILED) ? 503 : 200);
        request.json(counts);
    }

    private void describe(RoutingContext request) throws IOException {
        try (InputStream in = Thread.currentThread().getContextClassLoader().getResourceAsStream(DESCRIPTION)) {
            request.response().putHeader(HttpHeaders.CONTENT_TYPE, "application/yaml")
                    .end(Buffer.buffer(in.readAllBytes()));
        }
    }

    private DeadLetter find(long id) throws StoreException {
        return store.get(id).orElseThrow(() -> notFound(Long.toString(id)));
    }

    private static HttpException notFound(String id) {
        return new HttpException(404, "There is no dead letter " + id);
    }

    private List<Long> selected(RoutingContext request) throws StoreException {
        DeadLetter.Filter filter = filter(request);
        require(!filter.equals(DeadLetter.Filter.ALL) || "true".equals(request.request().getParam("all")),
                "Select dead letters by reason, type, from or to, or all of them by all=true");
        return ids(filter);
    }

    /** Those of now: a replay may keep one again, with a higher number. */
    private List<Long> ids(DeadLetter.Filter filter) throws StoreException {
        List<Long> ids = new ArrayList<>();
        List<DeadLetter> page;
        do {
            page = store.list(filter, ids.isEmpty() ? 0 : ids.get(ids.size() - 1), MAX_LIMIT);
            page.forEach(letter -> ids.add(letter.id()));
        } while (page.size() == MAX_LIMIT);
        return ids;
    }

    private static DeadLetter.Filter filter(RoutingContext request) {
        HttpServerRequest query = request.request();
        return new DeadLetter.Filter(query.getParam("reason"), query.getParam("type"),
                time("from", query.getParam("from")), time("to", query.getParam("to")));
    }

    /** A time in whole milliseconds; {@code null} if there is no text. */
    static Instant time(String name, String text) {
        try {
            return text == null ? null : Instant.ofEpochMilli(OffsetDateTime.parse(text).toInstant().toEpochMilli());
        } catch (DateTimeException | ArithmeticException e) {
            throw new HttpException(400, name + " must be a time such as 2026-01-31T23:59:59Z: " + text);
        }
    }

    private static long id(RoutingContext request) {
        return number("id", request.pathParam("id"), 0, MAX_ID);
    }

    static long number(String name, String text, long min, long max) {
        require(text.matches("\\d{1,18}") && Long.parseLong(text) >= min && Long.parseLong(text) <= max,
                name + " must be a number from " + min + " to " + max + ": " + text);
        return Long.parseLong(text);
    }

    private static JsonObject json(DeadLetter letter) {
        DeadLetter.Content content = letter.content();
        JsonObject json = new JsonObject().put("id", letter.id()).put("reason", content.reason())
                .put("detail", content.detail()).put("status", content.status()).put("answer", content.answer())
                .put("attempts", letter.attempts()).put("first", letter.first().toString())
                .put("last", letter.last().toString()).put("eventId", content.eventId())
                .put("eventType", content.eventType()).put("lane", content.lane()).put("group", content.group())
                .put("encoding", content.encoding()).put("size", letter.size());
        json.getMap().values().removeIf(Objects::isNull);
        if (content.body() != null) {
            try {
                json.put("body",
                        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content.body())).toString());
            } catch (CharacterCodingException e) {
                // Vert.x would encode it for URLs, without padding
                json.put("bodyBase64", Base64.getEncoder().encodeToString(content.body()));
            }
        }
        return json;
    }
}
