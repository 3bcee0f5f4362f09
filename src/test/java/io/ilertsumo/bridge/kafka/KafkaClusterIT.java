package io.ilertsumo.bridge.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.common.config.ConfigResource;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.fabric8.kubernetes.api.model.Quantity;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaTopics;
import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;

/** Failures of a cluster of three brokers under load, with the default timeouts. */
@EnabledIfSystemProperty(named = "cluster", matches = "true", disabledReason = "takes minutes")
class KafkaClusterIT {

    /** The acknowledgement, by default, and what comes before and after it. */
    private static final long LONGEST_ANSWER_MILLIS = 22_000;

    private static List<KafkaBroker> cluster;
    private static long memoryLimit;
    private static long heap;

    private final SumoLogic sumoLogic = new SumoLogic();
    private final String prefix = "cluster-" + Events.newId() + "-";
    private final PacedLoad load = new PacedLoad();
    private Program bridge;

    @BeforeAll
    static void startCluster() throws IOException {
        Manifests manifests = Manifests.of(Manifests.checkout("external-secret", "gateway", "jvm"), "overlays/kafka");
        memoryLimit = Quantity.getAmountInBytes(manifests.container().getResources().getLimits().get("memory"))
                .longValue() / 1_048_576;
        Matcher percentage = Pattern.compile("-XX:MaxRAMPercentage=(\\d+)")
                .matcher(Files.readString(Path.of("src", "main", "docker", "Dockerfile.jvm")));
        assertTrue(percentage.find());
        heap = memoryLimit * Long.parseLong(percentage.group(1)) / 100;
        cluster = KafkaBroker.startCluster();
    }

    @AfterAll
    static void stopCluster() {
        cluster.forEach(KafkaBroker::close);
    }

    @BeforeEach
    void start() throws Exception {
        Map<String, String> settings = Program.settings(sumoLogic, new KafkaTopics(cluster.get(0), prefix));
        settings.put("KAFKA_BOOTSTRAP_SERVERS",
                cluster.stream().map(KafkaBroker::brokers).collect(Collectors.joining(",")));
        bridge = Program.start(settings, "-Xmx" + heap + "m");
        eventually().until(this::isReady);
    }

    @AfterEach
    void end() throws Exception {
        load.close();
        cluster.forEach(KafkaBroker::goOn);
        long peak = bridge.peakMemory();
        long slowest = load.slowestMillis();
        System.out.println("Peak memory: " + peak + " of " + memoryLimit + " MB, slowest answer: " + slowest + " ms");
        bridge.close();
        sumoLogic.close();
        for (KafkaBroker broker : cluster) {
            if (!broker.isRunning()) {
                broker.startAgain();
            }
        }
        awaitReplicas();
        assertTrue(peak < memoryLimit, () -> peak + " MB");
        assertTrue(slowest < LONGEST_ANSWER_MILLIS, () -> slowest + " ms");
    }

    @Test
    void noCallFailsWhenABrokerIsKilled() throws Exception {
        load.start();
        awaitAccepted(300);
        cluster.get(0).kill();
        awaitAccepted(2000);
        load.stop();

        assertEquals(Set.of(202), load.statuses());
        awaitArrival();
    }

    @Test
    void noCallFailsInARollingRestart() throws Exception {
        load.start();
        for (KafkaBroker broker : cluster) {
            awaitAccepted(300);
            broker.stop();
            awaitAccepted(300);
            broker.startAgain();
            awaitReplicas();
        }
        load.stop();

        assertEquals(Set.of(202), load.statuses());
        awaitArrival();
    }

