package io.ilertsumo.bridge.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.ilertsumo.bridge.deploy.KubernetesTest.Variant;
import io.ilertsumo.bridge.testing.Manifests;

/** Tests the dashboard for Grafana: its expressions over recorded data, with Prometheus's {@code promtool}, and its metrics. */
public class GrafanaDashboardTest {

    private static final Path DASHBOARD = Path.of("k8s", "components", "monitoring", "grafana-dashboard.json");
    private static final Path TEST = Path.of("src", "test", "resources", "grafana-dashboard.test.yaml");

    @Test
    void everyExpressionShowsTheRecordedValues() throws IOException, InterruptedException {
        Set<String> tested = new TreeSet<>();
        for (JsonNode one : new YAMLMapper().readTree(TEST.toFile()).at("/tests/0/promql_expr_test")) {
            tested.add(one.path("expr").asText());
            assertFalse(one.path("exp_samples").isEmpty(), one::toString);
        }
        assertEquals(expressions().stream()
                .map(expression -> expression.replace("$namespace", "ns").replace("$bridge", "eu")
                        .replace("$__rate_interval", "5m").replace("$__range", "1h"))
                .collect(Collectors.toCollection(TreeSet::new)), tested);

        Process promtool = Manifests.tool("promtool", "test", "rules", TEST.toString()).redirectErrorStream(true)
                .start();
        String output = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, promtool.waitFor(), output);
    }

    @Test
    void everyMetricIsDocumented() throws IOException {
        String documented = Files.readString(Path.of("docs", "operations.md"));
        Set<String> metrics = expressions().stream().flatMap(expression -> Pattern
                .compile("\\b([a-z_]+?)(?:_bucket)?\\{").matcher(expression).results()
                .map((MatchResult found) -> found.group(1))).collect(Collectors.toCollection(TreeSet::new));

        assertTrue(metrics.size() > 15, metrics::toString);
        metrics.remove("up");
        metrics.removeIf(metric -> documented.contains("`" + metric + "`"));
        assertEquals(Set.of(), metrics);
    }

    @Test
    void panelsAreInRowsAndDoNotOverlap() throws IOException {
        List<String> rows = new ArrayList<>();
        Set<Integer> ids = new HashSet<>();
        Set<String> cells = new HashSet<>();
        for (JsonNode panel : read().path("panels")) {
            assertTrue(ids.add(panel.path("id").asInt()), panel::toString);
            JsonNode at = panel.path("gridPos");
            assertTrue(at.path("x").asInt() + at.path("w").asInt() <= 24, panel::toString);
            for (int x = 0; x < at.path("w").asInt(); x++) {
                for (int y = 0; y < at.path("h").asInt(); y++) {
                    assertTrue(cells.add(at.path("x").asInt() + x + " " + (at.path("y").asInt() + y)), panel::toString);
                }
            }
            if (panel.path("type").asText().equals("row")) {
                rows.add(panel.path("title").asText());
            } else {
                assertEquals("${datasource}", panel.at("/datasource/uid").asText());
            }
        }

        assertEquals(List.of("Webhook", "Lanes", "Delivery", "Dead letters", "Resources"), rows);
    }

    @Test
    void sidecarFindsIt() throws IOException {
        ConfigMap map = Variant.PRODUCTION.manifests().named(ConfigMap.class, "ilert-sumologic-bridge-dashboard");

        assertEquals("1", map.getMetadata().getLabels().get("grafana_dashboard"));
        assertEquals(Set.of("ilert-sumologic-bridge.json"), map.getData().keySet());
        assertEquals(Files.readString(DASHBOARD), map.getData().get("ilert-sumologic-bridge.json"));
    }

    private static JsonNode read() throws IOException {
        return new ObjectMapper().readTree(DASHBOARD.toFile());
    }

    public static Set<String> expressions() throws IOException {
        return new TreeSet<>(read().findValuesAsText("expr"));
    }
}
