package io.ilertsumo.bridge.store.kafka;

import static io.ilertsumo.bridge.testing.Sequences.pick;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.testing.Sequences;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/**
 * A lane and the dead letters over Kafka's mock clients are as their model, for {@link Sequences} of operations. The topics
 * are checked by {@code KafkaStoreTest}, with a broker.
 */
class KafkaModelTest {

    private static final int ALL = 100_000;
    private static final int PARTITIONS = 3;
    private static final String TOPIC = "test-express";
    private static final List<TopicPartition> LANE = IntStream.range(0, PARTITIONS)
            .mapToObj(i -> new TopicPartition(TOPIC, i)).toList();
    private static final List<String> GROUPS = List.of("lifecycle", "escalation", "other");

    private final Sequences<Operation> sequences = new Sequences<>(List.of(
            random -> new Append(random.nextInt(40), "alert-" + random.nextInt(5), pick(random, GROUPS)),
            random -> new Append(random.nextInt(40), "alert-" + random.nextInt(5), pick(random, GROUPS)),
            random -> new Append(random.nextInt(40), null, pick(random, GROUPS)),
            random -> new AppendUnacknowledged(random.nextInt(40), random.nextBoolean()),
            random -> new Deliver(1 + random.nextInt(6), pick(random, List.of(Outcome.values()))),
            random -> new Deliver(1 + random.nextInt(6), Outcome.ACKNOWLEDGED),
            random -> new Deliver(1 + random.nextInt(6), Outcome.ACKNOWLEDGED),
            random -> new Rebalance(Stream.of(0, 1, 2).filter(one -> random.nextInt(4) > 0).toList(),
                    random.nextInt(4) == 0),
            random -> new CommitsFail(random.nextBoolean()),
            random -> new Keep(random.nextInt(6)),
            random -> new Discard(random.nextInt(8)),
            random -> new Replay(random.nextInt(4)),
            random -> new Compact(),
            random -> new Reopen(random.nextBoolean())), operations -> new Run().apply(operations));

    /** One step of a sequence. */
    private sealed interface Operation {
    }

    /** @param alert {@code null} for none */
    private record Append(int id, String alert, String group) implements Operation {
    }

    /** The brokers do not answer. */
    private record AppendUnacknowledged(int id, boolean isWritten) implements Operation {
    }

    private record Deliver(int maxEvents, Outcome outcome) implements Operation {
    }

    private enum Outcome {
        ACKNOWLEDGED, FAILED,
        /** The next batch is a single event, which becomes a dead letter. */
        REJECTED
    }

    /**
     * @param assigned partitions
     * @param isLost   whether the process was missed by its group, and can't commit
     */
    private record Rebalance(List<Integer> assigned, boolean isLost) implements Operation {
    }

    private record CommitsFail(boolean fail) implements Operation {
    }

    private record Keep(int id) implements Operation {
    }

    /** The n-th oldest dead letter, if there are so many. */
    private record Discard(int index) implements Operation {
    }

    /** The n-th oldest dead letter, if there are so many. */
    private record Replay(int index) implements Operation {
    }

    private record Compact() implements Operation {
    }

    private record Reopen(boolean isKilled) implements Operation {
    }

