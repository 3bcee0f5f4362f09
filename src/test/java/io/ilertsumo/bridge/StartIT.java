package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** How the program starts, and when it doesn't. */
class StartIT {

    private final SumoLogic sumoLogic = new SumoLogic();
    private final Map<String, String> settings = Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));

    @AfterEach
    void end() {
        sumoLogic.close();
    }

    @Test
    void withoutItsRequiredSettingsItSaysInOneLineAllThatIsMissing() {
        settings.remove("SUMOLOGIC_URL");
        settings.remove("ILERT_WEBHOOK_PASSWORD");

        doesNotStart("SUMOLOGIC_URL is missing", "ILERT_WEBHOOK_PASSWORD is missing");
    }

    @Test
    void withAWrongUrlAndAFolderThatIsNotThereItSaysSoWithoutTheUrl() {
        settings.put("SUMOLOGIC_URL", "sumo/" + SumoLogic.TOKEN);
        settings.put("BRIDGE_ROUTES_DIR", "/not/there");

        String output = doesNotStart("SUMOLOGIC_URL is not an http or https URL",
                "BRIDGE_ROUTES_DIR is not a directory: /not/there");

        assertFalse(output.contains(SumoLogic.TOKEN), output);
    }

    @Test
    void withFieldsToRedactThatAreNoneItSaysWhichTogetherWithAllElseThatIsWrong() {
        settings.remove("SUMOLOGIC_URL");
        settings.put("BRIDGE_REDACT", "assignedTo.email,responders[0].user");
        settings.put("BRIDGE_REDACT_MODE", "drop");

        doesNotStart("SUMOLOGIC_URL is missing", "BRIDGE_REDACT has 'responders[0].user', which is not a path",
                "BRIDGE_REDACT_MODE is neither remove nor hash: drop");
    }

    @Test
    void routesOfAFolderTakeThePlaceOfThePackagedOnes() throws Exception {
        Path routes = copyOf(Path.of("routes"), SumoLogicResource.newDirectory("routes"));
        Path deliver = routes.resolve("deliver.camel.yaml");
        String text = Files.readString(deliver);
        String edited = text.replaceFirst("expression: \"?\\$\\{properties:bridge\\.category[^\\n]*",
                "expression: edited/by-hand");
        assertFalse(text.equals(edited), "the category is edited");
        Files.writeString(deliver, edited);
        settings.put("BRIDGE_ROUTES_DIR", routes.toString());

        try (Program program = Program.start(settings)) {
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));

            Awaitility.await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
            assertEquals("edited/by-hand", sumoLogic.requestsWith(id).get(0).header("X-Sumo-Category"));
            program.stop();
        }
    }

    private String doesNotStart(String... reasons) {
        try (Program program = Program.launch(new HashMap<>(settings))) {
            int exitCode = program.awaitEnd();
            String output = program.output();

            assertTrue(exitCode != 0, "exit code " + exitCode);
            assertEquals(1, output.lines().filter(line -> Stream.of(reasons).allMatch(line::contains)).count(), output);
            assertFalse(output.contains("\tat ") || output.contains("\\tat "), () -> "no stack trace: " + output);
            return output;
        }
    }

    private static Path copyOf(Path from, Path to) {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy);
                }
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
