package io.ilertsumo.bridge.store.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.event.EventTooLargeException;
import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.StoreException;

/** Lanes in Kafka, with a real broker. */
class KafkaStoreTest extends KafkaFixture {

    private static final int ALL = Integer.MAX_VALUE;

    @Test
    void anEventIsPendingUntilItsBatchIsAcknowledged() throws Exception {
        KafkaStore store = openStore();
        BatchSource source = open(store, "express");
        append(store, event("express", "red", "1", "alert"));
        append(store, event("express", "red", "2", "alert"));
        awaitPending(store, 2);

        assertTrue(source.await(2, ALL, 10_000));
        Batch batch = source.next(ALL, ALL);
        assertEquals("express", batch.lane());
        assertEquals("red", batch.group());
        assertEquals("event 1\nevent 2", new String(batch.body(), UTF_8));
        assertTrue(Math.abs(System.currentTimeMillis() - batch.parts().get(0).accepted()) < 60_000);
        assertEquals(2, broker.lag(prefix + "express", prefix + "express"));
        source.acknowledge(batch);

        await().untilAsserted(() -> {
            source.idle(1);
            assertEquals(0, broker.lag(prefix + "express", prefix + "express"));
        });
        awaitPending(store, 0);
        assertEquals(-1, store.lanes().iterator().next().bytes());
    }

    @Test
    void pendingEventsAreDeliveredAfterARestart() throws Exception {
        KafkaStore store = openStore();
        BatchSource source = open(store, "express");
        for (String id : List.of("1", "2", "3")) {
            append(store, event("express", id, id, "alert"));
        }
        assertTrue(source.await(3, ALL, 10_000));
        source.acknowledge(source.next(1, ALL));
        closeStores();

        BatchSource again = open(openStore(), "express");

        assertTrue(again.await(2, ALL, 10_000));
        assertEquals("event 2", new String(again.next(1, ALL).body(), UTF_8));
    }

    @Test
    void theConsumerRemovesDuplicatesButNoReplays() throws Exception {
        KafkaStore store = openStore();
        BatchSource source = open(store, "express");
        append(store, event("express", "red", "1", "alert"));
        append(store, event("express", "red", "1", "alert"));
        append(store, new LaneEvent("express", "red", "1", "alert", null, true, "replayed".getBytes(UTF_8)));
        append(store, event("express", "red", "2", "alert"));

        assertTrue(source.await(3, ALL, 10_000));

        assertEquals("event 1\nreplayed\nevent 2", new String(source.next(ALL, ALL).body(), UTF_8));
        assertEquals(1, registry.counter("bridge.duplicates.removed", "lane", "express").count());
    }

    @Test
    void theTraceContextOfAnEventIsAHeaderOfItsRecord() throws Exception {
        KafkaStore store = openStore();
        BatchSource source = open(store, "express");
        String traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        append(store, event("express", "red", "1", "alert"));
        append(store, new LaneEvent("express", "red", "2", "alert", traceparent, false, new byte[1]));

        assertTrue(source.await(2, ALL, 10_000));

        assertEquals(List.of(traceparent), source.next(ALL, ALL).traceparents());
        assertEquals(Arrays.asList(null, traceparent), broker.records(prefix + "express").stream()
                .map(one -> KafkaHeaders.get(one.headers(), "traceparent")).toList());
    }

    @Test
    void aRecordHasTheAlertAsKeyAndGroupAndEventIdAsHeaders() throws Exception {
        KafkaStore store = openStore();
        open(store, "express");
        append(store, event("express", "red", "1", "alert"));
        append(store, event("express", "red", "2", null));

        List<ConsumerRecord<String, String>> records = broker.records(prefix + "express");

        assertEquals(List.of("2", "alert"), records.stream().map(ConsumerRecord::key).sorted().toList());
        ConsumerRecord<String, String> first = records.stream().filter(one -> one.key().equals("alert")).findAny()
                .orElseThrow();
        assertEquals("red", KafkaHeaders.get(first.headers(), KafkaHeaders.GROUP));
        assertEquals("1", KafkaHeaders.get(first.headers(), KafkaHeaders.EVENT_ID));
    }

