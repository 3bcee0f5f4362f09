package io.ilertsumo.bridge.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
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

/** System calls on the outbox's files that fail: what can't be stored is answered 503, and nothing needs a restart. */
class FailingCallsIT {

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

    /** Calls that fail again and again: under load, in checkpoints, without load, and where a file is opened again. */
    static Stream<String> faults() {
        Stream<String> few = Stream.of("fsync:error=EIO:when=40+13", "pwrite64:error=ENOSPC:when=60+97",
                "fsync:error=EIO:when=40+29 openat:error=EMFILE:when=20+3");
        return !isForAll()
                ? few
                : Stream.concat(few, Stream.of("fsync", "pwrite64")
                        .flatMap(call -> Stream.of("EIO", "ENOSPC", "EINTR").flatMap(error -> Stream.of(61, 97, 199)
                                .map(step -> call + ":error=" + error + ":when=40+" + step))));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void whatCannotBeStoredIsAnswered503AndWhatIsAcceptedArrives(String faults) throws Exception {
        sumoLogic.answer(new Answer.Status(503));
        try (Program program = Program.startUnder(tool(faults), settings())) {
            load.send(program);
            eventually().until(() -> load.accepted().size() > 400);
            load.end();
            // the program writes without load, too
            eventually().until(() -> injected() > 3);
            eventually().until(() -> program.send(Events.express(Events.newId())) == 202);
            sumoLogic.recover();
            eventually().untilAsserted(() -> assertEquals(Set.of(), load.missing(sumoLogic)));
            eventually().until(() -> program.metric("bridge_pending_events") == 0);
            program.stop();
        }
        try (Program program = Program.start(settings())) {
            eventually().until(() -> program.metric("bridge_pending_events") == 0);
            program.stop();
        }
        Set<String> rejected = new HashSet<>(load.rejected());
        rejected.retainAll(sumoLogic.eventIds());
        assertEquals(Set.of(), rejected, "events were answered 503 and delivered");
    }

    static IntStream numbers() {
        return isForAll() ? IntStream.rangeClosed(1, 30) : IntStream.of(1, 6);
    }

    @ParameterizedTest
    @MethodSource("numbers")
    void aCallThatFailsAtTheStartLosesNothing(int number) throws Exception {
        String id = Events.newId();
        sumoLogic.answer(new Answer.Status(503));
        try (Program program = Program.start(settings())) {
            assertEquals(202, program.send(Events.express(id)));
            program.kill();
        }
        for (String call : List.of("pwrite64", "fsync", "openat", "ftruncate")) {
            try (Program program = Program.launchUnder(tool(call + ":error=EIO:when=" + number), settings())) {
                eventually().until(() -> program.isListening() || !program.isAlive());
                assertTrue(program.isListening() || program.output().contains("The outbox "), program.output());
                program.kill();
            }
        }
        sumoLogic.recover();

        try (Program program = Program.start(settings())) {
            eventually().until(() -> sumoLogic.eventIds().contains(id));
            program.stop();
        }
    }

    private List<String> tool(String faults) {
        Stream<String> files = Stream.of("outbox.db", "outbox.db-wal", "outbox.db-shm")
                .flatMap(file -> Stream.of("-P", outbox.resolve(file).toString()));
        Stream<String> calls = Stream.of("-e", "trace=fsync,pwrite64,openat,ftruncate");
        Stream<String> inject = Stream.of(faults.split(" ")).flatMap(fault -> Stream.of("-e", "inject=" + fault));
        return Trace.tool(trace, Stream.of(files, calls, inject).flatMap(part -> part).toArray(String[]::new));
    }

    private int injected() throws IOException {
        return Files.readString(trace).split("INJECTED").length - 1;
    }

    private Map<String, String> settings() {
        return Program.settings(sumoLogic, outbox);
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(30));
    }
}
