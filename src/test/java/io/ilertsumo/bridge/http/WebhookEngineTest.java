package io.ilertsumo.bridge.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.stream.Collectors;

import org.apache.camel.AsyncCallback;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.StatefulService;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.platform.http.PlatformHttpComponent;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.AsyncProcessorSupport;
import org.jboss.logmanager.LogContext;
import org.jboss.logmanager.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.WebhookSettings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.MemorySize;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;

/** Webhook calls on their way to a route and back, over real connections and one event loop. */
class WebhookEngineTest {

    private static final int MAX_BODY_SIZE = 2000;
    private static final int MAX_BYTES = 10 * 1024;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final EdgeConnector connector = new EdgeConnector(registry);
    private final RoutePool pool = new RoutePool(settings());
    private final CamelContext camel = new DefaultCamelContext();
    private final HttpClient client = HttpClient.newHttpClient();
    private HttpServer server;

    /** What the route does. */
    private volatile Processor step = exchange -> {
        // nothing
    };
    /** Exchanges whose route waits until their callback is called. */
    private final BlockingQueue<Runnable> waiting = new LinkedBlockingQueue<>();
    private volatile boolean waits;

    @BeforeEach
    void start() throws Exception {
        BridgeSettings settings = settings();
        ReceivedEvents received = new ReceivedEvents(registry);
        WebhookGuard guard = new WebhookGuard(settings, webhookSettings(), received, connector);
        Router router = Router.router(vertx);
        guard.register(router);
        router.get("/page").handler(call -> call.end());
        router.route("/event-loop").handler(call -> call.end("alive"));
        WebhookEngine engine = new WebhookEngine(pool, guard, received, connector);
        engine.setCamelContext(camel);
        PlatformHttpComponent component = new PlatformHttpComponent();
        component.setEngine(engine);
        camel.addComponent("platform-http", component);
        String name = VertxPlatformHttpRouter.getRouterNameFromPort(8080);
        camel.getRegistry().bind(name, new VertxPlatformHttpRouter(null, vertx, router, name) {
            @Override
            public io.vertx.core.Handler<RoutingContext> bodyHandler() {
                return BodyHandler.create(false).setBodyLimit(MAX_BODY_SIZE);
            }
        });
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("platform-http:/webhooks/test?httpMethodRestrict=POST").routeId("test")
                        .process(exchange -> step.process(exchange))
                        .process(new AsyncProcessorSupport() {
                            @Override
                            public boolean process(Exchange exchange, AsyncCallback callback) {
                                if (waits) {
                                    waiting.add(() -> callback.done(false));
                                    return false;
                                }
                                callback.done(true);
                                return true;
                            }
                        });
                from("platform-http:/elsewhere").setBody(e -> Thread.currentThread().getName());
            }
        });
        camel.start();
        server = vertx.createHttpServer().requestHandler(router).listen(0).toCompletionStage().toCompletableFuture()
                .get();
    }

    @AfterEach
    void stop() throws Exception {
        camel.stop();
        vertx.close().toCompletionStage().toCompletableFuture().get();
        pool.stop();
    }

    // to the route and back

    @Test
    void aRouteRunsInThePoolAndGetsOnlyTypeAndEncodingOfTheHeaders() throws Exception {
        Map<String, Object> headers = new TreeMap<>();
        List<String> seen = new ArrayList<>();
        step = exchange -> {
            headers.putAll(exchange.getMessage().getHeaders());
            seen.add(exchange.getMessage().getBody(String.class));
            seen.add(Thread.currentThread().getName());
        };

        send(request("?result=x&CamelHttpResponseCode=500").POST(BodyPublishers.ofString("{}"))
                .header("Content-Type", "application/json").header("result", "accepted").header("lane", "none")
                .header("CamelHttpResponseCode", "500").header("Authorization", "Basic eDp5"));

        assertEquals(Map.of("CamelHttpMethod", "POST", "CamelHttpPath", "/webhooks/test", "Content-Type",
                "application/json"), headers);
        assertEquals(List.of("{}", "routes-1"), seen);
    }

    @Test
    void severalHeadersOfOneNameAreOne() throws Exception {
        List<Object> seen = new ArrayList<>();
        step = exchange -> seen.add(exchange.getMessage().getHeader("Content-Encoding"));

        send(request("").POST(BodyPublishers.noBody()).header("Content-Encoding", "gzip").header("Content-Encoding",
                "br"));

        assertEquals(List.of("gzip,br"), seen);
    }

    @Test
    void theAnswerIsTheMessageWithFewOfItsHeaders() throws Exception {
        step = exchange -> {
            exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, "429");
            exchange.getMessage().setHeader("Retry-After", 1);
            exchange.getMessage().setHeader("Content-Type", "text/x");
            exchange.getMessage().setHeader("eventId", "secret");
            exchange.getMessage().setBody("é");
        };

        HttpResponse<String> answer = post("{}");

        assertEquals(429, answer.statusCode());
        assertEquals("é", answer.body());
        assertEquals(Map.of("content-length", List.of("2"), "content-type", List.of("application/problem+json"),
                "retry-after", List.of("1")), answer.headers().map());
    }

    @Test
    void callsInFlightOccupyNoThreadAndAreAnsweredOnceTheirExchangeIsDone() throws Exception {
        waits = true;
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            answers.add(client.sendAsync(request("").POST(BodyPublishers.ofString("{\"a\":" + i + "}")).build(),
                    BodyHandlers.ofString()));
        }
        await().until(() -> waiting.size() == 8);
        assertTrue(answers.stream().noneMatch(CompletableFuture::isDone));

        waiting.forEach(Runnable::run);

        for (int i = 0; i < 8; i++) {
            assertEquals("{\"a\":" + i + "}", answers.get(i).get().body());
        }
    }

    @Test
    void aStepThatBlocksBlocksNoEventLoop() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        step = exchange -> blocked.await();
        CompletableFuture<HttpResponse<String>> one = client.sendAsync(
                request("").POST(BodyPublishers.ofString("1")).build(), BodyHandlers.ofString());
        CompletableFuture<HttpResponse<String>> queued = client.sendAsync(
                request("").POST(BodyPublishers.ofString("2")).build(), BodyHandlers.ofString());

        assertEquals("alive",
                client.send(HttpRequest.newBuilder(uri("/event-loop")).build(), BodyHandlers.ofString()).body());
        assertFalse(one.isDone() || queued.isDone());
        blocked.countDown();

        assertEquals("1", one.get().body());
        assertEquals("2", queued.get().body());
    }

    @Test
    void otherPathsAreServedByCamelsOwnEngine() throws Exception {
        String thread = client.send(HttpRequest.newBuilder(uri("/elsewhere")).build(), BodyHandlers.ofString()).body();

        assertTrue(thread.startsWith("vert.x-worker-thread-"), thread);
        assertEquals(Map.of(), counted());
    }

    // counting

    @Test
    void callsAreCountedByTheHeadersThatTheRouteLeaves() throws Exception {
        step = exchange -> {
            exchange.getMessage().setHeader("result", "accepted");
            exchange.getMessage().setHeader("group", "lifecycle");
            exchange.getMessage().setHeader("lane", "express");
        };
        post("{}");
        post("{}");
        step = exchange -> exchange.getMessage().setHeader("group", 7);
        post("{}");

        assertEquals(Map.of("accepted lifecycle express", 2.0, "none none none", 1.0), counted());
    }

    // failures

    @Test
    void aCallWhoseRouteFailsIsAnswered503() throws Exception {
        step = exchange -> {
            exchange.getMessage().setHeader("group", "lifecycle");
            exchange.getMessage().setHeader("Retry-After", "7");
            exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, 202);
            throw new IllegalStateException("secret");
        };

        HttpResponse<String> answer = post("{}");

        isProblem(answer, 503, "The event was not stored; the log of the bridge has the cause");
        assertEquals("30", answer.headers().firstValue("Retry-After").orElse(null));
        assertEquals(Map.of("route-failed lifecycle none", 1.0), counted());

        step = exchange -> {
            exchange.getMessage().setHeader("result", "unavailable");
            throw new IllegalStateException("secret");
        };
        assertEquals(503, post("{}").statusCode());
        assertEquals(Map.of("route-failed lifecycle none", 1.0, "unavailable none none", 1.0), counted());
    }

    @Test
    void aFailureIsLoggedOncePerClassWithoutItsMessage() throws Exception {
        ConcurrentLinkedQueue<String> logged = new ConcurrentLinkedQueue<>();
        Logger log = LogContext.getLogContext().getLogger(WebhookEngine.class.getName());
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                logged.add(line.getLevel() + " " + List.of(line.getParameters()) + " " + line.getThrown());
            }

            @Override
            public void flush() {
                // nothing is buffered
            }

            @Override
            public void close() {
                // nothing is open
            }
        };
        log.addHandler(handler);
        try {
            for (Exception failure : List.of(new IllegalStateException("secret"), new IOException("secret"))) {
                step = exchange -> {
                    throw failure;
                };
                post("{}");
                post("{}");
            }
        } finally {
            log.removeHandler(handler);
        }
        assertEquals(
                List.of("ERROR [test, java.lang.IllegalStateException] null", "ERROR [test, java.io.IOException] null"),
                List.copyOf(logged));
    }

    @Test
    void anAnswerThatCanNotBeWrittenIsAFailure() throws Exception {
        for (Processor impossible : List.<Processor>of(
                exchange -> exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, "two"),
                exchange -> exchange.getMessage().setHeader("Retry-After", "1\r\nX: y"),
                exchange -> exchange.getMessage().setBody(new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("as the test wants");
                    }
                }))) {
            step = impossible;
            assertEquals(503, post("{}").statusCode());
        }
        assertEquals(Map.of("route-failed none none", 3.0), counted());
    }

    @Test
    void aSuspendedRouteIsUnavailable() throws Exception {
        camel.getRouteController().suspendRoute("test");
        isProblem(post("{}"), 503, "The webhook is suspended");
        camel.getRouteController().resumeRoute("test");

        assertEquals(200, post("{}").statusCode());
        assertEquals(Map.of("unavailable none none", 1.0, "none none none", 1.0), counted());
    }

    @Test
    void aRouteIsStoppedOnceTheCallsThatWaitForAThreadAreAnswered() throws Exception {
        CountDownLatch occupied = new CountDownLatch(1);
        pool.execute(() -> {
            try {
                occupied.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        StatefulService consumer = (StatefulService) camel.getRoute("test").getConsumer();
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(
                request("").POST(BodyPublishers.ofString("1")).build(), BodyHandlers.ofString());
        await().until(() -> camel.getInflightRepository().size("test") == 1);
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> {
            try {
                camel.getRouteController().stopRoute("test");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        await().until(() -> stopped.isDone() || consumer.isSuspended());

        assertFalse(stopped.isDone());
        occupied.countDown();

        assertEquals("1", answer.get().body());
        stopped.get();
    }

    // before the route

    @Test
    void anotherMethodIsAnswered405() throws Exception {
        for (int i = 0; i < 2; i++) {
            for (String method : List.of("GET", "PUT", "DELETE", "OPTIONS", "post", "MARKER")) {
                HttpResponse<String> answer = send(request("").method(method, BodyPublishers.noBody()));
                isProblem(answer, 405, "Send events with POST");
                assertEquals(List.of("POST"), answer.headers().allValues("Allow"));
            }
            assertEquals(200, post("{}").statusCode());
            // also of a route that was stopped in between
            camel.getRouteController().stopRoute("test");
            assertEquals(404, send(request("").PUT(BodyPublishers.noBody())).statusCode());
            camel.getRouteController().startRoute("test");
        }
        assertEquals(Map.of("method-not-allowed none none", 12.0, "none none none", 2.0), counted());
    }

    @Test
    void anUnknownPathIsAnswered404() throws Exception {
        assertEquals(404, send(request("/unknown").POST(BodyPublishers.noBody())).statusCode());
        assertEquals(Map.of(), counted());
    }

    @Test
    void aBodyOverTheLimitIsAnswered413() throws Exception {
        assertEquals(200, post("x".repeat(MAX_BODY_SIZE)).statusCode());
        isProblem(post("x".repeat(MAX_BODY_SIZE + 1)), 413, "The body is larger than 2000 bytes");
        isProblem(
                send(request("")
                        .POST(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(new byte[2001])))),
                413, "The body is larger than 2000 bytes");

        assertEquals(Map.of("none none none", 1.0, "too-large none none", 2.0), counted());
    }

    @Test
    void aQueryThatCanNotBeDecodedIsAnswered400() throws Exception {
        String answer = raw(
                "POST /webhooks/test?%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");

        assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
        assertEquals(Map.of("unreadable none none", 1.0), counted());
    }

    @Test
    void aFormIsPassedAsBytes() throws Exception {
        for (String type : List.of("application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=b")) {
            List<Object> seen = new ArrayList<>();
            step = exchange -> seen.add(exchange.getMessage().getHeader("Content-Type"));

            HttpResponse<String> answer = send(
                    request("").POST(BodyPublishers.ofString("a=1&%zz")).header("Content-Type", type));

            assertEquals("a=1&%zz", answer.body());
            assertEquals(List.of("application/octet-stream"), seen);
        }
    }

    @Test
    void callsBeyondTheBudgetAreAnswered503EvenWithoutABody() throws Exception {
        waits = true;
        for (int round = 0; round < 3; round++) {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < MAX_BYTES / 1024; i++) {
                answers.add(
                        client.sendAsync(request("").POST(BodyPublishers.noBody()).build(), BodyHandlers.ofString()));
            }
            await().until(() -> waiting.size() == MAX_BYTES / 1024);

            HttpResponse<String> answer = post("{}");

            isProblem(answer, 503, "The bodies of the calls in flight exceed BRIDGE_RECEIVE_MAX_BYTES");
            assertEquals("30", answer.headers().firstValue("Retry-After").orElse(null));
            for (Runnable done; (done = waiting.poll()) != null;) {
                done.run();
            }
            for (CompletableFuture<HttpResponse<String>> one : answers) {
                assertEquals(200, one.get().statusCode());
            }
        }
        assertEquals(Map.of("none none none", 30.0, "unavailable none none", 3.0), counted());
    }

    @Test
    void aClosedConnectionReleasesNothingThatStaysInMemory() throws Exception {
        waits = true;
        int calls = MAX_BYTES / 1024;
        for (int i = 0; i < calls; i++) {
            CompletableFuture<HttpResponse<String>> call = client
                    .sendAsync(request("").POST(BodyPublishers.noBody()).build(), BodyHandlers.ofString());
            int before = i;
            await().until(() -> waiting.size() == before + 1);
            // closes its connection
            call.cancel(true);
        }

        isProblem(post("{}"), 503, "The bodies of the calls in flight exceed BRIDGE_RECEIVE_MAX_BYTES");
        isProblem(post("{}"), 503, "The bodies of the calls in flight exceed BRIDGE_RECEIVE_MAX_BYTES");

        waits = false;
        waiting.forEach(Runnable::run);
        assertEquals(200, post("{}").statusCode());
    }

    @Test
    void aCompleteBodyOfUnknownLengthReservesItsOwnSizeOnly() throws Exception {
        waits = true;
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            answers.add(client.sendAsync(request("").POST(BodyPublishers.ofInputStream(InputStream::nullInputStream))
                    .build(), BodyHandlers.ofString()));
            int pending = i + 1;
            await().until(() -> waiting.size() == pending);
        }
        waiting.forEach(Runnable::run);
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            assertEquals(200, answer.get().statusCode());
        }
    }

    @Test
    void aBodyThatDoesNotArriveIsAnswered408AndItsConnectionClosed() throws Exception {
        String answer = raw("POST /webhooks/test HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{");

        assertTrue(answer.startsWith("HTTP/1.1 408 "), answer);
        assertTrue(answer.contains("\"detail\":\"The body did not arrive in time\""), answer);
        assertEquals(Map.of("too-slow none none", 1.0), counted());
    }

    @Test
    void aConnectionWhoseBodyContinuesAfterTheAnswerIsClosed() throws Exception {
        String answer = raw("POST /unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{");

        assertTrue(answer.startsWith("HTTP/1.1 404 "), answer);
    }

    // problems

    @Test
    void aProblemIsMadeOfTheHeaders() throws Exception {
        step = exchange -> {
            exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, "415");
            exchange.getMessage().setHeader("detail", "Send \"JSON\"");
            exchange.getMessage().setHeader("eventId", "é");
            new Problem(connector).process(exchange);
        };

        HttpResponse<String> answer = post("{}");

        assertEquals("application/problem+json", answer.headers().firstValue("Content-Type").orElse(null));
        assertEquals(
                "{\"title\":\"Unsupported Media Type\",\"status\":415,\"detail\":\"Send \\\"JSON\\\"\",\"eventId\":\"é\"}",
                answer.body());
    }

    // the Edge Connector

    @Test
    void whatIsAnswered4xxIsAnswered503ForTheEdgeConnectorUntilOneOfItsEventsIsAccepted() throws Exception {
        step = exchange -> exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, 422);
        assertEquals(422, post("{}").statusCode());
        assertEquals(Optional.empty(), connector.retries());

        HttpResponse<String> chosenByARoute = byConnector("/webhooks/test", "POST", "{}");
        assertEquals(503, chosenByARoute.statusCode());
        assertEquals("30", chosenByARoute.headers().firstValue("Retry-After").orElse(null));
        isProblem(byConnector("/webhooks/other", "POST", "{}"), 503, "There is no webhook at this path");
        isProblem(byConnector("/", "POST", "{}"), 503, "There is no webhook at this path");
        isProblem(byConnector("/page", "POST", "{}"), 503, "This path does not support this method");
        isProblem(byConnector("/webhooks/test", "PUT", "{}"), 503, "Send events with POST");
        isProblem(byConnector("/webhooks/test", "POST", " ".repeat(MAX_BODY_SIZE + 1)), 503,
                "The body is larger than 2000 bytes");

        EdgeConnector.Retries retries = connector.retries().orElseThrow();
        assertEquals("too-large", retries.reason());
        assertEquals(6, retries.calls());
        assertEquals(Map.of("none", 1.0, "not-found", 3.0, "method-not-allowed", 1.0, "too-large", 1.0),
                registry.find("bridge.edge.connector.retries").counters().stream()
                        .collect(Collectors.toMap(counter -> counter.getId().getTag("reason"), Counter::count)));
        step = exchange -> exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, 202);
        assertEquals(202, post("{}").statusCode());
        assertEquals(Optional.of(retries), connector.retries());
        assertEquals(202, byConnector("/webhooks/test", "POST", "{}").statusCode());
        assertEquals(Optional.empty(), connector.retries());
    }

    @Test
    void whatTheEdgeConnectorRepeatsAnywayIsAnsweredAsToAnyOther() throws Exception {
        for (int status : new int[]{ 200, 202, 307, 429, 500, 503 }) {
            step = exchange -> exchange.getMessage().setHeader(Exchange.HTTP_RESPONSE_CODE, status);

            assertEquals(status, byConnector("/webhooks/test", "POST", "{}").statusCode());
            assertEquals(Optional.empty(), connector.retries());
        }
    }

    private HttpResponse<String> byConnector(String path, String method, String body) throws Exception {
        return send(HttpRequest.newBuilder(uri(path)).version(HttpClient.Version.HTTP_1_1)
                .timeout(Duration.ofSeconds(10)).header("x-ilert-edge-item-id", "7")
                .method(method, BodyPublishers.ofString(body)));
    }

    private static void isProblem(HttpResponse<String> answer, int status, String detail) {
        assertEquals(status, answer.statusCode());
        assertEquals("application/problem+json", answer.headers().firstValue("Content-Type").orElse(null));
        JsonObject problem = new JsonObject(Buffer.buffer(answer.body()));
        assertEquals(status, problem.getInteger("status"));
        assertEquals(detail, problem.getString("detail"));
        assertEquals(3, problem.size(), answer.body());
    }

    private Map<String, Double> counted() {
        Map<String, Double> counted = new TreeMap<>();
        registry.find("bridge.events.received").counters().forEach(counter -> counted.put(
                counter.getId().getTag("result") + " " + counter.getId().getTag("group") + " "
                        + counter.getId().getTag("lane"),
                counter.count()));
        return counted;
    }

    private HttpResponse<String> post(String body) throws Exception {
        return send(request("").POST(BodyPublishers.ofString(body)));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String more) {
        return HttpRequest.newBuilder(uri("/webhooks/test" + more)).timeout(Duration.ofSeconds(10))
                .version(HttpClient.Version.HTTP_1_1);
    }

    private URI uri(String path) {
        return URI.create("http://localhost:" + server.actualPort() + path);
    }

    /** Reads until the connection is closed. */
    private String raw(String bytes) throws IOException {
        try (Socket socket = new Socket("localhost", server.actualPort())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(bytes.getBytes(ISO_8859_1));
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            socket.getInputStream().transferTo(answer);
            return answer.toString(ISO_8859_1);
        }
    }

    private static BridgeSettings settings() {
        return (BridgeSettings) Proxy.newProxyInstance(WebhookEngineTest.class.getClassLoader(),
                new Class<?>[]{ BridgeSettings.class }, (proxy, setting, none) -> switch (setting.getName()) {
                    case "maxBodySize" -> new MemorySize(BigInteger.valueOf(MAX_BODY_SIZE));
                    case "receiveMaxBytes" -> new MemorySize(BigInteger.valueOf(MAX_BYTES));
                    case "receiveTimeout" -> Duration.ofMillis(500);
                    case "receiveThreads" -> 1;
                    default -> throw new IllegalArgumentException(setting.getName());
                });
    }

    private static WebhookSettings webhookSettings() {
        return (WebhookSettings) Proxy.newProxyInstance(WebhookEngineTest.class.getClassLoader(),
                new Class<?>[]{ WebhookSettings.class }, (proxy, setting, none) -> switch (setting.getName()) {
                    case "auth" -> WebhookSettings.Authentication.NONE;
                    case "username" -> "ilert";
                    case "password" -> Optional.empty();
                    default -> throw new IllegalArgumentException(setting.getName());
                });
    }
}