    @Test
    void withTooFewInSyncReplicasCallsAreAnsweredAtOnceUntilThereAreEnough() throws Exception {
        try (Admin admin = cluster.get(0).admin()) {
            for (String lane : List.of("express", "bulk")) {
                admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, prefix + lane),
                        List.of(new AlterConfigOp(new ConfigEntry("min.insync.replicas", "3"),
                                AlterConfigOp.OpType.SET))))
                        .all().get();
            }
        }
        areAnsweredAtOnceBetween(cluster.get(2)::kill, cluster.get(2)::startAgain);
    }

    @Test
    void withoutAQuorumCallsAreAnsweredAtOnceUntilThereIsOne() throws Exception {
        areAnsweredAtOnceBetween(() -> cluster.subList(1, 3).forEach(KafkaBroker::kill),
                () -> cluster.get(1).startAgain());
    }

    @Test
    void withoutABrokerCallsAreAnsweredAtOnceUntilTheyAreBack() throws Exception {
        // the one that was killed last may be the only one that is in sync
        areAnsweredAtOnceBetween(() -> cluster.forEach(KafkaBroker::kill), () -> cluster.forEach(KafkaBroker::launch));
    }

    /** Connections stay open, and nothing is acknowledged. */
    @Test
    void whileAllBrokersHangCallsAreAnsweredAtOnceUntilTheyGoOn() throws Exception {
        areAnsweredAtOnceBetween(() -> cluster.forEach(KafkaBroker::pauseProcess),
                () -> cluster.forEach(KafkaBroker::goOn));
    }

    /** Once the bridge knows of the failure, which takes a call that is not acknowledged in time. */
    private void areAnsweredAtOnceBetween(Runnable failure, Runnable repair) throws Exception {
        load.start();
        awaitAccepted(300);
        failure.run();
        eventually().until(() -> !isReady());
        long down = System.nanoTime();
        Awaitility.await().during(Duration.ofSeconds(25)).atMost(Duration.ofSeconds(27)).until(() -> !isReady());
        List<PacedLoad.Answer> refused = load.sentBetween(down, System.nanoTime() - TimeUnit.SECONDS.toNanos(5));
        repair.run();
        eventually().until(this::isReady);
        awaitAccepted(300);
        load.stop();

        assertEquals(Set.of(503), refused.stream().map(PacedLoad.Answer::status).collect(Collectors.toSet()));
        List<Long> millis = refused.stream().map(PacedLoad.Answer::millis).sorted().toList();
        assertTrue(millis.size() > 1000 && millis.get(millis.size() * 99 / 100) < 2000, millis::toString);
        assertEquals(Set.of(202, 503), load.statuses());
        List<String> lines = bridge.output().lines().filter(line -> line.matches(".*\"level\":\"(WARN|ERROR)\".*"))
                .toList();
        hasOneLineAMinuteForEachTopic(lines);
        assertTrue(lines.stream().anyMatch(
                line -> line.contains("No events are accepted") || line.contains("Kafka topics can't be checked")),
                lines::toString);
        assertTrue(lines.size() < 20, lines::toString);
        awaitArrival();
    }

    /** Except for what has changed, such as a topic that accepts events again. Compares the texts without the reasons. */
    private static void hasOneLineAMinuteForEachTopic(List<String> lines) throws IOException {
        Map<String, Instant> last = new HashMap<>();
        for (String line : lines) {
            JsonNode json = new ObjectMapper().readTree(line);
            Instant logged = OffsetDateTime.parse(json.path("timestamp").asText()).toInstant();
            String text = json.path("message").asText().replaceFirst("^((Lane \\w+: )?[^:]*).*", "$1");
            Instant before = text.matches("Events are accepted again.*|Lane \\w+: partitions .*")
                    ? null
                    : last.put(text, logged);
            // the lines' time is written a little later than the limit counts them
            assertTrue(before == null || Duration.between(before, logged).toMillis() > 59_000, () -> text + lines);
        }
    }

    private boolean isReady() throws Exception {
        return !bridge.management("/q/health/ready").contains("\"status\": \"DOWN\"");
    }

    private void awaitAccepted(int more) {
        long before = load.accepted().size();
        eventually().until(() -> load.accepted().size() >= before + more);
    }

    private void awaitArrival() {
        eventually().untilAsserted(() -> {
            Set<String> missing = new HashSet<>(load.accepted());
            missing.removeAll(sumoLogic.eventIds());
            assertEquals(Set.of(), missing);
        });
    }

    /** Waits until all replicas are in sync. */
    private void awaitReplicas() throws Exception {
        try (Admin admin = cluster.get(0).admin()) {
            eventually().until(() -> {
                List<String> topics = admin
                        .listTopics(new ListTopicsOptions().listInternal(true)).names()
                        .get().stream().toList();
                return admin.describeTopics(topics).allTopicNames().get().values().stream()
                        .flatMap(topic -> topic.partitions().stream())
                        .allMatch(partition -> partition.isr().size() == cluster.size());
            });
        }
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(200)).atMost(Duration.ofSeconds(90));
    }

    /** 120 calls a second, whether or not earlier ones are answered. */
    private final class PacedLoad implements AutoCloseable {

        private static final int PER_SECOND = 120;

        private record Answer(String id, int status, long sentNanos, long millis) {
        }

        private final Collection<Answer> answers = new ConcurrentLinkedQueue<>();
        private final Collection<String> inFlight = new ConcurrentLinkedQueue<>();
        private ScheduledExecutorService sender;

        void start() {
            sender = Executors.newSingleThreadScheduledExecutor();
            sender.scheduleAtFixedRate(this::send, 0, 1_000_000 / PER_SECOND, TimeUnit.MICROSECONDS);
        }

        private void send() {
            String id = Events.newId();
            long sent = System.nanoTime();
            inFlight.add(id);
            bridge.sendLater(sent % 2 == 0 ? Events.express(id) : Events.bulk(id)).handle((status, failure) -> {
                answers.add(new Answer(id, failure == null ? status : -1, sent,
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sent)));
                return inFlight.remove(id);
            });
        }

        void stop() {
            sender.shutdownNow();
            eventually().until(inFlight::isEmpty);
        }

        List<Answer> sentBetween(long from, long to) {
            return answers.stream().filter(answer -> answer.sentNanos >= from && answer.sentNanos < to).toList();
        }

        List<String> accepted() {
            return answers.stream().filter(answer -> answer.status == 202).map(Answer::id).toList();
        }

        long slowestMillis() {
            return answers.stream().mapToLong(Answer::millis).max().orElse(0);
        }

        Set<Integer> statuses() {
            return answers.stream().map(Answer::status).collect(Collectors.toSet());
        }

        @Override
        public void close() {
            if (sender != null) {
                sender.shutdownNow();
            }
        }
    }
}
