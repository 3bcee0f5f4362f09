package io.ilertsumo.bridge.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Load;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;
import io.ilertsumo.bridge.testing.Trace;

/**
 * System calls on the outbox's files that fail: what can't be stored is answered 503, and nothing needs a restart. SQLite as
 * the driver bundles it syncs by {@code fsync}, and never calls {@code fdatasync}. It repeats a call that is interrupted
 * ({@code EINTR}), but for {@code fsync}.
 */
class FailingCallsIT {

    private static final List<String> FILES = List.of("outbox.db", "outbox.db-wal", "outbox.db-shm");
    /**
     * How often the thread that opens the outbox calls each: {@code fsync} to create it, the others if it has an event.
     * strace counts the calls of each thread.
     */
    private static final Map<String, Integer> CALLS_OF_A_START = Map.of("fsync", 4, "pwrite64", 8, "openat", 5,
            "ftruncate", 1);

    private final SumoLogic sumoLogic = new SumoLogic();
    private final Load load = new Load();
    private final Path outbox = SumoLogicResource.newDirectory("outbox");
    private final Path trace = SumoLogicResource.newDirectory("trace").resolve("calls");

    @AfterEach
    void end() {
        load.close();
        sumoLogic.close();
    }

    /** With {@code -Dfaults=all} more than a build wants to wait for. */
    private static boolean isForAll() {
        return "all".equals(System.getProperty("faults"));
    }

    private static Stream<String> errors() {
        return Stream.of("EIO", "ENOSPC", "EINTR");
    }

    /** Calls that fail again and again: under load, at rest, and where a file is opened again. */
    static Stream<String> faults() {
        Stream<String> few = Stream.of("fsync:error=EIO:when=40+13", "pwrite64:error=ENOSPC:when=60+97",
                "pwrite64:error=EINTR:when=60+97", "fsync:error=EIO:when=40+29 openat:error=EMFILE:when=20+3");
        return !isForAll()
                ? few
                : Stream.concat(few, errors().flatMap(error -> Stream.concat(
                        Stream.of("fsync", "pwrite64").flatMap(call -> Stream.of(61, 97, 199)
                                .map(step -> call + ":error=" + error + ":when=40+" + step)),
                        Stream.of(2, 3, 5).map(step -> "fsync:error=EIO:when=40+29 openat:error=" + error
                                + ":when=20+" + step))));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void whatCannotBeStoredIsAnswered503AndWhatIsAcceptedArrives(String faults) throws Exception {
        sumoLogic.answer(new Answer.Status(503));
        try (Program program = Program.startUnder(tool(FILES, faults), settings())) {
            load.send(program);
            eventually().until(() -> load.accepted().size() > 400 && injected().size() > 3);
            load.end();
            int underLoad = injected().size();
            // each probe writes a row
            eventually().pollInterval(Duration.ofMillis(1)).until(
                    () -> program.management("/q/health/ready") != null && injected().size() > underLoad);
            deliver(program);
        }
        assertEquals(faults.startsWith("pwrite64:error=EINTR") ? Set.of(202) : Set.of(202, 503), load.statuses());
    }

    /** Calls on the database itself, which only checkpoints write to. */
    static Stream<String> faultsOfCheckpoints() {
        return !isForAll()
                ? Stream.of("pwrite64:error=EIO:when=3..9")
                : errors().flatMap(error -> Stream.of("pwrite64:error=" + error + ":when=3..9",
                        "fsync:error=" + error + ":when=3..9", "ftruncate:error=" + error + ":when=1..7"));
    }

    @ParameterizedTest
    @MethodSource("faultsOfCheckpoints")
    void aCheckpointThatFailsIsRepeatedAndRejectsNothing(String faults) throws Exception {
        sumoLogic.answer(new Answer.Status(503));
        try (Program program = Program.startUnder(tool(List.of("outbox.db"), faults), settings())) {
            load.send(program);
            eventually().until(() -> injected().size() >= 7 && isCheckpointed());
            load.end();
            deliver(program);
        }
        List<String> failed = injected();
        assertTrue(failed.stream().allMatch(call -> call.contains("/outbox.db>")), failed::toString);
        assertEquals(Set.of(202), load.statuses());
    }

    /** Whether a checkpoint, which ends with a sync, is complete and the last one. */
    private boolean isCheckpointed() throws IOException {
        List<Trace.Call> calls = Trace.read(trace);
        Trace.Call last = calls.get(calls.size() - 1);
        return last.name().equals("fsync") && last.text().endsWith("= 0");
    }

    private void deliver(Program program) throws Exception {
        eventually().until(() -> load.sendOne(program, true) == 202);
        sumoLogic.recover();
        eventually().untilAsserted(() -> assertEquals(Set.of(), load.missing(sumoLogic)));
        eventually().until(() -> program.metric("bridge_pending_events") == 0);
        program.stop();
        try (Program again = Program.start(settings())) {
            eventually().until(() -> again.metric("bridge_pending_events") == 0);
            again.stop();
        }
        assertEquals(Set.of(), load.unexpected(sumoLogic), "delivered, though never accepted");
    }

    /** An error, and the call that fails by its number. */
    static Stream<String> faultsOfStarts() {
        return !isForAll()
                ? Stream.of("EIO 1", "ENOSPC 4")
                : errors().flatMap(error -> IntStream.rangeClosed(1, 8).mapToObj(number -> error + " " + number));
    }

    @ParameterizedTest
    @MethodSource("faultsOfStarts")
    void aCallThatFailsAtTheStartLosesNothing(String fault) throws Exception {
        String id = Events.newId();
        sumoLogic.answer(new Answer.Status(503));
        startWith("fsync", fault);
        try (Program program = Program.start(settings())) {
            assertEquals(202, program.send(Events.express(id)));
            program.kill();
        }
        // a start that fails may leave no log and no index to open
        for (String call : List.of("openat", "pwrite64", "ftruncate")) {
            startWith(call, fault);
        }
        sumoLogic.recover();

        try (Program program = Program.start(settings())) {
            eventually().until(() -> sumoLogic.eventIds().contains(id));
            program.stop();
        }
    }

    private void startWith(String call, String fault) throws IOException {
        String[] parts = fault.split(" ");
        if (Integer.parseInt(parts[1]) > CALLS_OF_A_START.get(call)) {
            return;
        }
        List<String> tool = tool(FILES, call + ":error=" + parts[0] + ":when=" + parts[1]);
        try (Program program = Program.launchUnder(tool, settings())) {
            eventually().until(() -> program.isListening() || !program.isAlive());
            assertTrue(program.isListening() || program.output().contains("The outbox "), program.output());
            eventually().until(() -> injected().size() > 0);
            program.kill();
        }
    }

    private List<String> tool(List<String> names, String faults) {
        Stream<String> files = names.stream().flatMap(file -> Stream.of("-P", outbox.resolve(file).toString()));
        Stream<String> calls = Stream.of("-y", "-e", "trace=fsync,pwrite64,openat,ftruncate");
        Stream<String> inject = Stream.of(faults.split(" ")).flatMap(fault -> Stream.of("-e", "inject=" + fault));
        return Trace.tool(trace, Stream.of(files, calls, inject).flatMap(part -> part).toArray(String[]::new));
    }

    /** The lines of calls that were made to fail. */
    private List<String> injected() throws IOException {
        try (Stream<String> lines = Files.lines(trace)) {
            return lines.filter(line -> line.contains("INJECTED")).toList();
        }
    }

    private Map<String, String> settings() {
        return Program.settings(sumoLogic, outbox);
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(30));
    }
}
