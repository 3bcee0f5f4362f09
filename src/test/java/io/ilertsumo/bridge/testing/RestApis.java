package io.ilertsumo.bridge.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

/**
 * The subset of Sumo Logic's and iLert's REST APIs that sets up an account, as strict as documented, and a stand-in for the
 * bridge between them. A new account has only the default folders and one alert source. Fails on command.
 */
public final class RestApis implements AutoCloseable {

    /** Secrets, which must not leak. */
    public static final String ACCESS_ID = "marker-access\"id";
    public static final String ACCESS_KEY = "marker-access\\key:\"#";
    public static final String API_TOKEN = "marker-api-t0ken\"\\";

    /** Secrets of the alert source and of the alert source that monitors page through. */
    public static final String INTEGRATION_KEY = "marker-integration-key";
    public static final String INTEGRATION_URL = "https://api.ilert.example/v1/events/sumologic/marker-url";

    /** Links of the chain from iLert to a search, in their order; the first is that of iLert to the bridge. */
    public enum Link {
        RECEIVE, DELIVER, SEARCH
    }

    /** The secret part of a source's URL. */
    public static final String SOURCE_TOKEN = "ZaVnC4dhaV1_marker-source==";

    /** A received call, with its path below {@code /api/} and its query. */
    public record Call(String method, String path, JsonNode body) {