    @Test
    void deliveredEventsAreDeletedAndNoOtherRecords() throws Exception {
        String foreign = prefix + "foreign";
        try (Admin admin = broker.admin()) {
            admin.createTopics(List.of(new NewTopic(foreign, 1, (short) 1))).all().get();
            KafkaStore store = openStore();
            open(store, "bulk").close();
            append(store, event("bulk", "red", "1", "alert"));
            // a record in each of two topics that are no lanes of this process, and offsets of a lane's group behind them
            BatchSource other = open(store, "foreign");
            append(store, event("foreign", "red", "1", "alert"));
            other.close();
            KafkaDeadLetters letters = openDeadLetters();
            CompletableFuture<Exception> kept = new CompletableFuture<>();
            letters.keep(
                    new DeadLetter.Content("rejected", null, 400, null, "1", null, "bulk", "red", null, new byte[1]),
                    (duplicate, failure) -> kept.complete(failure));
            assertNull(kept.get(10, TimeUnit.SECONDS));
            Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(
                    new TopicPartition(foreign, 0), new OffsetAndMetadata(1),
                    new TopicPartition(prefix + "dead-letters", 0), new OffsetAndMetadata(1));
            admin.alterConsumerGroupOffsets(prefix + "express", offsets).all().get();
            admin.alterConsumerGroupOffsets(foreign, offsets).all().get();

            BatchSource source = open(store, "express");
            append(store, event("express", "red", "1", "alert"));
            append(store, event("express", "blue", "2", "alert"));
            assertTrue(source.await(2, ALL, 10_000));
            source.acknowledge(source.next(ALL, ALL));
            await().untilAsserted(() -> {
                source.idle(1);
                assertEquals(1, broker.lag(prefix + "express", prefix + "express"));
            });
            store.update(true);

            assertEquals(List.of("event 2"),
                    broker.records(prefix + "express").stream().map(ConsumerRecord::value).toList(), "pending");
            assertEquals(1, broker.records(prefix + "bulk").size());
            assertEquals(1, broker.records(foreign).size());
            assertEquals(1, broker.records(prefix + "dead-letters").size());
        }
    }

    @Test
    void aLaneWithPendingEventsAndWithoutARouteIsLogged() throws Exception {
        append(openStore(), event("removed", "red", "1", "alert"));
        closeStores();
        KafkaStore store = openStore();
        open(store, "express");
        append(store, event("express", "red", "1", "alert"));
        List<String> logged = new CopyOnWriteArrayList<>();
        Handler handler = new ConsoleHandler() {
            @Override
            public void publish(LogRecord record) {
                logged.add(record.getMessage());
            }
        };
        Logger logger = Logger.getLogger(KafkaStore.class.getName());
        logger.addHandler(handler);
        try {
            store.update(true);
        } finally {
            logger.removeHandler(handler);
        }

        assertEquals(List.of("1 events are pending in the Kafka topic " + prefix
                + "removed, and no route of this process consumes them"), logged);
    }

    @Test
    void topicsAreCreatedAndKeepPendingEvents() throws Exception {
        KafkaStore store = openStore();
        open(store, "express");
        append(store, event("express", "red", "1", "alert"));
        try (Admin admin = broker.admin()) {
            ConfigResource express = new ConfigResource(ConfigResource.Type.TOPIC, prefix + "express");
            ConfigResource letters = new ConfigResource(ConfigResource.Type.TOPIC, prefix + "dead-letters");
            var configs = admin.describeConfigs(List.of(express, letters)).all().get();
            var topics = admin.describeTopics(List.of(express.name(), letters.name())).allTopicNames().get();

            assertEquals("-1", configs.get(express).get("retention.ms").value());
            assertEquals("-1", configs.get(express).get("retention.bytes").value());
            assertEquals("compact", configs.get(letters).get("cleanup.policy").value());
            assertEquals(2, topics.get(express.name()).partitions().size());
            assertEquals(1, topics.get(letters.name()).partitions().size());
        }
    }

    @Test
    void aDeletedTopicIsCreatedAgain() throws Exception {
        KafkaStore store = openStore();
        open(store, "express");
        append(store, event("express", "red", "1", "alert"));
        try (Admin admin = broker.admin()) {
            admin.deleteTopics(List.of(prefix + "express")).all().get();
        }

        await().atMost(Duration.ofSeconds(30)).untilAsserted(
                () -> assertNull(result(store, event("express", "red", "2", "alert")).get(10, TimeUnit.SECONDS)));
    }

