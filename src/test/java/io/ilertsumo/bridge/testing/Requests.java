package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.testing.Terraform.Block;
import io.ilertsumo.bridge.testing.Terraform.Reference;

/**
 * Makes the requests to the products' REST APIs of the Terraform in {@code setup/}, as the providers make them:
 * {@code SumoLogic/terraform-provider-sumologic}, {@code sumologic/resource_*.go} and {@code sumologic_*.go};
 * {@code iLert/terraform-provider-ilert}, {@code ilert/resource_alert_action.go}. Values that are known at run time only,
 * such as IDs, are missing.
 */
public final class Requests {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> META = Set.of("count", "for_each");
    private static final Pattern WORD = Pattern.compile("_(\\w)");

    private Requests() {
    }

    /** Returns all requests to Sumo Logic in one object. */
    public static ObjectNode sumoLogic() throws IOException {
        Terraform terraform = Terraform.read(Path.of("setup", "sumologic", "resources"));
        ObjectNode requests = JSON.createObjectNode();
        requests.set("collector", plain(one(terraform, "sumologic_collector")).put("collectorType", "Hosted"));
        requests.set("source", source(one(terraform, "sumologic_http_source")));
        ArrayNode fields = requests.putArray("fields");
        terraform.resources("sumologic_field")
                .forEach(field -> fields.addObject().put("fieldName", field.text("field_name")));
        ArrayNode rules = requests.putArray("extractionRules");
        terraform.resources("sumologic_field_extraction_rule").forEach(rule -> rules.add(plain(rule)));
        requests.set("folder", plain(one(terraform, "sumologic_folder")));
        ArrayNode dashboards = requests.putArray("dashboards");
        terraform.resources("sumologic_dashboard").forEach(dashboard -> dashboards.add(dashboard(dashboard)));
        ArrayNode searches = requests.putArray("logSearches");
        terraform.resources("sumologic_log_search").forEach(search -> searches.add(logSearch(search)));
        ObjectNode connection = plain(one(terraform, "sumologic_connection")).put("type", "WebhookDefinition");
        connection.remove("url");
        requests.set("connection", connection);
        requests.set("monitorFolder", plain(one(terraform, "sumologic_monitor_folder"))
                .put("type", "MonitorsLibraryFolder").put("contentType", "Folder"));
        ArrayNode monitors = requests.putArray("monitors");
        terraform.resources("sumologic_monitor").forEach(monitor -> monitors.add(monitor(monitor)));
        return requests;
    }

    /** Returns all requests to iLert in one object. */
    public static ObjectNode iLert() throws IOException {
        Block action = one(Terraform.read(Path.of("setup", "ilert")), "ilert_alert_action");
        ObjectNode requests = JSON.createObjectNode();
        ObjectNode request = requests.putObject("alertAction");
        request.setAll(plain(action));
        request.put("connectorType", action.one("connector").orElseThrow().text("type"));
        request.putObject("params");
        return requests;
    }

    private static Block one(Terraform terraform, String type) {
        List<Block> resources = terraform.resources(type);
        if (resources.size() != 1) {
            throw new IllegalStateException("Expected one " + type + ", found " + resources.size());
        }
        return resources.get(0);
    }

    /** Returns the attributes of a block that are known before run time. */
    private static ObjectNode plain(Block block) {
        ObjectNode object = JSON.createObjectNode();
        block.attributes().forEach((name, value) -> {
            if (value.get() != null && !(value.get() instanceof Reference) && !META.contains(name)) {
                object.set(name.equals("timezone") ? "timeZone" : camelCase(name), JSON.valueToTree(value.get()));
            }
        });
        return object;
    }

    private static String camelCase(String name) {
        return WORD.matcher(name).replaceAll(letter -> letter.group(1).toUpperCase());
    }

    private static ObjectNode source(Block block) {
        ObjectNode source = plain(block).put("sourceType", "HTTP").put("forceTimeZone", false);
        ArrayNode formats = source.putArray("defaultDateFormats");
        block.all("default_date_formats").forEach(format -> formats.add(plain(format)));
        return source;
    }

