package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.awaitility.Awaitility;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** A headless Chromium with one page, driven by its DevTools protocol like a user does it. */
public final class Browser implements AutoCloseable {

    private static final String CHROMIUM = "chromium";
    private static final Pattern ENDPOINT = Pattern.compile("DevTools listening on ws://([^/]+)/");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String user;
    private final String password;
    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger lastId = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final List<String> errors = new CopyOnWriteArrayList<>();

    /** Starts it. The credentials are what its user types where a site asks for some. */
    public Browser(String user, String password) {
        this.user = user;
        this.password = password;
        Path profile = SumoLogicResource.newDirectory("browser");
        Path output = profile.resolve("output");
        HttpClient client = HttpClient.newHttpClient();
        try {
            process = new ProcessBuilder(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--remote-debugging-port=0", "--user-data-dir=" + profile, "about:blank")
                    .redirectErrorStream(true).redirectOutput(output.toFile()).start();
            Matcher endpoint = Awaitility.await().atMost(PATIENCE)
                    .until(() -> ENDPOINT.matcher(Files.readString(output)), Matcher::find);
            URI pages = URI.create("http://" + endpoint.group(1) + "/json/list");
            JsonNode page = Awaitility.await().atMost(PATIENCE).until(() -> {
                HttpRequest request = HttpRequest.newBuilder(pages).build();
                return Stream.of(JSON.readValue(client.send(request, HttpResponse.BodyHandlers.ofString()).body(),
                        JsonNode[].class)).filter(target -> target.path("type").asText().equals("page")).findAny()
                        .orElse(null);
            }, target -> target != null);
            socket = client.newWebSocketBuilder()
                    .buildAsync(URI.create(page.path("webSocketDebuggerUrl").asText()), new Listener()).join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List.of("Page.enable", "Runtime.enable", "Log.enable").forEach(domain -> call(domain, Map.of()));
        call("Fetch.enable", Map.of("handleAuthRequests", true));
    }

    /** Whether there is a Chromium. */
    public static boolean isThere() {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(path -> Files.isExecutable(Path.of(path, CHROMIUM)));
    }

    private final class Listener implements WebSocket.Listener {

        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
            text.append(part);
            if (isLast) {
                try {
                    received(JSON.readTree(text.toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private void received(JsonNode message) {
        JsonNode parameters = message.path("params");
        switch (message.path("method").asText()) {
            case "" -> answers.remove(message.path("id").asInt()).complete(message);
            case "Fetch.requestPaused" -> send("Fetch.continueRequest",
                    Map.of("requestId", parameters.path("requestId").asText()));
            case "Fetch.authRequired" -> send("Fetch.continueWithAuth", Map.of("requestId",
                    parameters.path("requestId").asText(), "authChallengeResponse",
                    Map.of("response", "ProvideCredentials", "username", user, "password", password)));
            case "Runtime.exceptionThrown" -> errors.add(parameters.toString());
            case "Log.entryAdded" -> {
                if (parameters.at("/entry/level").asText().equals("error")) {
                    errors.add(parameters.toString());
                }
            }
            default -> {
                // of no interest
            }
        }
    }

    /** Does not wait. */
    private synchronized CompletableFuture<JsonNode> send(String method, Map<String, ?> parameters) {
        int id = lastId.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(id, answer);
        try {
            socket.sendText(JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)), true)
                    .join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return answer;
    }

    private JsonNode call(String method, Map<String, ?> parameters) {
        JsonNode answer = send(method, parameters).orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
        if (answer.has("error")) {
            throw new IllegalStateException(method + ": " + answer);
        }
        return answer.path("result");
    }

    /** Opens a page; what it loads later may be missing still. */
    public void open(String url) {
        call("Page.navigate", Map.of("url", url));
    }

    /** The value of a JavaScript expression. */
    public JsonNode evaluate(String expression) {
        JsonNode result = call("Runtime.evaluate",
                Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(expression + ": " + result);
        }
        return result.path("result").path("value");
    }

    /** Clicks the middle of an element. */
    public void click(String selector) {
        JsonNode middle = evaluate("(() => { const element = document.querySelector('" + selector + "');"
                + " element.scrollIntoView({ block: 'center' }); const box = element.getBoundingClientRect();"
                + " return { x: box.x + box.width / 2, y: box.y + box.height / 2 } })()");
        for (String type : List.of("mousePressed", "mouseReleased")) {
            call("Input.dispatchMouseEvent", Map.of("type", type, "button", "left", "clickCount", 1, "x",
                    middle.path("x").asDouble(), "y", middle.path("y").asDouble()));
        }
    }

    /** Presses a key: Tab, Enter or Escape. */
    public void press(String key) {
        int code = Map.of("Tab", 9, "Enter", 13, "Escape", 27).get(key);
        for (String type : List.of("keyDown", "keyUp")) {
            call("Input.dispatchKeyEvent", Map.of("type", type, "key", key, "code", key, "windowsVirtualKeyCode", code,
                    "text", key.equals("Enter") && type.equals("keyDown") ? "\r" : ""));
        }
    }

    /** Types into what has the focus. */
    public void type(String text) {
        call("Input.insertText", Map.of("text", text));
    }

    /** Makes its window that large. */
    public void resize(int width, int height) {
        call("Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    }

    /** Stores a picture of the page as PNG. */
    public void picture(Path file) throws IOException {
        Files.write(file, Base64.getDecoder().decode(call("Page.captureScreenshot", Map.of()).path("data").asText()));
    }

    /** What it has logged as an error, such as a violation of the Content-Security-Policy. */
    public List<String> errors() {
        return errors;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
