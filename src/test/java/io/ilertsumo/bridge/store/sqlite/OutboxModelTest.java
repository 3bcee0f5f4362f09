package io.ilertsumo.bridge.store.sqlite;

import static io.ilertsumo.bridge.testing.Sequences.pick;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.testing.Sequences;

/** The outbox is as its model, for {@link Sequences} of operations. */
class OutboxModelTest extends OutboxFixture {

    private static final String BREAK = "BEGIN SELECT RAISE(ABORT, 'broken for the test'); END";
    private static final List<String> LANES = List.of("express", "bulk");
    private static final List<String> GROUPS = List.of("lifecycle", "escalation", "other");
    private final Sequences<Operation> sequences = new Sequences<>(List.of(
            random -> new Append(pick(random, LANES), pick(random, GROUPS), random.nextInt(40), random.nextInt(8) == 0),
            random -> new Append(pick(random, LANES), pick(random, GROUPS), random.nextInt(40), false),
            random -> new AppendTogether(pick(random, LANES),
                    Stream.generate(() -> random.nextInt(40)).limit(1 + random.nextInt(5)).toList()),
            random -> new Next(pick(random, LANES), 1 + random.nextInt(6)),
            random -> new Next(pick(random, LANES), 1 + random.nextInt(6)),
            random -> new Acknowledge(pick(random, LANES)),
            random -> new Acknowledge(pick(random, LANES)),
            random -> new FailedAppend(pick(random, LANES), List.of(random.nextInt(40), random.nextInt(40)),
                    random.nextInt(6)),
            random -> new FailedAcknowledge(pick(random, LANES)),
            random -> new Keep(random.nextInt(6)),
            random -> new Replay(random.nextInt(4)),
            random -> new Discard(random.nextInt(8)),
            random -> new Reopen(random.nextBoolean())), this::run);

    /** One step of a sequence. */
    private sealed interface Operation {
    }

    private record Append(String lane, String group, int id, boolean replay) implements Operation {
    }

    /** In one commit. */
    private record AppendTogether(String lane, List<Integer> ids) implements Operation {
    }

    /** Without an acknowledgement of the batch before: it is read again. */
    private record Next(String lane, int maxEvents) implements Operation {
    }

    /** Of the last batch, whether or not it is acknowledged. */
    private record Acknowledge(String lane) implements Operation {
    }

    /** In one commit with a dead letter, which fails if one of the events is new. */
    private record FailedAppend(String lane, List<Integer> ids, int kept) implements Operation {
    }

    /** The batch is removed before the next one is read, unless the outbox is closed before. */
    private record FailedAcknowledge(String lane) implements Operation {
    }

    private record Keep(int id) implements Operation {
    }

    /** The n-th oldest dead letter, if there are so many: its event is appended, then it is discarded. */
    private record Replay(int index) implements Operation {
    }

    /** The n-th oldest dead letter, if there are so many. */
    private record Discard(int index) implements Operation {
    }

    /** After a stop, or from the files as a kill leaves them. */
    private record Reopen(boolean killed) implements Operation {
    }

    /** What the outbox must hold. */
    private static final class Model {
        final Map<String, Map<String, List<String>>> pending = new HashMap<>();
        final Set<String> seen = new HashSet<>();
        /** Attempts by event ID, in the order in which they were kept last. */
        final Map<String, Integer> deadLetters = new LinkedHashMap<>();
        final Map<String, Batch> last = new HashMap<>();
        /** Batches that are delivered, but not removed. */
        final Map<String, Batch> notRemoved = new HashMap<>();
        final Map<String, String> acknowledgedGroup = new HashMap<>();

        List<String> fifo(String lane, String group) {
            return pending.computeIfAbsent(lane, l -> new HashMap<>()).computeIfAbsent(group, g -> new ArrayList<>());
        }

        void remove(Batch batch) {
            fifo(batch.lane(), batch.group()).subList(0, batch.events()).clear();
            acknowledgedGroup.put(batch.lane(), batch.group());
            last.remove(batch.lane());
        }

