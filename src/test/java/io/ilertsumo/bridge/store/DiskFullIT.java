package io.ilertsumo.bridge.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** A disk that is really full, a small one made for the test. Skipped for users who may not mount one. */
class DiskFullIT {

    private final SumoLogic sumoLogic = new SumoLogic();
    private Path disk;

    @BeforeEach
    void mount() throws Exception {
        disk = SumoLogicResource.newDirectory("disk");
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString()) == 0,
                "a file system can be mounted");
    }

    @AfterEach
    void unmount() throws Exception {
        sumoLogic.close();
        run("umount", disk.toString());
    }

    @Test
    void aFullDiskIsAnswered503AndNothingIsHalfStoredAndItRecoversOnceThereIsSpace() throws Exception {
        Map<String, String> settings = new HashMap<>(Program.settings(sumoLogic, disk.resolve("outbox")));
        // no reserve: the disk is full in the middle of a write
        settings.put("BRIDGE_OUTBOX_MIN_FREE_DISK", "0");
        sumoLogic.answer(new Answer.Status(503));
        try (Program program = Program.start(settings)) {
            List<String> accepted = new ArrayList<>();
            List<String> refused = new ArrayList<>();
            assertEquals(202, program.send(accept(accepted)));
            fill(disk.resolve("filler"));
            while (refused.size() < 20) {
                String id = Events.newId();
                int status = program.send(Events.ofSize(id, 10_000));
                assertTrue(status == 202 || status == 503, () -> "answered " + status);
                (status == 202 ? accepted : refused).add(id);
            }
            String ready = program.management("/q/health/ready");
            assertTrue(ready.contains("\"status\": \"DOWN\""), ready);
            assertTrue(ready.contains("can't be written") || ready.contains("The disk of the outbox is full"), ready);

            Files.delete(disk.resolve("filler"));

            eventually().until(() -> program.send(Events.express(accepted.get(0))) == 200);
            // the free space is checked once a second
            String after = Events.newId();
            eventually().until(() -> program.send(Events.express(after)) == 202);
            accepted.add(after);
            assertTrue(program.management("/q/health").contains("\"status\": \"UP\""));
            sumoLogic.recover();
            eventually().untilAsserted(() -> assertEquals(accepted.stream().sorted().toList(),
                    sumoLogic.eventIds().stream().sorted().toList()));
            for (String id : refused) {
                assertEquals(202, program.send(Events.express(id)), "an event that was answered 503 is no duplicate");
            }
            program.stop();
        }
    }

    private static String accept(List<String> accepted) {
        String id = Events.newId();
        accepted.add(id);
        return Events.express(id);
    }

    private static void fill(Path file) throws IOException {
        byte[] block = new byte[4096];
        try (OutputStream out = Files.newOutputStream(file)) {
            while (true) {
                out.write(block);
            }
        } catch (IOException e) {
            assertTrue(e.getMessage().contains("No space left"), e.getMessage());
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(30));
    }
}