    @Test
    void theStoreIsAsItsModel(TestReporter report) {
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
                List.of(new Keep(0), new Keep(0), new Reopen(false)),
                List.of(new Append(1, null, "other"), new Append(1, null, "other"),
                        new Deliver(6, Outcome.ACKNOWLEDGED)),
                List.of(new Append(1, null, "other"), new Deliver(1, Outcome.FAILED),
                        new Rebalance(List.of(), true), new Rebalance(List.of(0, 1, 2), false),
                        new Deliver(1, Outcome.ACKNOWLEDGED)),
                List.of(new Append(1, "alert-1", "other"), new CommitsFail(true), new Deliver(1, Outcome.REJECTED),
                        new Replay(0), new Reopen(true), new Deliver(6, Outcome.ACKNOWLEDGED)));
    }

    /** An event in a partition. */
    private record Entry(String id, String group, boolean isReplay, String line) {
    }

    private static final Entry PROBE = new Entry("", "", true, "");

    /** What a partition must hold. */
    private static final class Log {
        final List<Entry> entries = new ArrayList<>();
        /** The events that were delivered or are dead letters. */
        final Set<Integer> done = new HashSet<>();
        boolean isAssigned = true;
        int start;
        /** Since the partition is assigned. */
        final Set<Integer> doneNow = new HashSet<>();

        boolean isDuplicate(int offset, int from) {
            return !entries.get(offset).isReplay && entries.subList(from, offset).stream()
                    .anyMatch(one -> !one.isReplay && one.id.equals(entries.get(offset).id));
        }

        List<Integer> pending() {
            return !isAssigned
                    ? List.of()
                    : IntStream.range(start, entries.size())
                            .filter(i -> entries.get(i) != PROBE && !doneNow.contains(i) && !isDuplicate(i, start))
                            .boxed().toList();
        }

        List<Integer> pending(String group) {
            return pending().stream().filter(i -> entries.get(i).group.equals(group)).toList();
        }

        void assign(boolean assigned, long committed) {
            isAssigned = assigned;
            start = (int) committed;
            doneNow.clear();
        }
    }

    /** A sequence with its store and its model. */
    private static final class Run {

        private final MockTopics topics = new MockTopics(PARTITIONS);
        private final List<Log> logs = LANE.stream().map(one -> new Log()).toList();
        /** Attempts by event ID, in the order in which they were kept last. */
        private final Map<String, Integer> letters = new LinkedHashMap<>();
        private String lastGroup;
        private int lines;
        private RecordWriter writer;
        private KafkaLane lane;
        private MockTopics.Reader consumer;
        private KafkaSource source;
        private KafkaDeadLetters deadLetters;

        void apply(List<Operation> operations) throws Exception {
            open();
            try {
                for (Operation operation : operations) {
                    apply(operation);
                    check();
                }
                end();
            } finally {
                source.close();
                deadLetters.close();
            }
        }

        private void open() throws StoreException {
            writer = new RecordWriter(topics::eventProducer, Runnable::run);
            writer.open();
            lane = new KafkaLane("express", TOPIC);
            consumer = topics.laneConsumer(TOPIC, ALL, ALL);
            source = new KafkaSource(lane, consumer, new SimpleMeterRegistry().counter("duplicates"), ALL, ALL);
            deadLetters = new KafkaDeadLetters(topics, new TestSettings("localhost:1").bridge());
            lastGroup = null;
            rebalance(LANE, false);
        }

        private void apply(Operation operation) throws Exception {
            if (operation instanceof Append append) {
                append("id-" + append.id, append.alert, append.group, false);
            } else if (operation instanceof AppendUnacknowledged append) {
                topics.failNext(append.isWritten);
                LaneEvent event = event("id-" + append.id, null, "other", false);
                assertTrue(writer.write(lane.record(event)).isCompletedExceptionally());
                if (append.isWritten) {
                    add(event);
                }
                writer.probe(LANE);
                // where the mock client writes a record without a key
                logs.get(0).entries.add(PROBE);
            } else if (operation instanceof Deliver deliver) {
                deliver(deliver);
            } else if (operation instanceof Rebalance rebalance) {
                rebalance(rebalance.assigned.stream().map(LANE::get).toList(), rebalance.isLost);
            } else if (operation instanceof CommitsFail commits) {
                topics.commitsFail = commits.fail;
            } else if (operation instanceof Keep keep) {
                keep("dead-" + keep.id);
            } else if (operation instanceof Discard discard && discard.index < letters.size()) {
                DeadLetter letter = deadLetters.list(DeadLetter.Filter.ALL, 0, ALL).get(discard.index);
                discard(letter);
            } else if (operation instanceof Replay replay && replay.index < letters.size()) {
                long id = deadLetters.list(DeadLetter.Filter.ALL, 0, ALL).get(replay.index).id();
                DeadLetter letter = deadLetters.get(id).orElseThrow();
                String event = letter.content().eventId();
                assertEquals(text(event), new String(letter.content().body(), UTF_8));
                append(event, null, "other", true);
                discard(letter);
            } else if (operation instanceof Compact) {
                topics.compact(new TopicPartition("test-dead-letters", 0));
            } else if (operation instanceof Reopen reopen) {
                if (!reopen.isKilled) {
                    source.close();
                }
                deadLetters.close();
                rebalanced(List.of());
                open();
            }
        }

        private void append(String id, String alert, String group, boolean replay) throws Exception {
            LaneEvent event = event(id, alert, group, replay);
            writer.write(lane.record(event)).get();
            add(event);
        }

        /** Its line has a number, by which it differs from its duplicates. */
        private LaneEvent event(String id, String alert, String group, boolean replay) {
            return new LaneEvent("express", group, id, alert, null, replay, (id + " " + ++lines).getBytes(UTF_8));
        }

        private void add(LaneEvent event) {
            TopicPartition partition = topics.partition(TOPIC,
                    event.alertId() == null ? event.eventId() : event.alertId());
            logs.get(partition.partition()).entries.add(new Entry(event.eventId(), event.group(),
                    event.replay(), new String(event.line(), UTF_8)));
        }

        private void deliver(Deliver deliver) throws Exception {
            int maxEvents = deliver.outcome == Outcome.REJECTED ? 1 : deliver.maxEvents;
            Batch batch = source.next(maxEvents, ALL);
            Set<String> groups = new HashSet<>();
            logs.forEach(log -> log.pending().forEach(i -> groups.add(log.entries.get(i).group)));
            assertEquals(groups.isEmpty(), batch == null, "pending: " + groups);
            assertEquals(groups.isEmpty(), source.oldest() == 0);
            if (batch == null) {
                return;
            }
            assertTrue(groups.contains(batch.group()), batch.group());
            if (groups.size() > 1) {
                assertNotEquals(lastGroup, batch.group(), "another group's turn");
            }
            List<String> delivered = Arrays.asList(new String(batch.body(), UTF_8).split("\n"));
            assertEquals(delivered.size(), batch.events());
            assertEquals(Math.min(maxEvents, logs.stream().mapToInt(log -> log.pending(batch.group()).size()).sum()),
                    batch.events());
            List<List<Integer>> parts = parts(batch.group(), delivered);
            if (deliver.outcome != Outcome.FAILED) {
                if (deliver.outcome == Outcome.REJECTED) {
                    keep(delivered.get(0).replaceFirst(" .*", ""));
                }
                source.acknowledge(batch);
                lastGroup = batch.group();
                for (int i = 0; i < PARTITIONS; i++) {
                    logs.get(i).done.addAll(parts.get(i));
                    logs.get(i).doneNow.addAll(parts.get(i));
                    if (!topics.commitsFail && logs.get(i).isAssigned) {
                        List<Integer> pending = logs.get(i).pending();
                        assertEquals(pending.isEmpty() ? topics.end(LANE.get(i)) : pending.get(0),
                                topics.committed(LANE.get(i)), "committed of partition " + i);
                    }
                }
            }
        }

        /** The offsets of a batch's events in each partition: the oldest of the group, in their order. */
        private List<List<Integer>> parts(String group, List<String> delivered) {
            List<List<Integer>> parts = new ArrayList<>();
            List<String> left = new ArrayList<>(delivered);
            for (Log log : logs) {
                List<Integer> part = new ArrayList<>();
                for (int i : log.pending(group)) {
                    if (!left.remove(log.entries.get(i).line)) {
                        break;
                    }
                    part.add(i);
                }
                parts.add(part);
            }
            assertEquals(List.of(), left, "not the oldest ones of a partition");
            return parts;
        }

        private void rebalance(List<TopicPartition> assigned, boolean isLost) throws StoreException {
            List<TopicPartition> removed = consumer.assignment().stream().filter(one -> !assigned.contains(one))
                    .toList();
            consumer.rebalanceInPoll(assigned, isLost ? () -> source.onPartitionsLost(removed) : () -> {
            });
            source.idle(0);
            rebalanced(assigned);
        }

        private void rebalanced(List<TopicPartition> assigned) {
            for (int i = 0; i < PARTITIONS; i++) {
                boolean isAssigned = assigned.contains(LANE.get(i));
                if (isAssigned != logs.get(i).isAssigned || assigned.isEmpty()) {
                    logs.get(i).assign(isAssigned, topics.committed(LANE.get(i)));
                }
            }
        }

        private void keep(String id) throws Exception {
            StoreCallback.future(callback -> deadLetters.keep(new DeadLetter.Content("rejected", "why", 400, null, id,
                    "alert-created", "express", "lifecycle", null, text(id).getBytes(UTF_8)), callback)).get();
            Integer attempts = letters.remove(id);
            letters.put(id, attempts == null ? 1 : attempts + 1);
        }

        private void discard(DeadLetter letter) throws Exception {
            CompletableFuture<Void> discarded = StoreCallback
                    .future(callback -> deadLetters.discard(List.of(letter.id()), callback));
            discarded.get();
            letters.remove(letter.content().eventId());
        }

        private void check() throws Exception {
            for (int i = 0; i < PARTITIONS; i++) {
                Log log = logs.get(i);
                for (int offset = 0; offset < topics.committed(LANE.get(i)); offset++) {
                    assertTrue(
                            log.done.contains(offset) || log.isDuplicate(offset, 0) || log.entries.get(offset) == PROBE,
                            "committed, but not delivered: " + LANE.get(i) + " " + offset);
                }
            }
            Map<String, Integer> kept = new LinkedHashMap<>();
            deadLetters.list(DeadLetter.Filter.ALL, 0, ALL)
                    .forEach(letter -> kept.put(letter.content().eventId(), letter.attempts()));
            assertEquals(List.copyOf(letters.entrySet()), List.copyOf(kept.entrySet()));
            assertEquals(letters.size(), deadLetters.count());
        }

        /** All is delivered in the end. */
        private void end() throws Exception {
            topics.commitsFail = false;
            rebalance(LANE, false);
            for (int i = 0; i < PARTITIONS * GROUPS.size() + 1; i++) {
                append("last-" + i, "alert-" + i, "other", false);
            }
            while (source.next(ALL, ALL) != null) {
                deliver(new Deliver(ALL, Outcome.ACKNOWLEDGED));
            }
            for (Log log : logs) {
                Set<String> ids = log.done.stream().map(i -> log.entries.get(i).id).collect(Collectors.toSet());
                log.entries.forEach(
                        one -> assertTrue(one == PROBE || ids.contains(one.id), one.id + " is lost"));
            }
        }
    }

    private static String text(String id) {
        return "text of " + id;
    }
}
