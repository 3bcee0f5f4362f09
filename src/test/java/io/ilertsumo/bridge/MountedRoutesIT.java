package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
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
    void inThePodsEnvironmentItStartsWithTheMountedRoutesAndDelivers() throws Exception {
        Manifests manifests = Manifests.of(Manifests.checkout(), "overlays/production");
        Map<String, String> routes = new HashMap<>(manifests.files(manifests.volume("routes")));
        // what tells them from those inside the program
        String deliver = routes.get("deliver.camel.yaml");
        String edited = deliver.replaceFirst("expression: \"?\\$\\{properties:bridge\\.category[^\\n]*",
                "expression: edited/in-the-config-map");
        assertTrue(!edited.equals(deliver), "the category is edited");
        routes.put("deliver.camel.yaml", edited);

        Map<String, String> settings = new HashMap<>(manifests.environment());
        settings.put("BRIDGE_OUTBOX_DIRECTORY", SumoLogicResource.newDirectory("outbox").toString());
        settings.put("BRIDGE_ROUTES_DIR", mounted("routes", routes));
        settings.put("QUARKUS_SHUTDOWN_DELAY", "0");
        settings.put("SUMOLOGIC_URL", sumoLogic.url());
        settings.put("ILERT_WEBHOOK_PASSWORD", SumoLogicResource.PASSWORD);

        try (Program program = Program.start(settings)) {
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));

            Awaitility.await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
            assertEquals("edited/in-the-config-map", sumoLogic.requestsWith(id).get(0).header("X-Sumo-Category"));
            program.stop();
        }
    }

    private static String mounted(String name, Map<String, String> files) {
        Path directory = Manifests.mount(files, SumoLogicResource.newDirectory(name));
        return directory.toString();
    }
}
