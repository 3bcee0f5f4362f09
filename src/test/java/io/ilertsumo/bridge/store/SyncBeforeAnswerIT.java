package io.ilertsumo.bridge.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Disk;
import io.ilertsumo.bridge.testing.Load;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;
import io.ilertsumo.bridge.testing.Trace;
import io.ilertsumo.bridge.testing.Trace.Call;

/** No 202 leaves the program before the sync of the event's commit has returned, by the system calls of the program. */
class SyncBeforeAnswerIT {

    private static final Pattern EVENT_ID = Pattern.compile("eventId\\\\\":\\\\\"([0-9a-f-]{36})");

    private final SumoLogic sumoLogic = new SumoLogic();
    private final Load load = new Load();
    private final Path trace = SumoLogicResource.newDirectory("trace").resolve("calls");

    @AfterEach
    void end() {
        load.close();
        sumoLogic.close();
    }

    @Test
    void anEventIsSyncedBeforeItsAnswer() throws Exception {
        List<String> unsynced = unsynced(Map.of());

        assertEquals(List.of(), unsynced);
    }

    /** Without it the other test could not fail. */
    @Test
    void anAnswerWithoutASyncIsFound() throws Exception {
        Path library = Disk.eatMyData();
        assumeTrue(library != null, "eatmydata is needed");

        List<String> unsynced = unsynced(Map.of("LD_PRELOAD", library.toString()));

        assertFalse(unsynced.isEmpty());
    }

    /** Sends events and returns the IDs of those that were answered 202 before they were on the disk. */
    private List<String> unsynced(Map<String, String> environment) throws Exception {
        Map<String, String> settings = new HashMap<>(
                Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox")));
        settings.putAll(environment);
        List<String> tool = Trace.tool(trace, "-y", "-s", "16384", "-e",
                "trace=read,write,writev,pwrite64,fsync,fdatasync");
        try (Program program = Program.startUnder(tool, settings)) {
            load.send(program);
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> load.accepted().size() >= 200);
            load.end();
            program.stop();
        }
        return unsynced(Trace.read(trace));
    }

    private List<String> unsynced(List<Call> calls) {
        Map<String, String> received = new HashMap<>();
        Map<String, Call> written = new HashMap<>();
        List<Call> synced = new ArrayList<>();
        List<String> unsynced = new ArrayList<>();
        int checked = 0;
        for (Call call : calls) {
            if (call.name().equals("read") && call.file().startsWith("socket:")) {
                ids(call).forEach(id -> received.put(call.file(), id));
            } else if (call.name().equals("pwrite64") && call.file().endsWith("-wal")) {
                ids(call).forEach(id -> written.putIfAbsent(id, call));
            } else if (call.name().endsWith("sync") && call.file().endsWith("-wal") && call.text().endsWith("= 0")) {
                synced.add(call);
            } else if (call.text().contains("HTTP/1.1 202 ")) {
                String id = received.remove(call.file());
                Call write = written.get(id);
                // an ID that stands across two pages is not found
                if (write != null) {
                    checked++;
                    if (synced.stream().noneMatch(s -> s.begun() > write.ended() && s.ended() < call.begun())) {
                        unsynced.add(id);
                    }
                }
            }
        }
        int found = checked;
        assertTrue(found >= 100, () -> "only " + found + " events were found in the trace");
        return unsynced;
    }

    private static List<String> ids(Call call) {
        List<String> ids = new ArrayList<>();
        Matcher id = EVENT_ID.matcher(call.text());
        while (id.find()) {
            ids.add(id.group(1));
        }
        return ids;
    }
}