        public boolean writes() {
            return !method.equals("GET");
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    private static final class Refusal extends RuntimeException {

        private final int status;
        private final String code;

        Refusal(int status, String code, String message) {
            super(message);
            this.status = status;
            this.code = code;
        }
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    /** An ID in a path. */
    private static final Pattern ID = Pattern
            .compile(
                    "(collectors|sources|fields|extractionRules|folders|adminRecommended|dashboards|logSearches|connections"
                            + "|monitors|jobs|alert-actions)/(?!root$|personal$|adminRecommended)([^/]+)");

    private static final Set<String> TRIGGER_TYPES = Set.of("alert-created", "alert-assigned", "alert-auto-escalated",
            "alert-acknowledged", "alert-raised", "alert-comment-added", "alert-escalation-ended", "alert-resolved",
            "alert-auto-resolved", "alert-responder-added", "alert-responder-removed", "alert-channel-attached",
            "alert-channel-detached", "v-alert-not-resolved");

    /** Small, so that lists have several pages. */
    private static final int PAGE = 2;

    private final HttpServer server;
    private final Map<String, Map<String, ObjectNode>> kinds = new LinkedHashMap<>();
    private final Map<ObjectNode, Integer> versions = new IdentityHashMap<>();
    private final List<Call> calls = new ArrayList<>();
    private final List<JsonNode> received = new ArrayList<>();
    private final List<JsonNode> delivered = new ArrayList<>();
    private final Map<String, Integer> jobs = new LinkedHashMap<>();
    private final Set<String> builtInFields = new HashSet<>();
    private Link broken;
    private String webhookSecret = "";
    private int ids = 0x1000;
    private Predicate<Call> refused = call -> false;
    private int refusal;
    private int refusals;
    private int writesUntilBreak = -1;

    public RestApis() {
        for (String kind : List.of("collectors", "sources", "fields", "extractionRules", "folders", "dashboards",
                "logSearches", "connections", "monitors", "alertSources", "alertActions")) {
            kinds.put(kind, new LinkedHashMap<>());
        }
        ObjectNode personal = JSON.createObjectNode().put("name", "Personal").put("description", "");
        put("folders", hex(), personal);
        put("folders", hex(), JSON.createObjectNode().put("name", "Admin Recommended").put("description", ""));
        ObjectNode root = JSON.createObjectNode().put("type", "MonitorsLibraryFolder").put("contentType", "Folder")
                .put("name", "Root").put("description", "");
        put("monitors", hex(), root);
        addAlertSource("Prometheus & co");
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    /** Returns the value for {@code SUMOLOGIC_BASE_URL}. */
    public String sumoLogic() {
        return "http://localhost:" + server.getAddress().getPort() + "/sumologic/api/";
    }

    /** Returns the value for {@code ILERT_ENDPOINT}. */
    public String ilert() {
        return "http://localhost:" + server.getAddress().getPort() + "/ilert";
    }

    /** Returns the value for {@code BRIDGE_URL} and {@code MANAGEMENT_URL}. */
    public String bridge() {
        return "http://localhost:" + server.getAddress().getPort() + "/bridge";
    }

    /** Breaks a link of the chain, or none if it is {@code null}. */
    public synchronized void breakLink(Link link) {
        broken = link;
    }

    /** Sets the value of X-Webhook-Secret that the bridge requires. */
    public synchronized void webhookSecret(String secret) {
        webhookSecret = secret;
    }

    /** Adds a field that is not in the list of fields, and can't be created. */
    public synchronized void addBuiltInField(String name) {
        builtInFields.add(name);
    }

    /** Returns the events that the bridge received. */
    public synchronized List<JsonNode> received() {
        return List.copyOf(received);
    }

    /** Returns all calls since the last time. */
    public synchronized List<Call> takeCalls() {
        List<Call> taken = List.copyOf(calls);
        calls.clear();
        return taken;
    }

    /** Returns the objects of a kind, which a test may change. */
    public synchronized Collection<ObjectNode> all(String kind) {
        return kinds.get(kind).values();
    }

    /** Returns all objects by kind and ID, without their versions. */
    public synchronized JsonNode state() {
        return JSON.valueToTree(kinds);
    }

    public synchronized int addAlertSource(String name) {
        int id = ids++;
        put("alertSources", String.valueOf(id), JSON.createObjectNode().put("id", id).put("name", name)
                .put("integrationKey", INTEGRATION_KEY));
        return id;
    }

    /** Adds an object. */
    public synchronized void add(String kind, ObjectNode body) {
        String id = kind.equals("alertActions") || kind.equals("collectors") ? String.valueOf(ids++) : hex();
        put(kind, id, body);
    }

    /**
     * Answers the next matching calls with that status and a message that repeats the request. With the status 200, the
     * answer is incomplete.
     */
    public synchronized void refuse(int status, int times, Predicate<Call> which) {
        refused = which;
        refusal = status;
        refusals = times;
    }

    /** Executes the next write after that number of writes, but closes the connection without an answer. */
    public synchronized void breakOffAfterWrites(int writes) {
        writesUntilBreak = writes;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String query = exchange.getRequestURI().getRawQuery();
            Matcher path = Pattern.compile("/(sumologic|ilert)/api/(.*)").matcher(exchange.getRequestURI().getPath());
            if (exchange.getRequestURI().getPath().startsWith("/bridge/")) {
                answerAsBridge(exchange, body);
                return;
            }
            if (!path.matches()) {
                send(exchange, 404, JSON.createObjectNode(), 0);
                return;
            }
            boolean sumoLogic = path.group(1).equals("sumologic");
            synchronized (this) {
                int missing = 0;
                int status = exchange.getRequestMethod().equals("POST") && !sumoLogic ? 201 : 200;
                JsonNode answer;
                try {
                    Call call = new Call(exchange.getRequestMethod(),
                            path.group(2) + (query == null ? "" : "?" + query),
                            body.length == 0 ? MissingNode.getInstance() : JSON.readTree(body));
                    calls.add(call);
                    authenticate(exchange, sumoLogic);
                    if (refusals > 0 && refused.test(call)) {
                        refusals--;
                        missing = 1;
                    }
                    if (missing > 0 && refusal != 200) {
                        missing = 0;
                        throw new Refusal(refusal, "refused", "Not\nthis: " + sent(exchange) + " " + call.body());
                    }
                    if (body.length > 0
                            && !"application/json".equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
                        throw new Refusal(415, "type", "Only JSON is accepted");
                    }
                    answer = dispatch(exchange, call, path.group(2), parameters(query));
                    if (call.writes() && writesUntilBreak-- == 0) {
                        return;
                    }
                } catch (Refusal e) {
                    status = e.status;
                    if (status >= 500) {
                        exchange.getResponseHeaders().set("Retry-After", "1");
                    } else if (status == 301) {
                        exchange.getResponseHeaders().set("Location", "https://api.eu.sumologic.com/api/v1/fields");
                    }
                    ObjectNode error = JSON.createObjectNode().put("code", e.code).put("message", e.getMessage());
                    answer = sumoLogic && !path.group(2).startsWith("v1/collectors")
                            ? JSON.createObjectNode().put("id", "ABC-DEF").set("errors",
                                    JSON.createArrayNode().add(error))
                            : error.put("status", status);
                }
                send(exchange, status, answer, missing);
            }
        }
    }

    private synchronized void answerAsBridge(HttpExchange exchange, byte[] body) throws IOException {
        if (exchange.getRequestMethod().equals("POST")) {
            boolean isAuthenticated = new String(exchange.getRequestHeaders().getFirst("X-Webhook-Secret")
                    .getBytes(ISO_8859_1), UTF_8).equals(webhookSecret);
            if (isAuthenticated) {
                receive(JSON.readTree(body));
            }
            send(exchange, isAuthenticated ? 202 : 401,
                    JSON.createObjectNode().put("detail",
                            isAuthenticated ? "" : "The header X-Webhook-Secret is wrong"),
                    0);
            return;
        }
        byte[] metrics = ("# HELP bridge_events_received_total calls\n"
                + "bridge_events_received_total{group=\"lifecycle\",lane=\"bulk\",result=\"accepted\"} "
                + received.size() + ".0\nbridge_events_received_total{result=\"unauthorized\"} 9.0\n"
                + "bridge_delivered_events_total{group=\"lifecycle\",lane=\"bulk\"} " + delivered.size() + ".0\n")
                .getBytes(UTF_8);
        exchange.sendResponseHeaders(200, metrics.length);
        exchange.getResponseBody().write(metrics);
    }

    private void receive(JsonNode event) {
        if (broken != Link.RECEIVE) {
            received.add(event);
            if (broken != Link.DELIVER) {
                delivered.add(event);
            }
        }
    }

    private static void send(HttpExchange exchange, int status, JsonNode answer, int missing) throws IOException {
        if (answer.isMissingNode()) {
            exchange.sendResponseHeaders(204, -1);
            return;
        }
        byte[] bytes = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(answer);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length + missing);
        exchange.getResponseBody().write(bytes);
    }

    /** Returns the decoded credentials. */
    private static String sent(HttpExchange exchange) {
        String authorization = exchange.getRequestHeaders().getFirst("Authorization");
        return authorization != null && authorization.startsWith("Basic ")
                ? new String(Base64.getDecoder().decode(authorization.substring(6)), UTF_8)
                : String.valueOf(authorization);
    }

    private static void authenticate(HttpExchange exchange, boolean sumoLogic) {
        if (!exchange.getRequestHeaders().containsKey("Authorization")) {
            throw new Refusal(401, "unauthorized", "Full authentication is required");
        }
        if (!sent(exchange).equals(sumoLogic ? ACCESS_ID + ":" + ACCESS_KEY : "Bearer " + API_TOKEN)) {
            throw sumoLogic
                    ? new Refusal(401, "unauthorized", "Credential could not be verified")
                    : new Refusal(403, "KEY_ERROR", "The key " + sent(exchange) + " is not known");
        }
    }

    private static Map<String, String> parameters(String query) {
        return query == null
                ? Map.of()
                : Stream.of(query.split("&")).map(parameter -> parameter.split("=", 2))
                        .collect(Collectors.toMap(pair -> pair[0], pair -> URLDecoder.decode(pair[1], UTF_8)));
    }

    private JsonNode dispatch(HttpExchange exchange, Call call, String path, Map<String, String> parameters) {
        Matcher matcher = ID.matcher(path);
        List<String> id = matcher.results().map(result -> result.group(2)).toList();
        JsonNode body = call.body();
        return switch (call.method() + " " + ID.matcher(path).replaceAll("$1/{}")) {
            case "GET v1/collectors" -> offset(all("collectors"), parameters, "limit", "offset", 1000, "collectors");
            case "POST v1/collectors" -> wrapped("collector", create("collectors", number(),
                    collector(only(body, "collector"))));
            case "GET v1/collectors/{}" -> tagged(exchange, "collector", find("collectors", id.get(0)));
            case "PUT v1/collectors/{}" -> change(exchange, "collector", find("collectors", id.get(0)),
                    collector(only(body, "collector")));
            case "GET v1/collectors/{}/sources" -> wrapped("sources", array(sources(id.get(0))));
            case "POST v1/collectors/{}/sources" -> {
                ObjectNode source = source(only(body, "source"));
                unique(sources(id.get(0)), "name", source);
                String number = number();
                source.put("collector", id.get(0)).put("url", "https://collectors.example.com/receiver/v1/http/"
                        + SOURCE_TOKEN + number).put("alive", true).put("hashAlgorithm", "MD5");
                put("sources", number, source).put("id", Integer.parseInt(number));
                yield wrapped("source", source);
            }
            case "GET v1/collectors/{}/sources/{}" -> tagged(exchange, "source", find("sources", id.get(1)));
            case "PUT v1/collectors/{}/sources/{}" -> change(exchange, "source", find("sources", id.get(1)),
                    source(only(body, "source")));

            case "GET v1/fields" -> wrapped("data", array(all("fields")));
            case "POST v1/fields" -> {
                ObjectNode field = object(body, "fieldName");
                if (builtInFields.contains(field.path("fieldName").asText())) {
                    throw new Refusal(400, "field:already_exists", "Field already exists");
                }
                unique(all("fields"), "fieldName", field);
                String hex = hex();
                kinds.get("fields").put(hex,
                        field.put("fieldId", hex).put("dataType", "String").put("state", "Enabled"));
                yield field;
            }
            case "PUT v1/fields/{}/enable" -> {
                find("fields", id.get(0)).put("state", "Enabled");
                yield MissingNode.getInstance();
            }

            case "GET v1/extractionRules" -> token(all("extractionRules"), parameters, 1000, "data");
            case "POST v1/extractionRules" -> create("extractionRules", hex(), rule(body));
            case "GET v1/extractionRules/{}" -> find("extractionRules", id.get(0));
            case "PUT v1/extractionRules/{}" -> replace(find("extractionRules", id.get(0)), rule(body), "id");

            case "GET v2/content/folders/adminRecommended" -> {
                requireAdminMode(exchange);
                yield JSON.createObjectNode().put("id", "JOB1");
            }
            case "GET v2/content/folders/adminRecommended/{}/status" ->
                JSON.createObjectNode().put("status", "Success");
            case "GET v2/content/folders/adminRecommended/{}/result" -> {
                requireAdminMode(exchange);
                yield folder(List.copyOf(all("folders")).get(1));
            }
            case "GET v2/content/folders/personal" -> folder(all("folders").iterator().next());
            case "GET v2/content/folders/{}" -> folder(find("folders", id.get(0)));
            case "POST v2/content/folders" -> {
                ObjectNode folder = object(body, "name", "description", "parentId");
                if (find("folders", folder.path("parentId").asText()).path("name").asText().startsWith("Admin")) {
                    requireAdminMode(exchange);
                }
                yield create("folders", hex(), folder);
            }
            case "PUT v2/content/folders/{}" -> {
                if (body.size() != 2) {
                    throw new Refusal(400, "folder", "Only name and description can be changed");
                }
                yield replace(find("folders", id.get(0)), object(body, "name", "description"), "id", "parentId");
            }

            case "GET v2/dashboards" -> {
                if (!"allViewableByUser".equals(parameters.get("mode"))) {
                    throw new Refusal(400, "mode", "That would be those of this user only");
                }
                yield token(all("dashboards").stream().map(RestApis::dashboard).toList(), parameters, 100,
                        "dashboards");
            }
            case "POST v2/dashboards" -> {
                ObjectNode dashboard = checkedDashboard(body);
                String opaque = "opaque" + hex() + "abcdefghijklmnopqrstuvwxyz";
                put("dashboards", opaque, dashboard).put("contentId", hex());
                yield dashboard(dashboard);
            }
            case "GET v2/dashboards/{}" -> dashboard(find("dashboards", id.get(0)));
            case "PUT v2/dashboards/{}" -> dashboard(
                    replace(find("dashboards", id.get(0)), checkedDashboard(body), "id", "contentId"));

            case "POST v1/logSearches" -> put("logSearches", hex(), logSearch(body));
            case "GET v1/logSearches/{}" -> find("logSearches", id.get(0));
            case "PUT v1/logSearches/{}" -> replace(find("logSearches", id.get(0)), logSearch(body), "id");

            case "GET v1/connections" -> token(all("connections"), parameters, 1000, "data");
            case "POST v1/connections" -> create("connections", hex(), connection(body));
            case "GET v1/connections/{}" -> find("connections", id.get(0));
            case "PUT v1/connections/{}" -> replace(find("connections", id.get(0)), connection(body), "id");

            case "POST v1/search/jobs" -> {
                String job = "JOB" + hex();
                jobs.put(job, matches(body));
                exchange.getResponseHeaders().set("Set-Cookie", "job=" + job + "; Path=/");
                yield JSON.createObjectNode().put("id", job);
            }
            case "GET v1/search/jobs/{}" -> {
                requireCookie(exchange, id.get(0));
                int count = jobs.get(id.get(0));
                // done at the second call
                jobs.put(id.get(0), Math.abs(count));
                yield JSON.createObjectNode().put("messageCount", count < 0 ? 0 : count - 1).put("state",
                        count < 0 ? "GATHERING RESULTS" : "DONE GATHERING RESULTS");
            }
            case "DELETE v1/search/jobs/{}" -> {
                requireCookie(exchange, id.get(0));
                jobs.remove(id.get(0));
                yield JSON.createObjectNode().put("id", id.get(0));
            }

            case "GET v1/monitors/root" -> monitor(all("monitors").iterator().next());
            case "GET v1/monitors/{}" -> monitor(find("monitors", id.get(0)));
            case "POST v1/monitors" -> {
                if (!parameters.containsKey("parentId")) {
                    throw new Refusal(400, "parent", "Query parameter parentId is missing");
                }
                String parent = parameters.get("parentId");
                ObjectNode monitor = checkedMonitor(body, find("monitors", parent));
                unique(all("monitors").stream().filter(other -> other.path("parentId").asText().equals(parent))
                        .toList(),
                        "name", monitor);
                yield monitor(put("monitors", hex(), monitor.put("parentId", parent)));
            }
            case "PUT v1/monitors/{}" -> {
                ObjectNode there = find("monitors", id.get(0));
                if (!body.path("type").asText().equals(there.path("type").asText() + "Update")
                        || body.path("version").asInt(-1) != versions.get(there)) {
                    throw new Refusal(400, "version", "Not an update of the latest version");
                }
                ObjectNode update = object(body, "name");
                update.remove("version");
                yield monitor(replace(there, update.put("type", there.path("type").asText()), "id", "parentId"));
            }

            case "GET alert-sources" -> offset(all("alertSources"), parameters, "max-results", "start-index", 50, null);
            case "GET alert-actions" ->
                offset(all("alertActions"), parameters, "max-results", "start-index", 100, null);
            case "POST alert-actions" -> put("alertActions", number(), alertAction(body));
            case "GET alert-actions/{}" -> {
                ObjectNode action = find("alertActions", id.get(0)).deepCopy();
                yield "conditions".equals(parameters.get("include")) ? action : action.without("conditions");
            }
            case "POST events" -> {
                object(body, "integrationKey", "eventType", "summary", "alertKey");
                if (!INTEGRATION_KEY.equals(body.path("integrationKey").asText())) {
                    throw new Refusal(400, "KEY", "There is no alert source " + body.path("integrationKey"));
                }
                receive(body);
                yield MissingNode.getInstance();
            }
            case "PUT alert-actions/{}" -> replace(find("alertActions", id.get(0)), alertAction(body), "id");
            default -> throw new Refusal(404, "not-found", "There is nothing at " + call);
        };
    }

    private static void requireAdminMode(HttpExchange exchange) {
        if (!"true".equals(exchange.getRequestHeaders().getFirst("isAdminMode"))) {
            throw new Refusal(403, "mode", "Only open to administrators in admin mode");
        }
    }

    private void requireCookie(HttpExchange exchange, String job) {
        if (!String.valueOf(exchange.getRequestHeaders().getFirst("Cookie")).contains("job=" + job)) {
            throw new Refusal(404, "jobid.invalid", "The job is of another session");
        }
    }

    /** Returns a negative number, one beyond the number of delivered events that a search finds. */
    private int matches(JsonNode search) {
        Matcher query = Pattern.compile("_sourceCategory=webhook/ilert \"([-\\w]+)\"")
                .matcher(search.path("query").asText());
        if (!query.matches() || !search.path("from").isIntegralNumber() || !search.path("to").isIntegralNumber()
                || !search.path("requiresRawMessages").asBoolean() || !search.path("timeZone").isTextual()) {
            throw new Refusal(400, "search", "Not a search for a test event");
        }
        return -1 - (int) (broken == Link.SEARCH
                ? 0
                : delivered.stream().filter(event -> event.toString().contains(query.group(1))).count());
    }

    private ObjectNode logSearch(JsonNode body) {
        ObjectNode search = object(body, "name", "queryString", "parentId");
        find("folders", search.path("parentId").asText());
        if (!search.path("timeRange").isObject() || !search.path("queryParameters").isArray()
                || !search.path("name").asText().matches("[a-zA-Z0-9 +%\\-@.,_()]+")) {
            throw new Refusal(400, "search", "Not a saved search");
        }
        return search;
    }

    /** Answers have another type than requests. */
    private static ObjectNode connection(JsonNode body) {
        if (!body.path("type").asText().equals("WebhookDefinition")) {
            throw new Refusal(400, "type", "Not a definition of a webhook connection");
        }
        return object(body, "name", "url", "defaultPayload").put("type", "WebhookConnection");
    }

    private String hex() {
        return String.format(Locale.ROOT, "%016X", ids++);
    }

    private String number() {
        return String.valueOf(ids++);
    }

    private ObjectNode put(String kind, String id, ObjectNode body) {
        kinds.get(kind).put(id, body);
        versions.put(body, 1);
        if (!body.has("id")) {
            body.put("id", id);
        }
        return body;
    }

    private ObjectNode create(String kind, String id, ObjectNode body) {
        unique(all(kind), "name", body);
        put(kind, id, body);
        if (kind.equals("collectors")) {
            body.put("id", Integer.parseInt(id)).put("alive", true);
        }
        return body;
    }

    private ObjectNode find(String kind, String id) {
        ObjectNode found = kinds.get(kind).get(id);
        if (found == null) {
            throw new Refusal(404, "not-found", "There is no " + id);
        }
        return found;
    }

    /** Replaces all fields but the read-only ones. */
    private ObjectNode replace(ObjectNode there, ObjectNode body, String... kept) {
        ObjectNode before = there.deepCopy();
        there.removeAll();
        there.setAll(body);
        for (String field : kept) {
            there.set(field, before.get(field));
        }
        versions.merge(there, 1, Integer::sum);
        return there;
    }

    /** Updates as the collectors' API: with the ETag of the last read, and with unchanged read-only fields. */
    private JsonNode change(HttpExchange exchange, String kind, ObjectNode there, ObjectNode body) {
        String etag = exchange.getRequestHeaders().getFirst("If-Match");
        if (etag == null || !etag.equals(etag(there))) {
            throw new Refusal(etag == null ? 403 : 412, "version", "If-Match is missing or not the latest version");
        }
        for (String fixed : List.of("id", "alive", "collectorType", "sourceType", "collector", "url")) {
            if (there.has(fixed) && !there.get(fixed).equals(body.get(fixed))) {
                throw new Refusal(400, "fixed", fixed + " can't be changed");
            }
        }
        return wrapped(kind, replace(there, body));
    }

    private String etag(ObjectNode there) {
        return "\"" + Integer.toHexString(0x5f6b00 + versions.get(there)) + "\"";
    }

    private JsonNode tagged(HttpExchange exchange, String kind, ObjectNode there) {
        exchange.getResponseHeaders().set("ETag", etag(there));
        return wrapped(kind, there);
    }

    private static ObjectNode wrapped(String name, JsonNode content) {
        return JSON.createObjectNode().set(name, content);
    }

    private static ArrayNode array(Collection<? extends JsonNode> nodes) {
        return JSON.createArrayNode().addAll(nodes);
    }

    private static void unique(Collection<ObjectNode> others, String field, ObjectNode body) {
        if (others.stream().anyMatch(other -> other.path(field).equals(body.path(field)))) {
            throw new Refusal(400, "DuplicateResourceName", "There is one of that name");
        }
    }

    private static ObjectNode object(JsonNode body, String... required) {
        for (String field : required) {
            if (!body.path(field).isTextual()) {
                throw new Refusal(400, "missing", field + " is missing");
            }
        }
        return body.deepCopy();
    }

    private static JsonNode only(JsonNode body, String name) {
        if (body.size() != 1 || !body.path(name).isObject()) {
            throw new Refusal(400, "wrapper", "A " + name + " and nothing else is accepted");
        }
        return body.get(name);
    }

    private static ObjectNode collector(JsonNode body) {
        if (!body.path("collectorType").asText().equals("Hosted") || body.path("name").asText().length() > 128) {
            throw new Refusal(400, "InvalidCollector", "Not a hosted collector");
        }
        return object(body, "name");
    }

    private Collection<ObjectNode> sources(String collector) {
        find("collectors", collector);
        return all("sources").stream().filter(source -> source.path("collector").asText().equals(collector)).toList();
    }

    private static ObjectNode source(JsonNode body) {
        if (body.path("messagePerRequest").asBoolean() && body.path("multilineProcessingEnabled").asBoolean()) {
            throw new Refusal(400, "InvalidSource", "One message a request can't have several lines");
        }
        return object(body, "sourceType", "name");
    }

    private static ObjectNode rule(JsonNode body) {
        if (!body.path("enabled").isBoolean()) {
            throw new Refusal(400, "missing", "enabled is missing");
        }
        return object(body, "name", "scope", "parseExpression");
    }

    private JsonNode folder(ObjectNode folder) {
        String id = folder.path("id").asText();
        ArrayNode children = JSON.createArrayNode();
        for (ObjectNode child : all("folders")) {
            if (child.path("parentId").asText().equals(id)) {
                children.add(child.deepCopy().put("itemType", "Folder"));
            }
        }
        for (ObjectNode child : all("dashboards")) {
            if (child.path("folderId").asText().equals(id)) {
                children.addObject().put("id", child.path("contentId").asText()).put("itemType", "Dashboard")
                        .put("name", child.path("title").asText());
            }
        }
        for (ObjectNode child : all("logSearches")) {
            if (child.path("parentId").asText().equals(id)) {
                children.addObject().put("id", child.path("id").asText()).put("itemType", "Search")
                        .put("name", child.path("name").asText());
            }
        }
        return folder.deepCopy().put("itemType", "Folder").set("children", children);
    }

    private ObjectNode checkedDashboard(JsonNode body) {
        ObjectNode dashboard = object(body, "title", "folderId");
        find("folders", dashboard.path("folderId").asText());
        List<String> panels = dashboard.path("panels").findValuesAsText("key");
        for (JsonNode structure : dashboard.path("layout").path("layoutStructures")) {
            if (!panels.contains(structure.path("key").asText())) {
                throw new Refusal(400, "layout", "There is no panel " + structure.path("key"));
            }
        }
        if (!dashboard.path("timeRange").isObject()) {
            throw new Refusal(400, "missing", "timeRange is missing");
        }
        return dashboard;
    }

    /** Adds the fields that Sumo Logic adds at any depth. */
    private static JsonNode dashboard(ObjectNode dashboard) {
        ObjectNode answer = dashboard.deepCopy().put("domain", "");
        int number = 0;
        for (JsonNode panel : answer.path("panels")) {
            ((ObjectNode) panel).put("id", "panel" + number++);
            panel.path("queries").forEach(query -> ((ObjectNode) query).put("parseMode", "Auto"));
        }
        return answer;
    }

    private ObjectNode checkedMonitor(JsonNode body, ObjectNode parent) {
        ObjectNode monitor = object(body, "type", "name");
        if (!parent.path("contentType").asText().equals("Folder")
                || !Set.of("MonitorsLibraryFolder Folder", "MonitorsLibraryMonitor Monitor")
                        .contains(monitor.path("type").asText() + " " + monitor.path("contentType").asText())) {
            throw new Refusal(400, "type", "Not a folder or a monitor in a folder");
        }
        for (JsonNode email : monitor.path("notifications")) {
            if (email.at("/notification/connectionType").asText().equals("Email")
                    && email.at("/notification/recipients").isEmpty()) {
                throw new Refusal(400, "recipients", "No recipients");
            }
            if (email.at("/notification/connectionType").asText().equals("Webhook")) {
                find("connections", email.at("/notification/connectionId").asText());
            }
        }
        return monitor;
    }

    private JsonNode monitor(ObjectNode monitor) {
        ObjectNode answer = monitor.deepCopy().put("type", monitor.path("type").asText() + "Response")
                .put("version", versions.get(monitor)).put("isSystem", false);
        if (monitor.path("contentType").asText().equals("Folder")) {
            answer.set("children", array(all("monitors").stream()
                    .filter(child -> child.path("parentId").equals(monitor.get("id"))).map(this::monitor).toList()));
        }
        return answer;
    }

    private ObjectNode alertAction(JsonNode body) {
        ObjectNode action = object(body, "name", "connectorType");
        ArrayNode sources = JSON.createArrayNode();
        for (JsonNode source : body.path("alertSources")) {
            if (!source.path("id").isInt()) {
                throw new Refusal(400, "BAD_REQUEST", "An alert source's id is a number");
            }
            sources.add(find("alertSources", source.path("id").asText()));
        }
        Set<String> types = Stream.of(JSON.convertValue(body.path("triggerTypes"), String[].class))
                .collect(Collectors.toSet());
        if (sources.isEmpty() || !TRIGGER_TYPES.containsAll(types)
                || body.has("notResolvedDelaySec") && !types.contains("v-alert-not-resolved")) {
            throw new Refusal(400, "BAD_REQUEST", "Wrong alert sources, trigger types or delay");
        }
        if (URI.create(body.at("/params/webhookUrl").asText()).getHost() == null) {
            throw new Refusal(400, "BAD_REQUEST", "Not a URL: " + body.at("/params/webhookUrl"));
        }
        for (JsonNode header : body.at("/params/headers")) {
            if (header.path("key").asText().isEmpty()
                    || !header.path("value").asText().matches("[!-~]([ -~]*[!-~])?")) {
                throw new Refusal(400, "BAD_REQUEST", "Not a header");
            }
        }
        action.set("alertSources", sources);
        return action;
    }

    private static JsonNode offset(Collection<ObjectNode> all, Map<String, String> parameters, String sizeName,
            String startName, int most, String wrapper) {
        int size = size(parameters, sizeName, most);
        ArrayNode page = array(all.stream().skip(Integer.parseInt(parameters.getOrDefault(startName, "0"))).limit(size)
                .toList());
        return wrapper == null ? page : wrapped(wrapper, page);
    }

    private static JsonNode token(Collection<? extends JsonNode> all, Map<String, String> parameters, int most,
            String wrapper) {
        int size = Math.min(size(parameters, "limit", most), PAGE);
        int start = Integer.parseInt(parameters.getOrDefault("token", "+/=&0").substring(4));
        ObjectNode page = wrapped(wrapper, array(all.stream().skip(start).limit(size).toList()));
        return page.put("next", start + size < all.size() ? "+/=&" + (start + size) : null);
    }

    private static int size(Map<String, String> parameters, String name, int most) {
        int size = Integer.parseInt(parameters.getOrDefault(name, String.valueOf(most)));
        if (size < 1 || size > most) {
            throw new Refusal(400, "BAD_REQUEST", name + " is at most " + most);
        }
        return size;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
