package io.ilertsumo.bridge.routes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.HashMap;
import java.util.Map;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** The program in the environment that the manifests give it: their settings, and files laid as the kubelet lays them. */
class MountedRoutesIT {

    private final SumoLogic sumoLogic = new SumoLogic();

    @AfterEach
    void end() {
        sumoLogic.close();
    }

    @Test
    void inThePodsEnvironmentItStartsWithTheMountedRoutesAndSecretsAndDelivers() throws Exception {
        Manifests manifests = Manifests.of(Manifests.checkout(), "overlays/production");
        Map<String, String> routes = new HashMap<>(manifests.files(manifests.volume("routes")));
        // distinguishes them from those inside the program
        edit(routes, "deliver.camel.yaml", "expression: \"?\\$\\{properties:bridge\\.category[^\\n]*",
                "expression: edited/in-the-config-map");
        edit(routes, "sumologic-sink.kamelet.yaml", "X-Sumo-\\.\\*", "X-Sumo-(?!Client).*");

        Map<String, String> settings = new HashMap<>(manifests.environment());
        settings.put("BRIDGE_OUTBOX_DIRECTORY", SumoLogicResource.newDirectory("outbox").toString());
        settings.put("BRIDGE_ROUTES_DIR", mounted("routes", routes));
        settings.put("QUARKUS_SHUTDOWN_DELAY", "0");
        Map<String, String> secrets = Map.of("SUMOLOGIC_URL", sumoLogic.url(), "ILERT_WEBHOOK_PASSWORD",
                SumoLogicResource.PASSWORD);
        settings.put("BRIDGE_SECRETS_DIR", mounted("secrets", secrets));

        try (Program program = Program.start(settings)) {
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));

            Awaitility.await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
            SumoLogic.Request request = sumoLogic.requestsWith(id).get(0);
            assertEquals("edited/in-the-config-map", request.header("X-Sumo-Category"));
            assertNull(request.header("X-Sumo-Client"));
            program.stop();
        }
    }

    private static void edit(Map<String, String> files, String file, String from, String to) {
        String edited = files.get(file).replaceFirst(from, to);
        assertNotEquals(files.put(file, edited), edited, file);
    }

    private static String mounted(String name, Map<String, String> files) {
        return Manifests.mount(files, SumoLogicResource.newDirectory(name)).toString();
    }
}