    private static ObjectNode dashboard(Block block) {
        ObjectNode dashboard = plain(block);
        dashboard.putObject("topologyLabelMap").putObject("data");
        dashboard.set("timeRange", timeRange(block));
        ArrayNode panels = dashboard.putArray("panels");
        block.all("panel").forEach(panel -> panels.add(panel(panel.one("sumo_search_panel").orElseThrow())));
        ObjectNode layout = dashboard.putObject("layout").put("layoutType", "Grid");
        ArrayNode structures = layout.putArray("layoutStructures");
        block.one("layout").orElseThrow().one("grid").orElseThrow().all("layout_structure")
                .forEach(structure -> structures.add(plain(structure)));
        ArrayNode variables = dashboard.putArray("variables");
        block.all("variable").forEach(variable -> variables.add(variable(variable)));
        return dashboard;
    }

    private static ObjectNode timeRange(Block block) {
        Block range = block.one("time_range").orElseThrow().one("begin_bounded_time_range").orElseThrow();
        ObjectNode timeRange = JSON.createObjectNode().put("type", "BeginBoundedTimeRange");
        timeRange.putObject("from").put("type", "RelativeTimeRangeBoundary").put("relativeTime",
                range.one("from").orElseThrow().one("relative_time_range").orElseThrow().text("relative_time"));
        timeRange.putNull("to");
        return timeRange;
    }

    private static ObjectNode logSearch(Block block) {
        ObjectNode search = plain(block);
        search.set("timeRange", timeRange(block));
        ArrayNode parameters = search.putArray("queryParameters");
        block.all("query_parameter").forEach(parameter -> parameters.add(plain(parameter)));
        return search;
    }

    private static ObjectNode panel(Block block) {
        ObjectNode panel = plain(block).put("panelType", "SumoSearchPanel")
                .put("keepVisualSettingsConsistentWithParent", true);
        ArrayNode queries = panel.putArray("queries");
        block.all("query").forEach(query -> queries.add(plain(query)));
        if (block.one("time_range").isPresent()) {
            panel.set("timeRange", timeRange(block));
        } else {
            panel.putNull("timeRange");
        }
        return panel;
    }

    private static ObjectNode variable(Block block) {
        ObjectNode variable = plain(block);
        Block source = block.one("source_definition").orElseThrow().blocks().get(0);
        ObjectNode definition = plain(source);
        Matcher type = WORD.matcher("_" + source.type());
        definition.put("variableSourceType", type.replaceAll(letter -> letter.group(1).toUpperCase()));
        variable.set("sourceDefinition", definition);
        return variable;
    }

    private static ObjectNode monitor(Block block) {
        ObjectNode monitor = plain(block);
        ArrayNode queries = monitor.putArray("queries");
        block.all("queries").forEach(query -> queries.add(plain(query)));
        ArrayNode triggers = monitor.putArray("triggers");
        Block conditions = block.one("trigger_conditions").orElseThrow();
        conditions.one("logs_static_condition").ifPresent(condition -> {
            Block critical = condition.one("critical").orElseThrow();
            for (String end : List.of("alert", "resolution")) {
                ObjectNode trigger = trigger(triggers, "LogsStaticCondition",
                        end.equals("alert") ? "Critical" : "ResolvedCritical", critical);
                trigger.setAll(plain(critical.one(end).orElseThrow()));
                trigger.setAll(plain(condition));
            }
        });
        conditions.one("logs_missing_data_condition").ifPresent(condition -> {
            trigger(triggers, "LogsMissingDataCondition", "MissingData", condition);
            trigger(triggers, "LogsMissingDataCondition", "ResolvedMissingData", condition);
        });
        ArrayNode notifications = monitor.putArray("notifications");
        block.all("notifications").forEach(notification -> {
            ObjectNode request = notifications.addObject();
            request.set("notification", plain(notification.one("notification").orElseThrow()));
            request.setAll(plain(notification));
        });
        return monitor;
    }

    private static ObjectNode trigger(ArrayNode triggers, String method, String type, Block condition) {
        return triggers.addObject().put("detectionMethod", method).put("triggerType", type)
                .put("timeRange", "-" + condition.text("time_range"));
    }
}
