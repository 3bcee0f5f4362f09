package io.ilertsumo.bridge.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.GroupState;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Processes share their lanes over Kafka: each accepted event arrives, whichever process or broker fails. */
class ReplicasIT {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private static KafkaBroker broker;

    private final SumoLogic sumoLogic = new SumoLogic();
    private final List<Program> bridges = new CopyOnWriteArrayList<>();
    private final Load load = new Load();
    private Map<String, String> settings;
    private String prefix;

    @BeforeAll
    static void startBroker() {
        broker = KafkaBroker.start();
    }

    @AfterAll
    static void endBroker() {
        broker.close();
    }

    @BeforeEach
    void beginWithTopicsOfItsOwn() {
        prefix = "replicas-" + Events.newId() + "-";
        settings = new HashMap<>(Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox")));
        settings.put("BRIDGE_STORE", "kafka");
        settings.put("KAFKA_BOOTSTRAP_SERVERS", broker.brokers());
        settings.put("BRIDGE_KAFKA_TOPIC_PREFIX", prefix);
        settings.put("BRIDGE_KAFKA_PARTITIONS", "6");
        settings.put("BRIDGE_KAFKA_TIMEOUT", TIMEOUT.toSeconds() + "s");
    }

    @AfterEach
    void end() {
        load.close();
        bridges.forEach(Program::close);
        sumoLogic.close();
    }

    @Test
    void theBrokerIsKilledUnderLoadAndAllThatWasAcceptedArrives() throws Exception {
        start(1);
        load.send();
        eventually().until(() -> load.accepted.size() > 300);
        broker.kill();
        eventually().until(() -> load.refused.get() > 10);
        load.isSending = false;
        load.awaitSilence();
        broker.startAgain();

        int before = load.accepted.size();
        load.send();
        eventually().until(() -> load.accepted.size() > before + 300);
        load.isSending = false;
        load.awaitSilence();

        awaitArrivalOf(load.accepted);
        assertEquals(List.of(), load.otherAnswers.stream().toList(), "202 or 503");
        assertTrue(load.slowest.compareTo(TIMEOUT.plusSeconds(5)) < 0, () -> "a call took " + load.slowest);
    }

    @Test
    void anEventThatTheBrokerDoesNotAcknowledgeInTimeIsAnswered503AndArrivesOnceIfItIsSentAgain() throws Exception {
        start(1);
        String first = Events.newId();
        assertEquals(202, bridges.get(0).send(Events.express(first)));
        List<String> ids = Stream.generate(Events::newId).limit(3).toList();
        broker.pauseProcess();
        try {
            for (String id : ids) {
                long asked = System.nanoTime();
                assertEquals(503, bridges.get(0).send(Events.express(id)));
                assertTrue(System.nanoTime() - asked < TIMEOUT.plusSeconds(5).toNanos());
            }
        } finally {
            broker.goOn();
        }

        for (String id : ids) {
            eventually().until(() -> List.of(200, 202).contains(bridges.get(0).send(Events.express(id))));
        }
        awaitArrivalOf(ids);
        awaitNothingPending();

        assertEquals(new HashSet<>(sumoLogic.eventIds()).size(), sumoLogic.eventIds().size(), "nothing came twice");
    }

    @Test
    void aBridgeThatStartsBeforeItsBrokerAcceptsEventsOnceTheBrokerRuns() throws Exception {
        broker.kill();
        try {
            start(1);
            assertEquals(503, bridges.get(0).send(Events.express(Events.newId())));
            assertTrue(bridges.get(0).management("/q/health/ready").contains("DOWN"));
        } finally {
            broker.startAgain();
        }

        String id = Events.newId();
        eventually().until(() -> bridges.get(0).send(Events.express(id)) == 202);
        awaitArrivalOf(List.of(id));
        eventually().until(() -> !bridges.get(0).management("/q/health/ready").contains("DOWN"));
    }

    @Test
    void twoAndThreeBridgesShareTheWorkAndOneOfThemIsKilled() throws Exception {
        start(2);
        load.send();
        for (Program bridge : bridges) {
            eventually().until(() -> delivered(bridge) > 100);
        }
        start(1);
        eventually().until(() -> delivered(bridges.get(2)) > 100);

        Program killed = bridges.remove(0);
        killed.kill();
        int before = load.accepted.size();
        eventually().until(() -> load.accepted.size() > before + 300);
        Program stopped = bridges.remove(0);
        stopped.stop();
        int then = load.accepted.size();
        eventually().until(() -> load.accepted.size() > then + 300);
        load.isSending = false;
        load.awaitSilence();

        awaitArrivalOf(load.accepted);
        awaitNothingPending();
        assertTrue(load.sent.containsAll(sumoLogic.eventIds()), "nothing arrived that was never sent");
        assertTrue(stopped.output().contains("stopped in"), "it ended in good order");
    }

    @Test
    void aRebalanceDuringADeliveryRepeatsNothing() throws Exception {
        settings.put("SUMOLOGIC_RESPONSE_TIMEOUT", "60s");
        start(1);
        List<String> ids = Stream.generate(Events::newId).limit(50).toList();
        sumoLogic.answer(new Answer.Late());
        for (String id : ids) {
            assertEquals(202, bridges.get(0).send(Events.express(id)));
            assertEquals(202, bridges.get(0).send(Events.bulk(id + "-bulk")));
        }
        eventually().until(() -> sumoLogic.requests().stream().map(SumoLogic.Request::lane).distinct().count() == 2);

        start(1);
        eventually().until(() -> members("express").size() == 2 && members("bulk").size() == 2);
        sumoLogic.recover();

        awaitArrivalOf(ids);
        awaitArrivalOf(ids.stream().map(id -> id + "-bulk").toList());
        awaitNothingPending();
        assertEquals(new HashSet<>(sumoLogic.eventIds()).size(), sumoLogic.eventIds().size(), "nothing came twice");
    }

    @Test
    void duringALongOutageTheBridgesStayInTheirGroups() throws Exception {
        start(2);
        eventually().until(() -> members("express").size() == 2 && members("bulk").size() == 2);
        Set<String> before = new TreeSet<>(members("express"));
        before.addAll(members("bulk"));
        List<String> ids = Stream.generate(Events::newId).limit(50).toList();
        sumoLogic.answer(new Answer.Status(503));
        for (String id : ids) {
            assertEquals(202, bridges.get(ids.indexOf(id) % 2).send(Events.express(id)));
            assertEquals(202, bridges.get(ids.indexOf(id) % 2).send(Events.bulk(id + "-bulk")));
        }

        // longer than a member that does not report is missed for
        Awaitility.await().during(Duration.ofSeconds(13)).atMost(Duration.ofSeconds(20)).until(() -> {
            Set<String> now = new TreeSet<>(members("express"));
            now.addAll(members("bulk"));
            return now.equals(before);
        });
        assertTrue(sumoLogic.requests().size() < 13 * 4 * 20, () -> "no hot loop: " + sumoLogic.requests().size());
        sumoLogic.recover();

        awaitArrivalOf(ids);
        awaitArrivalOf(ids.stream().map(id -> id + "-bulk").toList());
        assertEquals(new HashSet<>(sumoLogic.eventIds()).size(), sumoLogic.eventIds().size(), "nothing came twice");
    }

    @Test
    void anEventThatSeveralBridgesAcceptArrivesOnce() throws Exception {
        start(2);
        // a partition that changes hands in between may let a duplicate pass
        eventually().until(() -> partitions("express").equals(List.of(3, 3)));
        List<String> ids = Stream.generate(Events::newId).limit(50).toList();

        for (String id : ids) {
            for (Program bridge : bridges) {
                assertEquals(202, bridge.send(Events.express(id)));
                assertEquals(202, bridge.send(Events.express(id)));
            }
        }

        awaitArrivalOf(ids);
        awaitNothingPending();
        assertEquals(ids.size(), sumoLogic.eventIds().size());
        assertEquals(3.0 * ids.size(), bridges.get(0).metric("bridge_duplicates_removed_total")
                + bridges.get(1).metric("bridge_duplicates_removed_total"));
    }

    @Test
    void theDeadLettersOfOneAreTheDeadLettersOfAll() throws Exception {
        start(2);
        String refused = Events.newId();
        sumoLogic.answerWhere(request -> request.lines().stream().anyMatch(line -> line.contains(refused)),
                new Answer.Status(400));
        assertEquals(400, bridges.get(0).send("{unreadable"));
        assertEquals(202, bridges.get(1).send(Events.express(refused)));
        for (Program bridge : bridges) {
            eventually().until(() -> bridge.management("/dead-letters?reason=unreadable").contains("\"id\":1,")
                    && bridge.management("/dead-letters?reason=rejected").contains(refused));
        }

        sumoLogic.recover();
        assertEquals("{\"gone\":0}", bridges.get(1).manage("POST", "/dead-letters/replay?reason=rejected")
                .replaceAll(".*(\"gone\":\\d+).*", "{$1}"));
        assertEquals("", bridges.get(0).manage("DELETE", "/dead-letters/1"));

        awaitArrivalOf(List.of(refused));
        for (Program bridge : bridges) {
            assertEquals("{\"deadLetters\":[]}", bridge.management("/dead-letters"));
        }
    }

    private void start(int count) {
        List<Program> started = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            started.add(Program.start(settings));
        }
        bridges.addAll(started);
        if (broker.isRunning()) {
            started.forEach(bridge -> eventually()
                    .until(() -> !bridge.management("/q/health/ready").contains("\"status\": \"DOWN\"")));
        }
    }

