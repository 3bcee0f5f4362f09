package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Alerts fire when they should and at no other time, says Prometheus's own tool for it. */
class AlertsTest {

    @Test
    void eachAlertFiresWhenItShouldAndNotOtherwise() throws IOException, InterruptedException {
        Path directory = SumoLogicResource.newDirectory("alerts");
        Path test = Files.copy(Path.of("src", "test", "resources", "alerts.test.yaml"),
                directory.resolve("alerts.test.yaml"));
        JsonNode rule = Manifests.of(Manifests.checkout(), "overlays/production").documents().stream()
                .filter(document -> "PrometheusRule".equals(document.path("kind").asText())).findFirst().orElseThrow();
        new YAMLMapper().writeValue(directory.resolve("rules.yaml").toFile(), rule.path("spec"));

        Process promtool = Manifests.tool("promtool", "test", "rules", test.toString()).redirectErrorStream(true)
                .start();
        String output = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertEquals(0, promtool.waitFor(), output);
    }
}