    @Test
    void aBadWriteFailsAloneAndAtOnce() throws Exception {
        KafkaStore store = openStore();
        open(store, "express");
        append(store, event("express", "red", "first", "alert"));
        List<CompletableFuture<Exception>> good = new ArrayList<>();
        List<CompletableFuture<Exception>> bad = new ArrayList<>();
        long started = System.nanoTime();

        for (int i = 0; i < 10; i++) {
            good.add(result(store, event("express", "red", "good" + i, "alert")));
            bad.add(result(store, new LaneEvent("express", "red", "large", "alert", null, false, new byte[1_100_000])));
            bad.add(result(store, new LaneEvent("express", "red", "null", "alert", null, false, null)));
            bad.add(result(store, new LaneEvent("express", "red", null, null, null, false, new byte[1])));
            bad.add(result(store, event("no topic's name", "red", "lane", "alert")));
            bad.add(result(store, event("dead-letters", "red", "lane", "alert")));
            bad.add(result(store, event(null, "red", "lane", "alert")));
        }

        for (CompletableFuture<Exception> one : bad) {
            assertInstanceOf(Exception.class, one.get(2, TimeUnit.SECONDS));
        }
        for (CompletableFuture<Exception> one : good) {
            assertNull(one.get(10, TimeUnit.SECONDS));
        }
        assertInstanceOf(EventTooLargeException.class, bad.get(0).get());
        assertTrue(System.nanoTime() - started < TimeUnit.SECONDS.toNanos(3));
        assertEquals(11, broker.records(prefix + "express").size());
    }

    @Test
    void whileTheBrokerIsDownWritesFailInTimeAndThenAtOnce() throws Exception {
        KafkaStore store = openStore();
        BatchSource source = open(store, "express");
        append(store, event("express", "red", "1", "alert"));
        broker.kill();

        CompletableFuture<Exception> late = result(store, event("express", "red", "2", "alert"));
        assertInstanceOf(StoreException.class, late.get(10, TimeUnit.SECONDS));
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThrows(StoreException.class, store::check));
        long started = System.nanoTime();
        Exception refused = result(store, event("express", "red", "3", "alert")).get(1, TimeUnit.SECONDS);
        assertInstanceOf(StoreException.class, refused);
        assertTrue(System.nanoTime() - started < TimeUnit.MILLISECONDS.toNanos(400));
        assertTrue(refused.getMessage().matches("(No event is accepted, the last write failed|"
                + "The Kafka brokers do not answer): .*"), refused.getMessage());

