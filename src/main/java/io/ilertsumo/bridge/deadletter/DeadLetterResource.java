package io.ilertsumo.bridge.deadletter;

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

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import io.ilertsumo.bridge.http.Problem;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.observability.ManagementApi;
import io.ilertsumo.bridge.observability.ManagementApi.Method;
import io.quarkus.vertx.http.ManagementInterface;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;

/**
 * Lists, exports, replays and discards dead letters over REST on the management port, as
 * {@code dead-letters.openapi.yaml} describes.
 */
@ApplicationScoped
public class DeadLetterResource {

    private static final String PATH = "/dead-letters";
    private static final String DESCRIPTION = "dead-letters.openapi.yaml";
    /** The most that a page has and that the store discards in one commit. */
    private static final int MAX_LIMIT = 1000;
    private static final long MAX_ID = 999_999_999_999_999_999L;
    private static final String FILTER = "reason,type,from,to";

    private final ManagementApi management;
    private final DeadLetterStore store;
    private final Replayer replayer;

    DeadLetterResource(ManagementApi management, DeadLetterStore store, Replayer replayer) {
        this.management = management;
        this.store = store;
        this.replayer = replayer;
    }

    void register(@Observes ManagementInterface port) {
        Router router = port.router();
        management.add(router, PATH, new Method(HttpMethod.GET, FILTER + ",after,limit", this::list),
                new Method(HttpMethod.DELETE, FILTER + ",all", this::discardAll));
        management.add(router, PATH + "/openapi.yaml", ManagementApi.file(DESCRIPTION, "application/yaml"));
        management.add(router, PATH + "/export", new Method(HttpMethod.GET, FILTER, this::export));
        management.add(router, PATH + "/replay", new Method(HttpMethod.POST, FILTER + ",all", this::replayAll));
        management.add(router, PATH + "/:id", new Method(HttpMethod.GET, "", this::get),
                new Method(HttpMethod.DELETE, "", this::discard));
        management.add(router, PATH + "/:id/replay", new Method(HttpMethod.POST, "", this::replay));
    }

    private void list(RoutingContext request) throws StoreException {
        int limit = (int) number("limit", request.request().getParam("limit", "100"), 1, MAX_LIMIT);
        long after = number("after", request.request().getParam("after", "0"), 0, MAX_ID);
        List<DeadLetter> letters = store.list(filter(request.request().params()), after, limit);
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
        List<Long> ids = ids(filter(request.request().params()));
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
        discard(List.of(find(id(request)).id()));
        request.response().setStatusCode(204).end();
    }

    private void discardAll(RoutingContext request) throws StoreException {
        List<Long> ids = ids(selection(request.request().params()));
        for (int i = 0; i < ids.size(); i += MAX_LIMIT) {
            discard(ids.subList(i, Math.min(ids.size(), i + MAX_LIMIT)));
        }
        ManagementApi.answer(request, new JsonObject().put("discarded", ids.size()));
    }

    private void discard(List<Long> ids) {
        StoreCallback.future(done -> store.discard(ids, done)).join();
    }

    private void replay(RoutingContext request) {
        switch (replayer.replay(id(request))) {
            case REPLAYED -> ManagementApi.answer(request, new JsonObject().put("replayed", 1));
            case UNREADABLE -> Problem.send(request, 409, "The body is still unreadable; the dead letter stays");
            case DROPPED -> Problem.send(request, 409, "The routes drop the event; the dead letter stays");
            case KEPT -> Problem.send(request, 409, "The routes keep the event again; the dead letter stays");
            case GONE -> throw notFound(request.pathParam("id"));
            default -> Problem.send(request, 503, "Failed, see the bridge's log; the dead letter stays");
        }
    }

    private void replayAll(RoutingContext request) throws StoreException {
        Map<Replayer.Result, Integer> results = replayer.replay(ids(selection(request.request().params())));
        JsonObject counts = new JsonObject();
        for (Replayer.Result result : Replayer.Result.values()) {
            counts.put(result.name().toLowerCase(Locale.ROOT), results.getOrDefault(result, 0));
        }
        request.response().setStatusCode(results.containsKey(Replayer.Result.FAILED) ? 503 : 200);
        ManagementApi.answer(request, counts);
    }

    private DeadLetter find(long id) throws StoreException {
        return store.get(id).orElseThrow(() -> notFound(Long.toString(id)));
    }

    private static HttpException notFound(String id) {
        return new HttpException(404, "There is no dead letter " + id);
    }

    /** Requires a condition or {@code all=true}. */
    static DeadLetter.Filter selection(MultiMap query) {
        DeadLetter.Filter filter = filter(query);
        String all = Objects.requireNonNullElse(query.get("all"), "false");
        ManagementApi.require(all.matches("true|false"), "all must be true or false: " + all);
        ManagementApi.require(!filter.equals(DeadLetter.Filter.ALL) || all.equals("true"),
                "Select dead letters by reason, type, from or to, or all of them by all=true");
        return filter;
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

    private static DeadLetter.Filter filter(MultiMap query) {
        return new DeadLetter.Filter(query.get("reason"), query.get("type"), time("from", query.get("from")),
                time("to", query.get("to")));
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
        ManagementApi.require(text.matches("\\d{1,18}") && Long.parseLong(text) >= min && Long.parseLong(text) <= max,
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
