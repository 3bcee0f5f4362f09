package io.ilertsumo.bridge.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.Disk;
import io.ilertsumo.bridge.testing.Load;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;

/** An event that is answered 202 is on the disk: a power cut loses none, where a kill would lose none anyway. */
class PowerCutIT {

    private final SumoLogic sumoLogic = new SumoLogic();
    private final Load load = new Load();
    private Disk disk;

    @AfterEach
    void end() throws Exception {
        load.close();
        sumoLogic.close();
        if (disk != null) {
            disk.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "ext4", "xfs" })
    void everyAcceptedEventArrivesAfterPowerCuts(String fileSystem) throws Exception {
        disk = Disk.mount(fileSystem);

        cutPowerTwice(Map.of());

        try (Program program = Program.start(settings(Map.of()))) {
            eventually().untilAsserted(() -> assertEquals(Set.of(), load.missing(sumoLogic)));
            program.stop();
        }
        assertTrue(load.sent().containsAll(sumoLogic.eventIds()), "nothing arrived that was never sent");
    }

    /** Without it the other test could not fail. */
    @Test
    void aPowerCutLosesWhatIsNotSynced() throws Exception {
        Path library = Disk.eatMyData();
        assumeTrue(library != null, "eatmydata is needed");
        disk = Disk.mount("ext4");

        cutPowerTwice(Map.of("LD_PRELOAD", library.toString()));

        try (Program program = Program.start(settings(Map.of()))) {
            eventually().until(() -> program.metric("bridge_pending_events") == 0);
            program.stop();
        }
        assertFalse(load.missing(sumoLogic).isEmpty(), "events were accepted without a sync, and none is lost");
    }

    /** Once with a backlog, once while events are delivered. */
    private void cutPowerTwice(Map<String, String> environment) throws Exception {
        for (Answer answer : List.of(new Answer.Status(503), new Answer.Status(200))) {
            sumoLogic.answer(answer);
            try (Program program = Program.start(settings(environment))) {
                int before = load.accepted().size();
                load.send(program);
                eventually().until(() -> load.accepted().size() > before + 500);
                disk.cutPower();
                program.kill();
                load.awaitSilence();
            }
            disk.remount();
        }
        sumoLogic.recover();
    }

    private Map<String, String> settings(Map<String, String> environment) {
        Map<String, String> settings = new HashMap<>(Program.settings(sumoLogic, disk.directory().resolve("outbox")));
        settings.put("BRIDGE_OUTBOX_MIN_FREE_DISK", "1MB");
        settings.putAll(environment);
        return settings;
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(30));
    }
}
