package io.ilertsumo.bridge.accounts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;

import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.Terraform;
import io.ilertsumo.bridge.testing.Terraform.Block;
import io.ilertsumo.bridge.testing.TerraformSchemas;

/** Tests the Terraform against the providers' schemas, since {@code terraform validate} needs the providers. */
class TerraformTest {

    private static final String SUMO_LOGIC = "setup/sumologic/resources";
    private static final String ILERT = "setup/ilert";
    private static final String ATTACHMENT = "setup/ilert/attachment";
    private static final Path RIGHT = Path.of("src", "test", "resources", "terraform", "right.tf");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern TEMPLATE_VARIABLE = Pattern.compile("\\{\\{.*?}}");
    private static final Set<String> CHARTS = Set.of("svp", "pie", "bar", "column", "line", "table");
    private static final int COLUMNS = 24;

    // --- all files

    @ParameterizedTest
    @ValueSource(strings = { "setup/sumologic", ILERT, "src/test/resources/terraform" })
    void filesAreFormatted(String folder) throws IOException, InterruptedException {
        ProcessBuilder format = Manifests.tool("terraform", "fmt", "-check", "-diff", "-recursive", folder);
        // no check for a newer version over the internet
        format.environment().put("CHECKPOINT_DISABLE", "1");
        Process terraform = format.redirectErrorStream(true).start();
        String output = new String(terraform.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertEquals(0, terraform.waitFor(), output);
    }

    @ParameterizedTest
    @ValueSource(strings = { SUMO_LOGIC, ILERT, ATTACHMENT })
    void referencesAreResolved(String folder) throws IOException {
        Terraform terraform = read(folder);

        assertFalse(terraform.references().isEmpty());
        assertEquals(List.of(), TerraformSchemas.dangling(terraform));
    }

    @ParameterizedTest
    @ValueSource(strings = { SUMO_LOGIC, ILERT, ATTACHMENT })
    void resourcesConformToTheirSchemas(String folder) throws IOException {
        assertEquals(List.of(), TerraformSchemas.misfits(read(folder)));
    }

    @Test
    void schemasAreOfTheUsedResources() throws IOException {
        assertEquals(Stream.of(read(SUMO_LOGIC), read(ILERT), read(ATTACHMENT)).flatMap(TerraformSchemas::resources)
                .map(block -> block.type() + " " + block.labels().get(0))
                .collect(Collectors.toCollection(TreeSet::new)),
                TerraformSchemas.kinds());
        assertTrue(TerraformSchemas.kinds().containsAll(TerraformSchemas.limited()));
    }

    @ParameterizedTest
    @ValueSource(strings = { SUMO_LOGIC, ILERT, ATTACHMENT })
    void variablesAndLocalsAreUsedAndVariablesAreDescribed(String folder) throws IOException {
        assertEquals(List.of(), badVariables(read(folder)));
    }

    @ParameterizedTest
    @ValueSource(strings = { SUMO_LOGIC, ILERT, ATTACHMENT })
    void providersAreRequiredWithSourceAndVersion(String folder) throws IOException {
        assertEquals(List.of(), badProviders(read(folder)));
    }

    // --- dashboards and monitors

    @Test
    void panelsHavePositionsAndUseAllVariables() throws IOException {
        List<Block> dashboards = read(SUMO_LOGIC).resources("sumologic_dashboard");

        assertEquals(List.of("iLert - Overview", "iLert - Bridge"),
                dashboards.stream().map(dashboard -> dashboard.text("title")).toList());
        for (Block dashboard : dashboards) {
            assertFalse(panels(dashboard).isEmpty());
            assertEquals(List.of(), badPanels(dashboard));
        }
    }

    @Test
    void overviewHasSevenFilters() throws IOException {
        Block overview = read(SUMO_LOGIC).resources("sumologic_dashboard").get(0);

        assertEquals(Set.of("{{Logsdatasource}}", "{{alertId}}", "{{alertSource}}", "{{eventType}}", "{{status}}",
                "{{priority}}", "{{severity}}", "{{labels}}"), variables(overview));
    }

    @Test
    void monitorsNotifyOfTheirTriggers() throws IOException {
        List<Block> monitors = read(SUMO_LOGIC).resources("sumologic_monitor");

        assertFalse(monitors.isEmpty());
        assertEquals(List.of(), twice(monitors.stream().map(monitor -> monitor.text("name"))));
        assertEquals(List.of(), monitors.stream().flatMap(monitor -> badMonitor(monitor).stream()).toList());
    }

    @Test
    void outputContainsAllDashboardsSearchesAndMonitors() throws IOException {
        Terraform terraform = read(SUMO_LOGIC);

        assertEquals(named(terraform, "sumologic_dashboard", "title"), output(terraform, "dashboards"));
        assertEquals(named(terraform, "sumologic_monitor", "name"), output(terraform, "monitors"));
        assertEquals(named(terraform, "sumologic_log_search", "name"), output(terraform, "log_searches"));
    }

    private static String named(Terraform terraform, String type, String name) {
        return terraform.resources(type).stream().map(block -> String.join(".", block.labels()))
                .map(address -> "{id=${" + address + ".id}, name=${" + address + "." + name + "}}").toList().toString();
    }

    private static String output(Terraform terraform, String name) {
        return terraform.blocks("output").stream().filter(block -> block.labels().contains(name)).findFirst()
                .orElseThrow().text("value");
    }

    // --- the checks find mistakes

    @Test
    void correctFileHasNoMistakes() throws IOException {
        assertEquals(List.of(), mistakes(Terraform.of(Files.readString(RIGHT))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            title            = var.title | title = var.titel               | var.titel cannot be resolved
            title            = var.title | title = local.title             | local.title cannot be resolved
            title            = var.title | title = sumologic_monitor.m.nam | sumologic_monitor.m.nam cannot be resolved
            title            = var.title | title = sumologic_monitor.n.id  | sumologic_monitor.n.id cannot be resolved
            title            = var.title | title = data.sumologic_role.r   | data.sumologic_role.r cannot be resolved
            name         = "Missing"     | name = "M2" count = 1 folder = sumologic_monitor.m.id | m.id cannot be resolved
            dynamic "obj_permission"     | dynamic "permission"            | obj_permission.value cannot be resolved
            title            = var.title | titel = var.title               | sumologic_dashboard.d: titel is unknown
            title            = var.title |                                 | sumologic_dashboard.d: title is missing
            title            = var.title | title = 5                       | title is not a string: 5
            title            = var.title | title = var.recipients          | title is not a string: ${var.recipients}
            title            = var.title | title = ""                      | title may not be ''
            title            = var.title | id = "5"                        | id is read-only
            refresh_interval = 300       | refresh_interval = 42           | refresh_interval may not be '42'
            "-1w"                        | "1 week"                        | relative_time may not be '1 week'
            relative_time = "-1w"        |                                 | relative_time is missing
            sumo_search_panel {          | text_panel {} sumo_search_panel { | panel has 2 of its blocks
            "sumologic_monitor"          | "sumologic_alarm"               | resource sumologic_alarm is unknown
            source_definition {          | source_definition {} source_definition { | there are 2 of source_definition
            source_definition {          | source {                        | variable: source_definition is missing
            source_definition {          | source {                        | variable: the block source is unknown
            row_id = "A"                 |                                 | m queries: row_id is missing
            ["Read"]                     | ["Run"]                         | permissions may not be '[Run]'
            "15m"                        | "16m"                           | time_range may not be '16m'
            key   = "K"                  | name = "K"                      | webhook headers: key is missing
            key   = "K"                  | name = "K"                      | webhook headers: name is unknown
            type = "webhook"             | type = "WEBHOOK"                | connector: type may not be 'WEBHOOK'
            alert_source {               | source {                        | ilert_alert_action.a: alert_source is missing
            connector {                  | connector {} connector {        | there are 2 of connector
            query_string = "error"       | query = "error"                 | s: query_string is missing
            default_payload = "{}"       | payload = "{}"                  | c: payload is unknown
            for type in var.recipients   | for type in var.recipient       | var.recipient cannot be resolved
            length(var.recipients)       | length(var.recipient)           | var.recipient cannot be resolved
            "K"                          | 5                               | headers: key is not a string: 5
            connection_type = "Email"    | action_type = "Email"           | notification: action_type is deprecated
            monitor_type = "Logs"        | monitor_type = "Logs" status = ["OK"] | m: status is read-only
            values = "NEW"               | values = "NEW" hide = true      | hide is unknown
            logs_missing_data_condition { | logs_anomaly_condition {       | logs_anomaly_condition: field is missing
            logs_missing_data_condition { | logs_anomaly_condition {       | logs_anomaly_condition: critical is missing
            structure = jsonencode({ x = 0, | places = jsonencode({ x = 0, | layout_structure: structure is missing
            "Missing"                    | "Missing "                      | name may not be 'Missing '
            "Missing"                    | "M"                             | name may not be 'M'
            default     = "D"            | default = ["D"]                 | the variable title is not a string: [D]
            "The title."                 | "The title"                     | title has no description that is a sentence
            type        = list(string)   |                                 | recipients has no type
            title            = var.title | title = "D"                     | the variable title is not used
            locals {                     | locals { more = 1               | local.more is not used
            , version = "~> 3.2"         |                                 | sumologic has no source or version
            sumologic = {                | sumo = {                        | [ilert, sumologic] are named, [sumo, ilert] required
            local.chart                  | "svp"                           | b: svp is no JSON with a chart
            type = "svp"                 | type = "cake"                   | b: cake is no chart
            "B"                          | "A"                             | A is there twice
            key       = "b"              | key = "c"                       | [a, b] have the places [a, c]
            key             = "b"        | key = "a"                       | [a, a] have the places [a, b]
            x = 12                       | x = 11                          | a and b overlap
            x = 12                       | x = 13                          | b is outside
            = {{status}}                 | = {{priority}}                  | a: {{priority}} is no variable
            = {{status}}                 | = {{priority}}                  | a: {{status}} is not asked for
            "error"                      | "{{status}}"                    | there are no variables in {{status}}
            ["MissingData",              | ["Critical",                    | of [Critical, ResolvedMissingData]
            """)
    void mistakeIsFound(String right, String wrong, String found) throws IOException {
        String text = Files.readString(RIGHT);
        assertTrue(text.contains(right));

        List<String> mistakes = mistakes(Terraform.of(text.replace(right, wrong == null ? "" : wrong)));

        assertTrue(mistakes.stream().anyMatch(mistake -> mistake.contains(found)), mistakes::toString);
    }

    private static List<String> mistakes(Terraform terraform) {
        List<String> mistakes = new ArrayList<>(TerraformSchemas.dangling(terraform));
        if (mistakes.isEmpty()) {
            // an unresolved reference has no value
            mistakes.addAll(TerraformSchemas.misfits(terraform));
            terraform.resources("sumologic_dashboard").forEach(dashboard -> mistakes.addAll(badPanels(dashboard)));
            terraform.resources("sumologic_monitor").forEach(monitor -> mistakes.addAll(badMonitor(monitor)));
        }
        mistakes.addAll(badVariables(terraform));
        mistakes.addAll(badProviders(terraform));
        return mistakes;
    }

    private static List<String> badVariables(Terraform terraform) {
        List<String> bad = new ArrayList<>();
        for (Block variable : terraform.blocks("variable")) {
            String name = variable.labels().get(0);
            if (!terraform.references().contains("var." + name)) {
                bad.add("the variable " + name + " is not used");
            }
            if (!variable.attributes().containsKey("type")) {
                bad.add("the variable " + name + " has no type");
            }
            if (!variable.text("description").endsWith(".")) {
                bad.add("the variable " + name + " has no description that is a sentence");
            }
        }
        terraform.blocks("locals").stream().flatMap(locals -> locals.attributes().keySet().stream())
                .filter(name -> !terraform.references().contains("local." + name))
                .forEach(name -> bad.add("local." + name + " is not used"));
        return bad;
    }

    private static List<String> badProviders(Terraform terraform) {
        List<String> bad = new ArrayList<>();
        Set<String> named = TerraformSchemas.resources(terraform).map(block -> block.labels().get(0).split("_")[0])
                .collect(Collectors.toCollection(TreeSet::new));
        terraform.blocks("provider").forEach(provider -> named.addAll(provider.labels()));
        Block required = terraform.blocks("terraform").get(0).one("required_providers").orElseThrow();
        if (!named.equals(required.attributes().keySet())) {
            bad.add(named + " are named, " + required.attributes().keySet() + " required");
        }
        required.attributes().forEach((name, value) -> {
            if (!(value.get() instanceof Map<?, ?> map && map.keySet().equals(Set.of("source", "version")))) {
                bad.add("the provider " + name + " has no source or version");
            }
        });
        return bad;
    }

    private static List<String> badPanels(Block dashboard) {
        List<Block> panels = panels(dashboard);
        List<Block> places = dashboard.deep().filter(block -> block.type().equals("layout_structure")).toList();
        Set<String> variables = variables(dashboard);
        List<String> bad = new ArrayList<>(twice(panels.stream().map(panel -> panel.text("title"))));
        List<String> keys = panels.stream().map(panel -> panel.text("key")).sorted().toList();
        List<String> placed = places.stream().map(place -> place.text("key")).sorted().toList();
        if (!keys.equals(placed)) {
            bad.add("the panels " + keys + " have the places " + placed);
        }
        bad.addAll(badPlaces(places));
        for (Block panel : panels) {
            String key = panel.text("key") + ": ";
            String settings = panel.text("visual_settings");
            JsonNode chart = json(settings).at("/general/type");
            if (!chart.isTextual()) {
                bad.add(key + settings + " is no JSON with a chart");
            } else if (!CHARTS.contains(chart.asText())) {
                bad.add(key + chart.asText() + " is no chart");
            }
            for (Block query : panel.all("query")) {
                Set<String> asked = templateVariables(query.text("query_string"));
                variables.stream().filter(name -> !asked.contains(name))
                        .forEach(name -> bad.add(key + name + " is not asked for"));
                asked.stream().filter(name -> !variables.contains(name))
                        .forEach(name -> bad.add(key + name + " is no variable"));
            }
        }
        dashboard.all("variable").stream().flatMap(Block::deep)
                .flatMap(source -> templateVariables(source.text("query")).stream())
                .filter(name -> !variables.contains(name)).forEach(name -> bad.add(name + " is no variable"));
        return bad;
    }

    private static List<Block> panels(Block dashboard) {
        return dashboard.all("panel").stream().flatMap(panel -> panel.blocks().stream()).toList();
    }

    private static Set<String> variables(Block dashboard) {
        return dashboard.all("variable").stream().map(variable -> "{{" + variable.text("name") + "}}")
                .collect(Collectors.toSet());
    }

    private static List<String> badPlaces(List<Block> places) {
        List<String> bad = new ArrayList<>();
        // the panel of each cell
        Map<List<Integer>, String> cells = new HashMap<>();
        for (Block place : places) {
            String key = place.text("key");
            JsonNode structure = json(place.text("structure"));
            int left = structure.path("x").asInt(-1);
            int top = structure.path("y").asInt(-1);
            int right = left + structure.path("width").asInt();
            int bottom = top + structure.path("height").asInt();
            if (left < 0 || top < 0 || right <= left || bottom <= top || right > COLUMNS) {
                bad.add(key + " is outside: " + structure);
            }
            Set<String> others = new TreeSet<>();
            for (int x = left; x < right; x++) {
                for (int y = top; y < bottom; y++) {
                    others.add(cells.getOrDefault(List.of(x, y), key));
                    cells.put(List.of(x, y), key);
                }
            }
            others.remove(key);
            others.forEach(other -> bad.add(other + " and " + key + " overlap"));
        }
        return bad;
    }

    private static List<String> badMonitor(Block monitor) {
        List<String> bad = new ArrayList<>();
        monitor.all("queries").stream().map(query -> query.text("query"))
                .filter(query -> !templateVariables(query).isEmpty())
                .forEach(query -> bad.add("there are no variables in " + query));
        Set<String> found = new TreeSet<>();
        monitor.one("trigger_conditions").stream().flatMap(Block::deep).forEach(block -> {
            switch (block.type()) {
                case "critical" -> found.addAll(Set.of("Critical", "ResolvedCritical"));
                case "warning" -> found.addAll(Set.of("Warning", "ResolvedWarning"));
                case "logs_missing_data_condition" -> found.addAll(Set.of("MissingData", "ResolvedMissingData"));
                default -> {
                }
            }
        });
        Set<String> notified = new TreeSet<>();
        monitor.all("notifications").forEach(one -> ((List<?>) one.get("run_for_trigger_types"))
                .forEach(type -> notified.add(String.valueOf(type))));
        if (found.isEmpty() || !found.equals(notified)) {
            bad.add(monitor + " notifies of " + notified + ", finds " + found);
        }
        return bad;
    }

    private static Terraform read(String folder) throws IOException {
        return Terraform.read(Path.of(folder));
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    private static Set<String> templateVariables(String text) {
        return TEMPLATE_VARIABLE.matcher(text).results().map(result -> result.group()).collect(Collectors.toSet());
    }

    private static List<String> twice(Stream<String> all) {
        Set<String> seen = new HashSet<>();
        return all.filter(one -> !seen.add(one)).map(one -> one + " is there twice").toList();
    }
}
