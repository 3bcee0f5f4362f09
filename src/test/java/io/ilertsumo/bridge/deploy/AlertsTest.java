package io.ilertsumo.bridge.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.ilertsumo.bridge.deploy.KubernetesTest.Variant;
import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Runs the tests of the alerts with Prometheus's {@code promtool}. */
class AlertsTest {

    @ParameterizedTest
    @CsvSource({ "PRODUCTION,alerts.test.yaml", "KAFKA,alerts-kafka.test.yaml" })
    void alertsFireAsTested(Variant variant, String tests)
            throws IOException, InterruptedException {
        Path directory = SumoLogicResource.newDirectory("alerts");
        Path test = Files.copy(Path.of("src", "test", "resources", tests), directory.resolve(tests));
        JsonNode rule = variant.manifests().documents().stream()
                .filter(document -> "PrometheusRule".equals(document.path("kind").asText())).findFirst().orElseThrow();
        new YAMLMapper().writeValue(directory.resolve("rules.yaml").toFile(), rule.path("spec"));

        Process promtool = Manifests.tool("promtool", "test", "rules", test.toString()).redirectErrorStream(true)
                .start();
        String output = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertEquals(0, promtool.waitFor(), output);
    }
}