        void keep(String id) {
            Integer attempts = deadLetters.remove(id);
            deadLetters.put(id, attempts == null ? 1 : attempts + 1);
        }

        boolean hasOther(String lane, String group) {
            return GROUPS.stream().anyMatch(other -> !other.equals(group) && !fifo(lane, other).isEmpty());
        }
    }

    @Test
    void theOutboxIsAsItsModel(TestReporter report) {
        sequences.run(report);
    }

    /** Sequences that have failed, or that fail with code that is broken on purpose. */
    @ParameterizedTest
    @MethodSource("failed")
    void sequencesThatHaveFailed(List<Operation> operations) {
        assertNull(sequences.failure(operations));
    }

    static Stream<List<Operation>> failed() {
        return Stream.of(
                List.of(new FailedAppend("express", List.of(16, 24), 3)),
                List.of(new FailedAppend("bulk", List.of(1, 2), 0), new AppendTogether("bulk", List.of(1, 2, 1))),
                List.of(new Append("bulk", "other", 1, false), new Next("bulk", 1), new FailedAcknowledge("bulk"),
                        new Next("bulk", 1)),
                List.of(new Append("bulk", "other", 1, false), new Next("bulk", 1), new FailedAcknowledge("bulk"),
                        new Reopen(false), new Next("bulk", 1)),
                List.of(new AppendTogether("bulk", List.of(1, 2)), new Next("bulk", 1), new Acknowledge("bulk"),
                        new Reopen(true), new Next("bulk", 6)),
                List.of(new Append("bulk", "other", 1, false), new Keep(1), new Replay(0),
                        new Append("express", "other", 1, false), new Reopen(false)));
    }

    private void run(List<Operation> operations) throws Exception {
        Path place = Files.createTempDirectory(directory, "model");
        try {
            open(place, PLENTY);
            Model model = new Model();
            for (Operation operation : operations) {
                place = apply(operation, model, place);
                check(model);
            }
        } finally {
            closeOutbox();
        }
    }

