package io.ilertsumo.bridge.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** The program does what its OpenAPI descriptions say, by Schemathesis. Skipped without it. */
class SchemathesisIT {

    private static final String TOOL = "schemathesis";

    private final SumoLogic sumoLogic = new SumoLogic();
    private final ScheduledExecutorService senders = Executors.newSingleThreadScheduledExecutor();
    private Program program;

    @BeforeEach
    void start() {
        assumeTrue(Stream.of(System.getenv("PATH").split(":")).anyMatch(dir -> Files.isExecutable(Path.of(dir, TOOL))),
                "Skipped: schemathesis is not there, so the OpenAPI descriptions are not tried");
        program = Program.start(Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox")));
    }

    @AfterEach
    void end() {
        senders.shutdownNow();
        if (program != null) {
            program.close();
        }
        sumoLogic.close();
    }

    @Test
    void theManagementPortIsAsDescribed() throws Exception {
        // there is always something to list, to replay and to discard
        AtomicInteger sent = new AtomicInteger();
        senders.scheduleWithFixedDelay(() -> {
            try {
                program.send("no event " + sent.incrementAndGet());
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }, 0, 20, TimeUnit.MILLISECONDS);

        isAsDescribed("dead-letters", program.managementPort(), "admin:" + SumoLogicResource.MANAGEMENT_PASSWORD);

        assertTrue(sent.get() > 10);
    }

    @Test
    void theWebhookIsAsDescribed() throws Exception {
        isAsDescribed("webhook", program.port(), "ilert:" + SumoLogicResource.PASSWORD);
    }

    private void isAsDescribed(String description, int port, String credentials) throws Exception {
        Path directory = SumoLogicResource.newDirectory(TOOL);
        Path output = directory.resolve("output");
        List<String> command = List.of(TOOL, "--config-file", absolute("src/test/resources/schemathesis.toml"), "run",
                absolute("src/main/resources/" + description + ".openapi.yaml"), "--url", "http://localhost:" + port,
                "--max-examples", "30", "--seed", "1", "--header", "Authorization:Basic "
                        + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8)));
        Process process = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();

        assertTrue(process.waitFor(10, TimeUnit.MINUTES), "It ends");
        assertEquals(0, process.exitValue(), () -> "See " + output);
        assertEquals(0, program.output().lines().filter(line -> line.contains("\"level\":\"ERROR\"")).count());
    }

    private static String absolute(String file) {
        return Path.of(file).toAbsolutePath().toString();
    }
}
