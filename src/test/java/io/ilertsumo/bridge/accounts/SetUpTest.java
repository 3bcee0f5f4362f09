package io.ilertsumo.bridge.accounts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.testing.ILertApi;
import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.RestApis;
import io.ilertsumo.bridge.testing.RestApis.Call;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Tests that {@code setup/set-up.sh} creates and updates the objects of the two {@code requests.json}. */
@Execution(ExecutionMode.CONCURRENT)
class SetUpTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PASSWORD = "marker-p@ss:w/rd %+?#'\"\\&";
    private static final List<String> NOTIFIED = List.of("ops@example.com", "on-call@example.com");

    private static Path programs;
    private static JsonNode sumoLogic;
    private static JsonNode alertAction;

    private final RestApis apis = new RestApis();
    private final Map<String, String> settings = new HashMap<>();

    /** The exit status and output of the script. */
    private record Run(int status, List<String> output, List<String> errors) {

        Run succeeded() {
            assertEquals(0, status, () -> String.join("\n", errors));
            return this;
        }

        String error() {
            assertEquals(1, errors.stream().filter(line -> line.startsWith("set-up.sh: ")).count(), errors::toString);
            return errors.get(errors.size() - 1);
        }
    }

    /** Wraps curl and jq to record their command lines, and replaces sleep. */
    @BeforeAll
    static void programs() throws IOException {
        for (String program : List.of("bash", "curl", "jq")) {
            Manifests.tool(program);
        }
        programs = SumoLogicResource.newDirectory("set-up");
        String record = "printf '%s\\n' \"$0 $*\" >>\"$COMMANDS\"\n";
        program("sleep", record);
        program("curl", record + "PATH=${PATH#*:}\nexec curl \"$@\"\n");
        program("jq", record + "PATH=${PATH#*:}\nexec jq \"$@\"\n");
        sumoLogic = JSON.readTree(Path.of("setup", "sumologic", "requests.json").toFile());
        alertAction = JSON.readTree(Path.of("setup", "ilert", "requests.json").toFile()).path("alertAction");
    }

    private static void program(String name, String script) throws IOException {
        Path program = Files.writeString(programs.resolve(name), "#!/bin/sh\n" + script);
        assertTrue(program.toFile().setExecutable(true));
    }

    @BeforeEach
    void settings() {
        settings.put("SUMOLOGIC_ACCESSID", RestApis.ACCESS_ID);
        settings.put("SUMOLOGIC_ACCESSKEY", RestApis.ACCESS_KEY);
        settings.put("SUMOLOGIC_BASE_URL", apis.sumoLogic());
        settings.put("NOTIFY", String.join(" , ", NOTIFIED));
        settings.put("ILERT_API_TOKEN", RestApis.API_TOKEN);
        settings.put("ILERT_ENDPOINT", apis.ilert());
        settings.put("BRIDGE_URL", " https://bridge.example.com// ");
        settings.put("ILERT_WEBHOOK_PASSWORD", PASSWORD);
    }

    @AfterEach
    void close() {
        apis.close();
    }

    @Test
    void firstRunCreatesAllObjectsAndPrintsTheUrl() throws Exception {
        Run run = run().succeeded();

        assertEquals(List.of("SUMOLOGIC_URL=" + only("sources").path("url").asText()), run.output());
        assertComplete();
        assertTrue(run.errors().contains("set ILERT_WEBHOOK_AUTH=header for the bridge"), run.errors()::toString);
        long made = apis.takeCalls().stream().filter(Call::writes).count();
        assertEquals(made, run.errors().stream().filter(line -> line.startsWith("created ")).count(),
                run.errors()::toString);
    }

    /** Checks that each object exists once, as in the requests. */
    private void assertComplete() {
        holds(sumoLogic.path("collector"), only("collectors"));
        holds(sumoLogic.path("source"), only("sources"));
        assertEquals(only("collectors").path("id").asText(), only("sources").path("collector").asText());
        all(sumoLogic.path("fields"), "fieldName", "fields");
        all(sumoLogic.path("extractionRules"), "name", "extractionRules");
        ObjectNode folder = all(JSON.createArrayNode().add(sumoLogic.path("folder")), "name", "folders").get(0);
        assertEquals(List.copyOf(apis.all("folders")).get(1).path("id"), folder.path("parentId"));
        for (ObjectNode dashboard : all(sumoLogic.path("dashboards"), "title", "dashboards")) {
            assertEquals(folder.path("id"), dashboard.path("folderId"));
        }
        for (ObjectNode search : all(sumoLogic.path("logSearches"), "name", "logSearches")) {
            assertEquals(folder.path("id"), search.path("parentId"));
        }
        JsonNode monitors = sumoLogic.path("monitors").deepCopy();
        for (JsonNode email : monitors.findValues("notification")) {
            if (email.path("connectionType").asText().equals("Email")) {
                ((ObjectNode) email).set("recipients", JSON.valueToTree(NOTIFIED.stream().sorted().toList()));
            }
        }
        ObjectNode monitorFolder = all(JSON.createArrayNode().add(sumoLogic.path("monitorFolder")), "name", "monitors")
                .get(0);
        assertEquals(apis.all("monitors").iterator().next().path("id"), monitorFolder.path("parentId"));
        for (ObjectNode monitor : all(monitors, "name", "monitors")) {
            assertEquals(monitorFolder.path("id"), monitor.path("parentId"));
        }
        ObjectNode action = only("alertActions");
        JsonNode wanted = alertAction.deepCopy();
        ((ObjectNode) wanted).remove("params");
        holds(wanted, action);
        assertEquals(JSON.valueToTree(apis.all("alertSources")), action.path("alertSources"));
    }

    @Test
    void secondRunChangesNothing() throws Exception {
        // other objects, so that lists have several pages
        for (int i = 0; i < 1000; i++) {
            apis.add("collectors", JSON.createObjectNode().put("name", "other " + i));
        }
        for (int i = 0; i < 5; i++) {
            apis.add("extractionRules", JSON.createObjectNode().put("name", "other " + i));
            apis.add("dashboards", JSON.createObjectNode().put("title", "other " + i));
        }
        // the same name in another folder
        ObjectNode dashboard = sumoLogic.path("dashboards").get(0).deepCopy();
        apis.add("dashboards", dashboard.put("folderId", "elsewhere"));
        Run first = run().succeeded();
        JsonNode state = apis.state();
        apis.takeCalls();

        Run second = run().succeeded();

        assertEquals(first.output(), second.output());
        assertEquals(List.of(), apis.takeCalls().stream().filter(Call::writes).toList());
        assertEquals(state, apis.state());
        assertEquals(first.errors().stream().map(line -> line.replace("created ", "unchanged ")).toList(),
                second.errors());
    }

    @Test
    void changesByHandAreReverted() throws Exception {
        run().succeeded();
        // fields that others added are kept
        only("collectors").putObject("fields").put("team", "blue");
        only("sources").put("cutoffTimestamp", 1_700_000_000_000L);
        JsonNode state = apis.state();
        only("collectors").put("description", "changed");
        only("sources").put("category", "changed").putArray("defaultDateFormats");
        apis.all("fields").forEach(field -> field.put("state", "Disabled"));
        apis.all("extractionRules").forEach(rule -> rule.put("enabled", false));
        last("folders").remove("description");
        apis.all("dashboards").forEach(dashboard -> ((ObjectNode) dashboard.at("/panels/0")).put("title", "changed"));
        apis.all("logSearches").forEach(search -> search.put("queryString", "changed"));
        for (ObjectNode monitor : apis.all("monitors")) {
            if (monitor.has("parentId")) {
                monitor.put("description", "changed");
            }
        }
        last("monitors").withArray("/notifications/0/notification/recipients").removeAll();
        only("alertActions").withArray("/alertSources").removeAll();
        apis.takeCalls();

        Run run = run().succeeded();

        assertEquals(state, apis.state());
        List<Call> writes = apis.takeCalls().stream().filter(Call::writes).toList();
        assertEquals(List.of(), writes.stream().filter(call -> !call.method().equals("PUT")).toList());
        assertEquals(writes.size() + 1, run.errors().size(), run.errors()::toString);
        assertEquals(List.of("set ILERT_WEBHOOK_AUTH=header for the bridge"),
                run.errors().stream().filter(line -> !line.matches("(updated|enabled) .*")).toList());
    }

    /** Interrupts the script after the first and after another object is created, before the answer. */
    @Test
    void interruptedRunIsCompletedByTheNext() throws Exception {
        for (int writes : List.of(0, 8)) {
            apis.breakOffAfterWrites(writes);
            Run run = run();
            assertEquals(1, run.status());
            assertTrue(run.error().endsWith(": 000 Empty reply from server"), run::error);
        }

        run().succeeded();

        assertComplete();
    }

    @Test
    void dryRunPrintsTheCallsOfAFirstRun() throws Exception {
        apis.addAlertSource("Second");
        settings.put("ALERT_SOURCES", "Second");
        Run dry = run("--dry-run").succeeded();
        assertEquals(List.of(), apis.takeCalls());
        assertEquals(List.of(), dry.errors());
        Run first = run().succeeded();

        List<Call> printed = printed(dry.output());
        List<Call> made = apis.takeCalls();

        assertEquals(made.stream().map(Call::method).toList(), printed.stream().map(Call::method).toList());
        for (int i = 0; i < made.size(); i++) {
            String base = made.get(i).path().startsWith("alert-") ? apis.ilert() + "/api/" : apis.sumoLogic();
            matches(printed.get(i).path(), base + made.get(i).path());
            matches(printed.get(i).body(), made.get(i).body());
        }
        assertTrue(String.join("\n", dry.output()).contains("\"https://bridge.example.com/webhooks/ilert\""));
        assertEquals(1, first.output().size());
    }

    @Test
    void dryRunNeedsNoSettings() throws Exception {
        settings.clear();
        List<String> lines = run("--dry-run").succeeded().output();
        for (Call call : printed(lines)) {
            assertTrue(call.path().matches("https://api\\.(us2\\.sumologic|ilert)\\.com/api/.*"), call::toString);
        }

        settings.put("SUMOLOGIC_ENVIRONMENT", "us1");
        lines.replaceAll(line -> line.replace("https://api.us2.", "https://api."));
        List<String> elsewhere = run("--dry-run", "sumologic").succeeded().output();
        assertEquals(lines.subList(0, elsewhere.size()), elsewhere);
    }

    @Test
    void missingSettingsAreReportedTogetherBeforeAnyCall() throws Exception {
        settings.clear();
        Run run = run();
        assertEquals(2, run.status());
        assertEquals(List.of("set-up.sh: missing or invalid: SUMOLOGIC_ACCESSID, SUMOLOGIC_ACCESSKEY, NOTIFY, "
                + "ILERT_API_TOKEN, BRIDGE_URL, ILERT_WEBHOOK_PASSWORD"), run.errors());

        settings();
        settings.put("NOTIFY", "");
        settings.put("BRIDGE_URL", "bridge.example.com");
        run = run();
        assertEquals(2, run.status());
        assertTrue(run.error().contains("missing or invalid: NOTIFY, BRIDGE_URL with http"), run::error);

        settings.remove("ILERT_API_TOKEN");
        assertEquals("set-up.sh: missing or invalid: NOTIFY, BRIDGE_URL with http:// or https://, without user and "
                + "password", run("sumologic").error());
        settings.put("BRIDGE_URL", "https://user:marker-word@bridge.example.com");
        assertTrue(run("ilert").error().contains("BRIDGE_URL with http:// or https://, without user"));
        settings();
        settings.put("ILERT_WEBHOOK_PASSWORD", "marker-é");
        assertTrue(run("ilert").error().contains("ILERT_WEBHOOK_PASSWORD in printable ASCII"));
        settings.put("ILERT_WEBHOOK_AUTH", "none");
        assertTrue(run("ilert").error().contains("ILERT_WEBHOOK_AUTH header or basic"));
        settings.put("VERIFY_TIMEOUT", "0");
        assertTrue(run("verify").error().contains("VERIFY_TIMEOUT in seconds"));
        assertEquals(2, run("nonsense").status());
        assertEquals(List.of(), apis.takeCalls());
    }

    @ParameterizedTest
    @CsvSource({ "sumologic,GET v1/fields,400", "sumologic,POST v1/collectors,500", "ilert,PUT alert-actions,403",
            "ilert,GET alert-sources,404", "ilert,POST alert-actions,402" })
    void errorIsOneLineWithoutSecrets(String product, String which, int status) throws Exception {
        if (which.startsWith("PUT")) {
            run(product).succeeded();
            only("alertActions").put("triggerMode", "MANUAL");
        }
        apis.refuse(status, Integer.MAX_VALUE, call -> call.toString().startsWith(which));

        Run run = run(product);

        assertEquals(1, run.status());
        assertEquals(List.of(), run.output());
        assertTrue(
                run.error().matches("set-up.sh: " + which.replace(" ", " http://localhost:\\d+/\\w+/api/") + "[^ ]*: "
                        + status + " refused: Not this: .*\\*\\*\\*.*"),
                run::error);
    }

    @Test
    void wrongKeysAreReported() throws Exception {
        settings.put("SUMOLOGIC_ACCESSKEY", "marker-wrong");
        Run run = run();
        assertEquals(1, run.status());
        assertTrue(run.error().endsWith(": 401 unauthorized: Credential could not be verified"), run::error);

        settings.put("ILERT_API_TOKEN", "marker-wrong");
        run = run("ilert");
        assertEquals(1, run.status());
        assertTrue(run.error().endsWith(": 403 KEY_ERROR: The key Bearer *** is not known"), run::error);
    }

    @Test
    void failedConnectionIsReported() throws Exception {
        apis.close();
        Run run = run("ilert");
        assertEquals(1, run.status());
        assertTrue(run.error().matches("set-up.sh: GET http://.*/alert-sources.*: 000 Failed to connect .*"),
                run::error);
    }

    @Test
    void incompleteAnswerIsReported() throws Exception {
        apis.refuse(200, 1, call -> call.path().startsWith("alert-actions"));
        Run run = run("ilert");
        assertEquals(1, run.status());
        assertTrue(run.error().matches("set-up.sh: GET http://.*/alert-actions.*: 200 transfer closed .*"),
                run::error);
    }

    @Test
    void redirectionIsReportedWithItsTarget() throws Exception {
        apis.refuse(301, 1, call -> true);
        Run run = run("sumologic");
        assertEquals(1, run.status());
        assertTrue(run.error().endsWith(": 301 https://api.eu.sumologic.com/api/v1/fields"), run::error);
    }

    @ParameterizedTest
    @ValueSource(ints = { 429, 503 })
    void throttledReadIsRetried(int status) throws Exception {
        apis.refuse(status, 1, call -> call.toString().startsWith("GET alert-actions"));

        run("ilert").succeeded();

        assertEquals(2,
                apis.takeCalls().stream().filter(call -> call.toString().startsWith("GET alert-actions")).count());
        holds(JSON.createObjectNode().set("name", alertAction.path("name")), only("alertActions"));
    }

    @Test
    void failedCreateIsNotRetried() throws Exception {
        apis.refuse(503, 1, call -> call.toString().equals("POST alert-actions"));

        assertEquals(1, run("ilert").status());

        assertEquals(1, apis.takeCalls().stream().filter(call -> call.toString().equals("POST alert-actions")).count());
    }

    @Test
    void orderOfAlertSourcesAndTriggerTypesIsIgnored() throws Exception {
        apis.addAlertSource("Second");
        run("ilert").succeeded();
        ObjectNode made = only("alertActions");
        reverse(made.withArray("alertSources"));
        reverse(made.withArray("triggerTypes"));
        apis.takeCalls();

        run("ilert").succeeded();

        assertEquals(List.of(), apis.takeCalls().stream().filter(Call::writes).toList());
    }

    private static void reverse(ArrayNode array) {
        List<JsonNode> elements = new ArrayList<>();
        array.forEach(elements::add);
        Collections.reverse(elements);
        array.removeAll();
        array.addAll(elements);
    }

    @Test
    void passwordIsInAHeader() throws Exception {
        settings.put("ILERT_WEBHOOK_PASSWORD", " " + PASSWORD + "\n");
        run("ilert").succeeded();
        JsonNode params = only("alertActions").path("params");

        assertEquals("https://bridge.example.com/webhooks/ilert", params.path("webhookUrl").asText());
        assertEquals(1, params.path("headers").size());
        assertEquals("X-Webhook-Secret", params.at("/headers/0/key").asText());
        assertEquals(PASSWORD, params.at("/headers/0/value").asText());

        settings.put("ILERT_WEBHOOK_AUTH", "basic");
        run("ilert").succeeded();
        assertTrue(only("alertActions").at("/params/headers").isEmpty(), "the header is removed");
    }

    @Test
    void teamsAndConditionsAreKept() throws Exception {
        run("ilert").succeeded();
        ObjectNode action = only("alertActions");
        action.put("conditions", "alert.priority in [HIGH]").putArray("teams").addObject().put("id", 7);
        JsonNode state = apis.state();
        action.put("triggerMode", "MANUAL");

        run("ilert").succeeded();

        assertEquals(state, apis.state());
    }

    @Test
    void fieldThatCantBeCreatedSinceItExistsIsNoFailure() throws Exception {
        apis.addBuiltInField("group");
        apis.add("fields",
                JSON.createObjectNode().put("fieldName", "Lane").put("fieldId", "7").put("state", "Enabled"));

        Run run = run("sumologic").succeeded();

        assertTrue(run.errors().containsAll(List.of("unchanged field group", "unchanged field lane")),
                run.errors()::toString);
    }

    @Test
    void keysOfJsonTextsMayHaveAnotherOrder() throws Exception {
        run("sumologic").succeeded();
        JsonNode settings = apis.all("dashboards").iterator().next().at("/panels/0");
        List<String> fields = new ArrayList<>();
        JSON.readTree(settings.path("visualSettings").asText()).properties()
                .forEach(field -> fields.add("\"" + field.getKey() + "\":" + field.getValue()));
        Collections.reverse(fields);
        ((ObjectNode) settings).put("visualSettings", "{" + String.join(",", fields) + "}");
        apis.takeCalls();

        run("sumologic").succeeded();

        assertEquals(List.of(), apis.takeCalls().stream().filter(Call::writes).toList());
    }

    @Test
    void dashboardsAreInTheChosenFolder() throws Exception {
        settings.put("FOLDER_ID", "personal");
        run("sumologic").succeeded();

        assertEquals(apis.all("folders").iterator().next().path("id"), last("folders").path("parentId"));
    }

    @Test
    void monitorsPageThroughILert() throws Exception {
        settings.put("ILERT_INTEGRATION_URL", RestApis.INTEGRATION_URL + "\n");
        run("sumologic").succeeded();

        ObjectNode connection = only("connections");
        assertEquals(RestApis.INTEGRATION_URL, connection.path("url").asText());
        int monitors = 0;
        for (ObjectNode monitor : apis.all("monitors")) {
            if (monitor.path("contentType").asText().equals("Monitor")) {
                monitors++;
                JsonNode page = monitor.path("notifications").path(1);
                assertEquals(connection.path("id"), page.at("/notification/connectionId"));
                assertEquals(monitor.at("/notifications/0/runForTriggerTypes"), page.path("runForTriggerTypes"));
            }
        }
        assertEquals(5, monitors);
        apis.takeCalls();
        run("sumologic").succeeded();
        assertEquals(List.of(), apis.takeCalls().stream().filter(Call::writes).toList());
    }

    /** The values of calls to iLert are in its published description. */
    @ParameterizedTest
    @ValueSource(strings = { "header", "basic" })
    void callsToILertAreAsDescribed(String auth) throws Exception {
        settings.put("ILERT_WEBHOOK_AUTH", auth);
        run("ilert").succeeded();
        only("alertActions").put("triggerMode", "MANUAL");
        run("ilert").succeeded();
        verify("ILERT_API_TOKEN").succeeded();

        List<Call> calls = apis.takeCalls().stream().filter(call -> call.path().matches("(alert-|events).*")).toList();

        assertEquals(List.of(), calls.stream().flatMap(call -> ILertApi.problems(call).stream()).toList());
        assertTrue(calls.stream().map(Call::method).toList().containsAll(List.of("GET", "POST", "PUT")));
        assertTrue(calls.stream().anyMatch(call -> call.path().equals("events")));
        JsonNode wrong = JSON.createObjectNode().put("name", "a").put("connectorType", "web").put("more", 1)
                .set("alertSources", JSON.createArrayNode().addObject().put("id", "text"));
        assertEquals(List.of("body.connectorType may not be \"web\"", "body.more is not described",
                "body.alertSources is no array: {\"id\":\"text\"}"),
                ILertApi.problems(new Call("POST", "alert-actions", wrong)));
    }

    // --- verify

    private Run verify(String token) throws Exception {
        settings.put("BRIDGE_URL", apis.bridge());
        settings.put("MANAGEMENT_URL", apis.bridge() + "/");
        settings.put("ALERT_SOURCES", "Prometheus & co,other");
        apis.webhookSecret(PASSWORD);
        if (token.isEmpty()) {
            settings.remove("ILERT_API_TOKEN");
        }
        return run("verify");
    }

    @ParameterizedTest
    @ValueSource(strings = { "ILERT_API_TOKEN", "" })
    void verifyPrintsEachStageOfAWorkingChain(String token) throws Exception {
        Run run = verify(token).succeeded();

        assertEquals(List.of(), run.errors());
        assertEquals(List.of("bridge", "raise", "receive", "deliver", "search", "resolve"),
                run.output().stream().map(line -> line.split(" +")[1]).toList());
        assertEquals(List.of(), run.output().stream().filter(line -> !line.matches("ok  \\w+ +\\d+ s  .+")).toList());
        assertEquals(token.isEmpty() ? List.of("alert-created", "alert-resolved") : List.of("ALERT", "RESOLVE"),
                apis.received().stream().map(event -> event.path("eventType").asText()).toList());
        assertEquals(1, apis.received().stream().map(event -> event.path("alertKey")).distinct().count());
        assertEquals(apis.takeCalls().stream().filter(call -> call.toString().startsWith("POST v1/search")).count(), 1);
    }

    @ParameterizedTest
    @CsvSource({ "RECEIVE,receive,iLert does not reach it", "DELIVER,deliver,the bridge delivered no event",
            "SEARCH,search,(Sumo Logic has no message|the search job did not end)" })
    void verifyNamesTheStageThatFailedAndResolvesTheAlert(RestApis.Link link, String stage, String reason)
            throws Exception {
        settings.put("VERIFY_TIMEOUT", "1");
        apis.breakLink(link);

        Run run = verify("ILERT_API_TOKEN");

        assertEquals(1, run.status());
        assertTrue(run.error().matches("set-up.sh: " + stage + " failed after [1-9]\\d* s: .*" + reason + ".*"),
                run::error);
        assertEquals("resolve", run.output().get(run.output().size() - 1).split(" +")[1]);
        List<JsonNode> events = apis.takeCalls().stream().filter(call -> call.path().equals("events")).map(Call::body)
                .toList();
        assertEquals(List.of("ALERT", "RESOLVE"),
                events.stream().map(event -> event.path("eventType").asText()).toList());
        assertEquals(events.get(0).path("alertKey"), events.get(1).path("alertKey"));
    }

    @Test
    void verifyNamesAWrongPasswordAndAMissingBridge() throws Exception {
        settings.put("VERIFY_TIMEOUT", "1");
        settings.put("ILERT_WEBHOOK_PASSWORD", "marker-wrong");
        Run run = verify("");
        assertEquals(1, run.status());
        assertTrue(run.error().matches("set-up.sh: raise failed after .*: 401 The header X-Webhook-Secret is wrong"),
                run::error);

        settings.put("MANAGEMENT_URL", apis.ilert());
        run = run("verify");
        assertEquals(1, run.status());
        assertTrue(run.error().matches("set-up.sh: bridge failed after .*: no metrics at .*"), run::error);
        assertEquals(List.of(), apis.received());
    }

    @Test
    void passwordIsEncodedInTheUrl() throws Exception {
        settings.put("ILERT_WEBHOOK_AUTH", "basic");
        settings.put("ILERT_WEBHOOK_PASSWORD", PASSWORD + "é");
        settings.put("ILERT_WEBHOOK_USERNAME", "i@lert");
        run("ilert").succeeded();

        URI url = URI.create(only("alertActions").at("/params/webhookUrl").asText());

        assertEquals("bridge.example.com", url.getHost());
        assertEquals("/webhooks/ilert", url.getPath());
        String[] user = url.getRawUserInfo().split(":");
        assertEquals(2, user.length);
        assertFalse(user[1].contains("+"), "a plus sign may be read as a space");
        assertEquals("i@lert", URLDecoder.decode(user[0], UTF_8));
        assertEquals(PASSWORD + "é", URLDecoder.decode(user[1], UTF_8));
    }

    @Test
    void namedOrAllAlertSourcesAreAttached() throws Exception {
        IntStream.range(0, 130).forEach(i -> apis.addAlertSource("source " + i));
        run("ilert").succeeded();
        assertEquals(131, only("alertActions").path("alertSources").size());

        settings.put("ALERT_SOURCES", "source 120, Prometheus & co ,");
        run("ilert").succeeded();
        assertEquals(List.of("Prometheus & co", "source 120"),
                only("alertActions").path("alertSources").findValuesAsText("name"));

        settings.put("ALERT_SOURCES", "source 1,source 120,Sentry");
        Run run = run("ilert");
        assertEquals(1, run.status());
        assertTrue(
                run.error().startsWith("set-up.sh: iLert has no alert source Sentry; it has: Prometheus & co, source"),
                run::error);
    }

    @Test
    void firstOfSeveralAlertActionsIsUsed() throws Exception {
        for (int i = 0; i < 100; i++) {
            apis.add("alertActions", JSON.createObjectNode().put("name", "other " + i));
        }
        run("ilert").succeeded();
        ObjectNode again = last("alertActions").deepCopy();
        again.remove("id");
        apis.add("alertActions", again);
        JsonNode state = apis.state();

        Run run = run("ilert").succeeded();

        String name = alertAction.path("name").asText();
        assertEquals(List.of("there are several alert action objects named " + name + ", using the first",
                "unchanged alert action " + name, "set ILERT_WEBHOOK_AUTH=header for the bridge"), run.errors());
        assertEquals(state, apis.state());
    }

    /** Runs the script, and checks that no secret is in its output or on a command line. */
    private Run run(String... arguments) throws IOException, InterruptedException {
        Path directory = SumoLogicResource.newDirectory("set-up");
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        Path commands = Files.createFile(directory.resolve("commands"));
        List<String> environment = new ArrayList<>();
        // by a file, since Java encodes the environment in the machine's character set
        settings.forEach((name, value) -> environment.add(name + "='" + value.replace("'", "'\\''") + "'"));
        Files.write(directory.resolve("environment"), environment);
        List<String> command = new ArrayList<>(
                List.of("bash", "-c", "set -a && . \"$0\" && exec setup/set-up.sh \"$@\"",
                        directory.resolve("environment").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(directory.resolve("output").toFile())
                .redirectError(directory.resolve("errors").toFile());
        builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
        builder.environment().compute("PATH", (name, path) -> programs + ":" + path);
        builder.environment().put("TMPDIR", temporary.toString());
        builder.environment().put("COMMANDS", commands.toString());

        Process process = builder.start();
        assertTrue(process.waitFor(2, TimeUnit.MINUTES), "the script ends");
        int status = process.exitValue();

        Run run = new Run(status, Files.readAllLines(directory.resolve("output")),
                Files.readAllLines(directory.resolve("errors")));
        for (List<String> lines : List.of(run.output(), run.errors(), Files.readAllLines(commands))) {
            for (String line : lines) {
                assertFalse(line.contains("marker-") && !line.startsWith("SUMOLOGIC_URL="), line);
            }
        }
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList());
        }
        long calls = Files.readAllLines(commands).stream().filter(line -> line.startsWith(programs + "/curl ")).count();
        assertEquals(calls, Files.readAllLines(commands).stream()
                .filter(line -> line.equals(programs + "/sleep 0.25")).count());
        assertEquals(List.of(arguments).contains("--dry-run") || status == 2, calls == 0);
        return run;
    }

    private ObjectNode only(String kind) {
        assertEquals(1, apis.all(kind).size(), kind);
        return last(kind);
    }

    private ObjectNode last(String kind) {
        return List.copyOf(apis.all(kind)).get(apis.all(kind).size() - 1);
    }

    /** Returns the objects with the names of the wanted ones; each must exist once and have all wanted fields. */
    private List<ObjectNode> all(JsonNode wanted, String name, String kind) {
        assertFalse(wanted.isMissingNode(), kind);
        List<ObjectNode> found = new ArrayList<>();
        for (JsonNode one : wanted) {
            List<ObjectNode> named = apis.all(kind).stream()
                    .filter(there -> there.path(name).equals(one.path(name))
                            && there.path("contentType").equals(one.path("contentType")))
                    .toList();
            assertEquals(1, named.size(), () -> kind + " " + one.path(name));
            holds(one, named.get(0));
            found.add(named.get(0));
        }
        return found;
    }

    private static void holds(JsonNode wanted, JsonNode there) {
        wanted.properties().forEach(field -> assertEquals(field.getValue(), there.get(field.getKey()),
                () -> field.getKey() + " of " + there));
    }

    /** Parses the output of a dry run: calls, each followed by its body. */
    private static List<Call> printed(List<String> lines) throws JsonProcessingException {
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < lines.size();) {
            String[] call = lines.get(i++).split(" ", 2);
            StringBuilder body = new StringBuilder();
            while (i < lines.size() && !lines.get(i).matches("(GET|POST|PUT) http.*")) {
                body.append(lines.get(i++)).append('\n');
            }
            calls.add(new Call(call[0], call[1],
                    body.isEmpty() ? MissingNode.getInstance() : JSON.readTree(body.toString())));
        }
        return calls;
    }

    /** Compares values, where words in braces match any ID. */
    private static void matches(JsonNode printed, JsonNode made) {
        assertEquals(printed.size(), made.size(), made::toString);
        if (printed.isObject()) {
            printed.properties().forEach(field -> matches(field.getValue(), made.path(field.getKey())));
        } else if (printed.isArray()) {
            IntStream.range(0, printed.size()).forEach(i -> matches(printed.get(i), made.path(i)));
        } else if (!printed.equals(made) && !printed.asText().equals("***")) {
            matches(printed.asText(), made.asText());
        }
    }

    private static void matches(String printed, String made) {
        String pattern = Pattern.compile("\\{[\\w ]+\\}").splitAsStream(printed).map(Pattern::quote)
                .reduce((left, right) -> left + "[0-9A-Za-z]+" + right).orElse("");
        pattern += printed.endsWith("}") ? "[0-9A-Za-z]+" : "";
        assertTrue(made.matches(pattern.replace("***", "\\E[^@:/]+\\Q")), () -> printed + " is not " + made);
    }
}