    private Path apply(Operation operation, Model model, Path place) throws Exception {
        if (operation instanceof Append append) {
            String id = "id-" + append.id;
            boolean duplicate = !append.replay && !model.seen.add(id);
            Result result = get(append(new LaneEvent(append.lane, append.group, id, null, null, append.replay,
                    text(id).getBytes(UTF_8))));
            assertEquals(new Result(duplicate, null), result);
            if (!duplicate) {
                model.seen.add(id);
                model.fifo(append.lane, append.group).add(text(id));
            }
        } else if (operation instanceof AppendTogether append) {
            var release = holdWriter();
            var results = append.ids.stream().map(id -> append(append.lane, "other", "id-" + id, text("id-" + id)))
                    .toList();
            release.countDown();
            for (int i = 0; i < results.size(); i++) {
                String id = "id-" + append.ids.get(i);
                boolean duplicate = !model.seen.add(id);
                assertEquals(new Result(duplicate, null), get(results.get(i)));
                if (!duplicate) {
                    model.fifo(append.lane, "other").add(text(id));
                }
            }
        } else if (operation instanceof Next next) {
            Batch batch = next(next.lane, next.maxEvents, ALL);
            Optional.ofNullable(model.notRemoved.remove(next.lane)).ifPresent(model::remove);
            model.last.put(next.lane, batch);
            if (batch == null) {
                assertTrue(!model.hasOther(next.lane, null), "events are pending");
            } else {
                List<String> fifo = model.fifo(next.lane, batch.group());
                assertEquals(fifo.subList(0, Math.min(next.maxEvents, fifo.size())), lines(batch));
                if (model.hasOther(next.lane, batch.group())) {
                    assertNotEquals(model.acknowledgedGroup.get(next.lane), batch.group(), "another group's turn");
                }
            }
        } else if (operation instanceof Acknowledge acknowledge && model.last.get(acknowledge.lane) != null) {
            Batch batch = model.last.get(acknowledge.lane);
            acknowledge(batch);
            model.remove(batch);
        } else if (operation instanceof FailedAcknowledge acknowledge && model.last.get(acknowledge.lane) != null) {
            Batch batch = model.last.remove(acknowledge.lane);
            execute(place, "CREATE TRIGGER broken BEFORE UPDATE ON queue " + BREAK);
            acknowledge(batch);
            execute(place, "DROP TRIGGER broken");
            model.notRemoved.put(acknowledge.lane, batch);
        } else if (operation instanceof FailedAppend append) {
            execute(place, "CREATE TRIGGER broken BEFORE INSERT ON seen " + BREAK);
            var release = holdWriter();
            var results = append.ids.stream().map(id -> append(append.lane, "other", "id-" + id, text("id-" + id)))
                    .toList();
            var kept = keep(rejected("id-" + append.kept, text("id-" + append.kept)));
            release.countDown();
            boolean isRefused = append.ids.stream().anyMatch(id -> !model.seen.contains("id-" + id));
            for (var result : results) {
                assertEquals(isRefused, get(result).failure() != null);
                assertEquals(!isRefused, get(result).duplicate());
            }
            assertEquals(isRefused, get(kept).failure() != null);
            execute(place, "DROP TRIGGER broken");
            // until the next transaction, the count of dead letters is that of the failed one
            outbox.check();
            if (!isRefused) {
                model.keep("id-" + append.kept);
            }
        } else if (operation instanceof Keep keep) {
            String id = "id-" + keep.id;
            assertStored(keep(rejected(id, text(id))));
            model.keep(id);
        } else if (operation instanceof Replay replay && replay.index < model.deadLetters.size()) {
            long number = outbox.deadLetters().list(DeadLetter.Filter.ALL, 0, ALL).get(replay.index).id();
            DeadLetter.Content letter = outbox.deadLetters().get(number).orElseThrow().content();
            assertEquals(text(letter.eventId()), new String(letter.body(), UTF_8));
            assertStored(append(new LaneEvent(letter.lane(), letter.group(), letter.eventId(), null, null, true,
                    letter.body())));
            assertStored(discard(number));
            model.seen.add(letter.eventId());
            model.fifo(letter.lane(), letter.group()).add(text(letter.eventId()));
            model.deadLetters.remove(letter.eventId());
        } else if (operation instanceof Discard discard && discard.index < model.deadLetters.size()) {
            DeadLetter letter = outbox.deadLetters().list(DeadLetter.Filter.ALL, 0, ALL).get(discard.index);
            assertStored(discard(letter.id()));
            model.deadLetters.remove(letter.content().eventId());
        } else if (operation instanceof Reopen reopen) {
            Path next = place;
            if (reopen.killed) {
                next = Files.createTempDirectory(directory, "killed");
                for (String file : List.of("outbox.db", "outbox.db-wal")) {
                    Files.copy(place.resolve(file), next.resolve(file));
                }
            }
            closeOutbox();
            open(next, PLENTY);
            model.last.clear();
            model.notRemoved.clear();
            model.acknowledgedGroup.clear();
            return next;
        }
        return place;
    }

    private void check(Model model) throws Exception {
        for (String lane : LANES) {
            LaneStatus status = status(lane);
            List<String> pending = GROUPS.stream().flatMap(group -> model.fifo(lane, group).stream()).toList();
            assertEquals(pending.size(), status.events(), lane);
            assertEquals(pending.stream().mapToLong(text -> text.length() + 1).sum(), status.bytes(), lane);
        }
        Map<String, Integer> kept = new LinkedHashMap<>();
        outbox.deadLetters().list(DeadLetter.Filter.ALL, 0, ALL)
                .forEach(letter -> kept.put(letter.content().eventId(), letter.attempts()));
        assertEquals(List.copyOf(model.deadLetters.entrySet()), List.copyOf(kept.entrySet()));
        assertEquals(model.deadLetters.size(), outbox.deadLetters().count());
    }

    /** Of different lengths. */
    private static String text(String id) {
        return id + "x".repeat(Math.abs(id.hashCode()) % 50);
    }
}