        broker.startAgain();

        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertDoesNotThrow(store::check));
        append(store, event("express", "red", "4", "alert"));
        List<String> delivered = new ArrayList<>();
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            source.await(1, 1, 100);
            Batch batch = source.next(ALL, ALL);
            if (batch != null) {
                delivered.addAll(List.of(new String(batch.body(), UTF_8).split("\n")));
                source.acknowledge(batch);
            }
            assertTrue(delivered.containsAll(List.of("event 1", "event 4")), delivered.toString());
        });
    }

    @Test
    void withoutABrokerAWriteFailsAtOnce() throws Exception {
        settings.withProperty("bootstrap.servers", "localhost:1");
        KafkaStore store = newStore();

        Exception failure = result(store, event("express", "red", "1", "alert")).get(1, TimeUnit.SECONDS);

        assertEquals("The Kafka brokers have not answered yet", failure.getMessage());
    }

    @Test
    void tooManyPendingEventsAreRejected() throws Exception {
        settings.with("kafkaMaxEvents", 2L);
        KafkaStore store = openStore();
        open(store, "express");
        append(store, event("express", "red", "1", "alert"));
        append(store, event("express", "red", "2", "alert"));
        awaitPending(store, 2);

        assertThrows(StoreException.class, store::check);
        assertEquals("At least 2 events are pending (bridge.kafka.max-events)",
                result(store, event("express", "red", "3", "alert")).get(1, TimeUnit.SECONDS).getMessage());
    }

    @Test
    void aLaneHasOneConsumer() throws Exception {
        KafkaStore store = openStore();
        BatchSource source = open(store, "express");
        assertThrows(StoreException.class, () -> store.open("express", 100, 100_000));

        source.close();

        open(store, "express");
    }

    @Test
    void twoProcessesShareTheLaneAndTakeOverFromEachOther() throws Exception {
        KafkaStore one = openStore();
        BatchSource first = open(one, "express");
        BatchSource second = open(openStore(), "express");
        List<String> delivered = new ArrayList<>();
        int[] batches = new int[2];
        for (int i = 0; i < 40; i++) {
            append(one, event("express", "red", "id" + i, "alert" + i));
        }

        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            batches[0] += deliver(first, delivered);
            batches[1] += deliver(second, delivered);
            if (batches[0] == 0 || batches[1] == 0) {
                String id = UUID.randomUUID().toString();
                append(one, event("express", "red", id, id));
            }
            assertEquals(0, broker.lag(prefix + "express", prefix + "express"));
            assertTrue(batches[0] > 0 && batches[1] > 0, "both deliver");
        });
        second.close();
        for (int i = 0; i < 10; i++) {
            append(one, event("express", "red", "after" + i, "after" + i));
        }
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            deliver(first, delivered);
            assertEquals(10, delivered.stream().filter(event -> event.startsWith("event after")).distinct().count());
        });
    }

    private static int deliver(BatchSource source, List<String> delivered) throws Exception {
        source.await(1, 1, 50);
        Batch batch = source.next(ALL, ALL);
        if (batch == null) {
            return 0;
        }
        delivered.addAll(List.of(new String(batch.body(), UTF_8).split("\n")));
        source.acknowledge(batch);
        return 1;
    }

    private BatchSource open(KafkaStore store, String lane) throws StoreException {
        return opened(store.open(lane, 100, 100_000));
    }

    private static LaneEvent event(String lane, String group, String id, String alert) {
        return new LaneEvent(lane, group, id, alert, null, false, ("event " + id).getBytes(UTF_8));
    }

    private static CompletableFuture<Exception> result(KafkaStore store, LaneEvent event) {
        CompletableFuture<Exception> result = new CompletableFuture<>();
        store.append(event, (duplicate, failure) -> {
            assertEquals("callbacks", Thread.currentThread().getName());
            result.complete(failure);
        });
        return result;
    }

    /** A topic that would lose events, or can't store any. */
    @ParameterizedTest
    @CsvSource({ "cleanup.policy, compact, delete, is compacted",
            "cleanup.policy, 'compact,delete', delete, is compacted",
            "min.insync.replicas, 2, 1, fewer in-sync replicas" })
    void aTopicThatMustNotBeUsedAcceptsNoEventUntilItsConfigurationIsRight(String name, String wrong, String right,
            String reason) throws Exception {
        String topic = prefix + "express";
        try (Admin admin = broker.admin()) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(Map.of(name, wrong)))).all().get();
            KafkaStore store = openStore();
            open(store, "express");

            awaitRefusal(store, reason);
            assertTrue(failure(store, event("express", "red", "1", "alert")).getMessage().contains(reason));
            configure(admin, ConfigResource.Type.TOPIC, topic, name, right);
            append(store, event("express", "red", "1", "alert"));
            configure(admin, ConfigResource.Type.TOPIC, topic, name, wrong);
            awaitRefusal(store, reason);
        }
    }

    private static void awaitRefusal(KafkaStore store, String reason) {
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertTrue(
                assertThrows(StoreException.class, store::check).getMessage().contains(reason)));
    }

    /** A topic that is created without its own configuration would be compacted. */
    @Test
    void topicsOfLanesAreNotCompactedWhateverTheDefaultOfTheBrokers() throws Exception {
        ConfigResource express = new ConfigResource(ConfigResource.Type.TOPIC, prefix + "express");
        ConfigResource other = new ConfigResource(ConfigResource.Type.TOPIC, prefix + "other");
        try (Admin admin = broker.admin()) {
            configure(admin, ConfigResource.Type.BROKER, "", "log.cleanup.policy", "compact");
            admin.createTopics(List.of(new NewTopic(other.name(), 1, (short) 1))).all().get();
            await().untilAsserted(() -> assertEquals("compact", cleanupPolicy(admin, other)));
            KafkaStore store = openStore();
            BatchSource source = open(store, "express");
            append(store, event("express", "red", "1", "alert"));

            assertEquals("delete", cleanupPolicy(admin, express));
            assertTrue(source.await(1, ALL, 10_000));
        } finally {
            try (Admin admin = broker.admin()) {
                configure(admin, ConfigResource.Type.BROKER, "", "log.cleanup.policy", "delete");
                await().untilAsserted(() -> assertEquals("delete", cleanupPolicy(admin, other)));
            }
        }
    }

    private static String cleanupPolicy(Admin admin, ConfigResource topic) throws Exception {
        return admin.describeConfigs(List.of(topic)).all().get().get(topic).get("cleanup.policy").value();
    }

    private static void configure(Admin admin, ConfigResource.Type type, String resource, String name, String value)
            throws Exception {
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(type, resource),
                List.of(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)))).all().get();
    }

    /** Appends once the topic of the lane is there. */
    private static void append(KafkaStore store, LaneEvent event) {
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertNull(failure(store, event)));
    }

    private static Exception failure(KafkaStore store, LaneEvent event)
            throws ExecutionException, InterruptedException {
        return result(store, event).get();
    }

    private static void awaitPending(KafkaStore store, long events) {
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            assertEquals(1, store.lanes().size());
            assertEquals(events, store.lanes().iterator().next().events());
            assertTrue(store.lanes().iterator().next().isConsumed());
        });
    }
}