    private static double delivered(Program bridge) throws IOException, InterruptedException {
        return bridge.metric("bridge_delivered_events_total");
    }

    /** Who shares the lane, or is about to. */
    private Set<String> members(String lane) throws Exception {
        try (Admin admin = broker.admin()) {
            return admin.describeConsumerGroups(List.of(prefix + lane)).all().get().get(prefix + lane).members()
                    .stream().map(MemberDescription::consumerId).collect(Collectors.toSet());
        }
    }

    /** The number of partitions of each member, once the group is stable. */
    private List<Integer> partitions(String lane) throws Exception {
        try (Admin admin = broker.admin()) {
            ConsumerGroupDescription group = admin.describeConsumerGroups(List.of(prefix + lane)).all().get()
                    .get(prefix + lane);
            return group.groupState() == GroupState.STABLE
                    ? group.members().stream().map(member -> member.assignment().topicPartitions().size()).toList()
                    : List.of();
        }
    }

    private void awaitNothingPending() {
        for (String lane : List.of("express", "bulk")) {
            eventually().until(() -> broker.lag(prefix + lane, prefix + lane) == 0);
        }
    }

    private void awaitArrivalOf(Collection<String> ids) {
        eventually().untilAsserted(() -> {
            Set<String> missing = new HashSet<>(ids);
            missing.removeAll(sumoLogic.eventIds());
            assertEquals(0, missing.size(), () -> missing.size() + " of " + ids.size() + " events have not arrived");
        });
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(60));
    }

    /** Events from several senders at once, to each bridge in turn. */
    private final class Load implements AutoCloseable {

        private static final int SENDERS = 4;

        private final Collection<String> sent = new ConcurrentLinkedQueue<>();
        private final Collection<String> accepted = new ConcurrentLinkedQueue<>();
        private final Collection<Integer> otherAnswers = new ConcurrentLinkedQueue<>();
        private final AtomicInteger refused = new AtomicInteger();
        private volatile Duration slowest = Duration.ZERO;
        private volatile boolean isSending;
        private ExecutorService senders = Executors.newCachedThreadPool();

        void send() {
            isSending = true;
            for (int i = 0; i < SENDERS; i++) {
                boolean express = i % 2 == 0;
                senders.execute(() -> send(express));
            }
        }

        private void send(boolean express) {
            for (int i = 0; isSending; i++) {
                String id = Events.newId();
                sent.add(id);
                long asked = System.nanoTime();
                try {
                    int status = bridges.get(i % bridges.size()).send(express ? Events.express(id) : Events.bulk(id));
                    if (status == 202) {
                        accepted.add(id);
                    } else if (status == 503) {
                        refused.incrementAndGet();
                    } else {
                        otherAnswers.add(status);
                    }
                    Duration taken = Duration.ofNanos(System.nanoTime() - asked);
                    synchronized (this) {
                        slowest = slowest.compareTo(taken) < 0 ? taken : slowest;
                    }
                } catch (IOException | IndexOutOfBoundsException e) {
                    // that process has ended, as intended
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }

        void awaitSilence() throws InterruptedException {
            senders.shutdown();
            assertTrue(senders.awaitTermination(30, TimeUnit.SECONDS));
            senders = Executors.newCachedThreadPool();
        }

        @Override
        public void close() {
            isSending = false;
            senders.shutdownNow();
        }
    }
}
