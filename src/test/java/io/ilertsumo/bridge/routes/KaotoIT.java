package io.ilertsumo.bridge.routes;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/**
 * The route files and Kamelets after every step was edited in Kaoto's own forms: nothing but the edit has changed, and
 * the program starts with them and delivers. Skipped without npm.
 */
class KaotoIT {

    private static final Path SOURCES = Path.of("src", "test", "kaoto");
    private static final Path TOOL = Path.of("target", "kaoto");
    private static final Path EDITED = TOOL.resolve("routes");
    private static final String LOCK = "package-lock.json";
    private static final int MINUTES = 20;

    private static SumoLogic sumoLogic;
    private static Program program;

    @BeforeAll
    static void editAndStart() throws Exception {
        assumeTrue(isThere("npm"), "Skipped: npm is not there, so the routes are not edited in Kaoto");
        install();
        run("edit.log", "node", "edit.mjs", RouteFiles.ROUTES.toAbsolutePath().toString(),
                EDITED.toAbsolutePath().toString());
        sumoLogic = new SumoLogic();
        Map<String, String> settings = Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
        settings.put("BRIDGE_ROUTES_DIR", EDITED.toAbsolutePath().toString());
        program = Program.start(settings);
    }

    @AfterAll
    static void end() {
        if (program != null) {
            program.close();
        }
        if (sumoLogic != null) {
            sumoLogic.close();
        }
    }

    static List<Path> files() {
        return Stream.concat(RouteFiles.routes().stream(), RouteFiles.kamelets().stream()).map(Path::getFileName)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyFileIsEditedAndValid(Path name) throws IOException {
        Path edited = EDITED.resolve(name);

        assertTrue(Files.readString(edited).contains("(edited)"));
        assertEquals(List.of(), RouteSchemaTest.Schema.IN_USE.errors(RouteFiles.readAsRoutes(edited)));
        assertEquals(List.of(), RouteSchemaTest.Schema.NEWEST_CAMEL.errors(RouteFiles.readAsRoutes(edited)));
    }

    @Test
    void eventsOfBothLanesAreDelivered() throws Exception {
        String express = Events.newId();
        String bulk = Events.newId();
        assertEquals(202, program.send(Events.express(express)));
        assertEquals(202, program.send(Events.bulk(bulk)));

        await().until(() -> sumoLogic.messagesWith(express).size() == 1 && sumoLogic.messagesWith(bulk).size() == 1);
        assertEquals("express", sumoLogic.requestsWith(express).get(0).lane());
        assertEquals("bulk", sumoLogic.requestsWith(bulk).get(0).lane());
    }

    @Test
    void anUnreadableCallIsAnsweredWithAProblem() throws Exception {
        assertEquals(400, program.send("{\"eventId\":"));

        assertTrue(program.management("/dead-letters?reason=unreadable").contains("\"reason\":\"unreadable\""));
    }

    @Test
    void aRejectedEventIsADeadLetterThatIsReplayed() throws Exception {
        String id = Events.newId();
        String event = Events.express(id);
        sumoLogic.answerWhere(request -> request.lines().stream().anyMatch(line -> line.contains(id)),
                new Answer.Status(400));
        assertEquals(202, program.send(event));
        await().until(() -> program.management("/dead-letters?reason=rejected").contains(id));
        sumoLogic.recover();

        String replayed = program.manage("POST", "/dead-letters/replay?reason=rejected");

        assertTrue(replayed.contains("\"replayed\":1"), replayed);
        await().until(() -> sumoLogic.messagesWith(id).equals(List.of(event)));
        assertFalse(program.management("/dead-letters").contains(id));
    }

    private static boolean isThere(String command) {
        return Stream.of(System.getenv("PATH").split(":")).map(folder -> Path.of(folder, command))
                .anyMatch(Files::isExecutable);
    }

    /** Installs Kaoto below {@code target}, unless it is there already. */
    private static void install() throws Exception {
        Files.createDirectories(TOOL);
        Path installed = TOOL.resolve("installed.json");
        boolean isCurrent = Files.exists(installed) && Files.mismatch(SOURCES.resolve(LOCK), installed) == -1;
        try (Stream<Path> sources = Files.list(SOURCES)) {
            for (Path source : sources.filter(Files::isRegularFile).toList()) {
                Files.copy(source, TOOL.resolve(source.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        if (!isCurrent) {
            Files.deleteIfExists(installed);
            run("install.log", "npm", "ci");
            Files.copy(TOOL.resolve(LOCK), installed);
        }
    }

    private static void run(String log, String... command) throws Exception {
        Path output = TOOL.resolve(log);
        Process process = new ProcessBuilder(command).directory(TOOL.toFile()).redirectErrorStream(true)
                .redirectOutput(output.toFile()).start();
        try {
            assertTrue(process.waitFor(MINUTES, TimeUnit.MINUTES), () -> command[0] + " does not end");
            assertEquals(0, process.exitValue(), () -> read(output));
        } finally {
            process.destroyForcibly();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
