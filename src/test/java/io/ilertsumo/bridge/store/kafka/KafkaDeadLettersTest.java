package io.ilertsumo.bridge.store.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.deadletter.AgeCheck;
import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.deadletter.DeadLetter.Filter;
import io.ilertsumo.bridge.lane.StoreException;

/** Dead letters in Kafka, with a real broker and two processes. */
class KafkaDeadLettersTest extends KafkaFixture {

    private static final long HOUR = TimeUnit.HOURS.toMillis(1);

    @BeforeEach
    void createTopic() {
        openStore();
    }

    @Test
    void whatOneProcessKeepsTheOtherListsReadsAndDiscards() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        KafkaDeadLetters other = openDeadLetters();
        assertEquals(List.of(), other.list(Filter.ALL, 0, 10));
        assertNull(keep(one, rejected("1")));
        assertNull(keep(one, new DeadLetter.Content("unreadable", null, null, null, null, null, null, null, "gzip",
                "no JSON".getBytes(UTF_8))));

        List<DeadLetter> listed = other.list(Filter.ALL, 0, 10);

        assertEquals(List.of("rejected", "unreadable"),
                listed.stream().map(letter -> letter.content().reason()).toList());
        DeadLetter letter = listed.get(0);
        assertEquals(1, letter.id());
        assertEquals(1, letter.attempts());
        assertEquals(letter.first(), letter.last());
        assertEquals(7, letter.size());
        assertEquals(new DeadLetter.Content("rejected", "Sumo Logic answered 400", 400, "bad", "1", "alert-created",
                "express", "lifecycle", null, null), letter.content());
        assertEquals(List.of(2L), ids(other.list(Filter.ALL, 1, 10)));
        assertEquals(List.of(1L), ids(other.list(Filter.ALL, 0, 1)));
        assertEquals(List.of(2L), ids(other.list(new Filter("unreadable", null, null, null), 0, 10)));
        assertArrayEquals("event 1".getBytes(UTF_8), other.get(1).orElseThrow().content().body());
        assertArrayEquals("no JSON".getBytes(UTF_8), other.get(2).orElseThrow().content().body());
        assertEquals("gzip", other.get(2).orElseThrow().content().encoding());
        assertTrue(other.get(3).isEmpty());
        await().untilAsserted(() -> assertEquals(2, other.count()));

        assertNull(discard(other, List.of(1L, 17L)));
        assertEquals(List.of(2L), ids(other.list(Filter.ALL, 0, 10)));
        assertTrue(one.get(1).isEmpty());
        assertEquals(List.of(2L), ids(one.list(Filter.ALL, 0, 10)));
        await().untilAsserted(() -> assertEquals(1, one.count()));
        assertEquals(0, one.evicted());
    }

    @Test
    void anEventHasOneDeadLetterWhicheverProcessKeepsIt() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        KafkaDeadLetters other = openDeadLetters();
        assertNull(keep(one, rejected("1")));
        DeadLetter first = one.list(Filter.ALL, 0, 10).get(0);
        assertNull(keep(other, rejected("2")));
        assertNull(keep(other, rejected("1")));
        assertNull(keep(one, rejected("1")));

        List<DeadLetter> letters = one.list(Filter.ALL, 0, 10);
        assertEquals(List.of(2L, 4L), ids(letters));
        assertEquals(3, letters.get(1).attempts());
        assertEquals(first.first(), letters.get(1).first());
        assertNull(discard(one, List.of(1L)), "the older one");
        assertEquals(List.of(2L, 4L), ids(other.list(Filter.ALL, 0, 10)));
        // records without values delete the older ones
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertTrue(
                broker.records(prefix + "dead-letters").stream().filter(letter -> letter.value() == null)
                        .count() >= 2));
        assertEquals(List.of(2L, 4L), ids(openDeadLetters().list(Filter.ALL, 0, 10)));
    }

    @Test
    void concurrentKeepsLeaveOneDeadLetterEach() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        KafkaDeadLetters other = openDeadLetters();
        List<CompletableFuture<Exception>> results = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            results.add(result(i % 3 == 0 ? one : other, rejected("" + i % 10)));
        }
        for (CompletableFuture<Exception> result : results) {
            assertNull(result.get(20, TimeUnit.SECONDS));
        }

        assertEquals(10, one.list(Filter.ALL, 0, 100).size());
        assertEquals(ids(one.list(Filter.ALL, 0, 100)), ids(other.list(Filter.ALL, 0, 100)));
    }

    @Test
    void theOldestAreEvictedBeyondTheBounds() throws Exception {
        settings.with("deadLettersMax", 3L);
        KafkaDeadLetters one = openDeadLetters();
        KafkaDeadLetters other = openDeadLetters();
        for (int i = 0; i < 5; i++) {
            assertNull(keep(one, rejected("" + i)));
        }

        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertEquals(List.of(3L, 4L, 5L), ids(other.list(Filter.ALL, 0, 10))));
        await().untilAsserted(() -> assertTrue(one.evicted() + other.evicted() >= 2));
        await().untilAsserted(() -> assertEquals(3, one.count()));
    }

    @Test
    void oldDeadLettersAreEvicted() throws Exception {
        settings.with("deadLettersMaxAge", Duration.ofMillis(1));
        settings.with("deadLettersMax", 1L);
        KafkaDeadLetters one = openDeadLetters();
        for (int i = 0; i < 3; i++) {
            assertNull(keep(one, rejected("" + i)));
        }
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertTrue(one.evicted() >= 2));
        assertEquals(2, one.evicted(), "by number only, before an hour has passed");

        one.age = new AgeCheck(System.currentTimeMillis() - HOUR, System.nanoTime() - HOUR * 1_000_000);
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertEquals(3, one.evicted()));
        assertEquals(List.of(), one.list(Filter.ALL, 0, 10));
    }

    @Test
    void aBadDeadLetterIsRejectedAlone() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        List<CompletableFuture<Exception>> good = new ArrayList<>();
        List<CompletableFuture<Exception>> bad = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            good.add(result(one, rejected("" + i)));
            bad.add(result(one, new DeadLetter.Content(null, null, null, null, "no reason" + i, null, null, null, null,
                    new byte[1])));
            bad.add(result(one, new DeadLetter.Content("rejected", null, null, null, "no body" + i, null, null, null,
                    null, null)));
            bad.add(result(one,
                    new DeadLetter.Content("rejected", null, null, null, "large" + i, null, null, null, null,
                            new byte[2_000_000])));
            bad.add(result(one, null));
        }

        for (CompletableFuture<Exception> result : bad) {
            assertInstanceOf(Exception.class, result.get(20, TimeUnit.SECONDS));
        }
        for (CompletableFuture<Exception> result : good) {
            assertNull(result.get(20, TimeUnit.SECONDS));
        }
        assertEquals(10, one.list(Filter.ALL, 0, 100).size());
    }

    @Test
    void theLargestEventWithALongDetailFits() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        String text = "\u20ac".repeat(100_000);

        assertNull(keep(one, new DeadLetter.Content("route-failed", text, null, text, "1", null, null, null, null,
                new byte[1_000_000])));

        assertEquals(text.substring(0, 2000), one.get(1).orElseThrow().content().detail());
        assertEquals(1_000_000, one.get(1).orElseThrow().content().body().length);
    }

    @Test
    void aForeignRecordIsIgnored() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        assertNull(keep(one, rejected("1")));
        try (Producer<String, String> producer = new KafkaProducer<>(
                Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, broker.brokers()), new StringSerializer(),
                new StringSerializer())) {
            producer.send(new ProducerRecord<>(prefix + "dead-letters", "foreign", "value")).get();
            producer.send(new ProducerRecord<>(prefix + "dead-letters", "foreign/key", "value")).get();
        }
        assertNull(keep(one, rejected("2")));

        assertEquals(List.of(1L, 4L), ids(one.list(Filter.ALL, 0, 10)));
    }

    @Test
    void manyAreListedReadAndDiscarded() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        List<CompletableFuture<Exception>> results = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            results.add(result(one, rejected("" + i)));
        }
        for (CompletableFuture<Exception> result : results) {
            assertNull(result.get(20, TimeUnit.SECONDS));
        }
        KafkaDeadLetters other = openDeadLetters();
        List<Long> ids = ids(other.list(Filter.ALL, 0, 1000));
        assertEquals(1000, ids.size());
        for (int i = 0; i < 100; i++) {
            assertEquals("event " + i, new String(other.get(i + 1).orElseThrow().content().body(), UTF_8));
        }

        assertNull(discard(other, ids));

        assertEquals(List.of(), one.list(Filter.ALL, 0, 10));
    }

    @Test
    void whileTheBrokerIsDownOperationsFailInTime() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        assertNull(keep(one, rejected("1")));
        await().untilAsserted(() -> assertEquals(1, one.count()));
        broker.kill();

        List<CompletableFuture<Exception>> results = IntStream.range(0, 20)
                .mapToObj(i -> result(one, rejected("down" + i))).toList();
        long started = System.nanoTime();
        assertEquals(1, one.count());
        assertTrue(System.nanoTime() - started < TimeUnit.MILLISECONDS.toNanos(100), "does not block");
        assertThrows(StoreException.class, () -> one.list(Filter.ALL, 0, 10));
        assertThrows(StoreException.class, () -> one.get(1));
        for (CompletableFuture<Exception> result : results) {
            assertInstanceOf(StoreException.class, result.get(20, TimeUnit.SECONDS));
        }

        broker.startAgain();

        await().atMost(Duration.ofSeconds(40)).until(() -> keep(one, rejected("2")) == null);
        assertTrue(one.list(Filter.ALL, 0, 100).stream().map(letter -> letter.content().eventId()).toList()
                .containsAll(List.of("1", "2")));
        assertEquals("event 1", new String(one.get(1).orElseThrow().content().body(), UTF_8));
    }

    @Test
    void afterCloseAWriteFails() throws Exception {
        KafkaDeadLetters one = openDeadLetters();
        assertNull(keep(one, rejected("1")));
        one.close();

        assertInstanceOf(Exception.class, keep(one, rejected("2")));
    }

    private static DeadLetter.Content rejected(String id) {
        return new DeadLetter.Content("rejected", "Sumo Logic answered 400", 400, "bad", id, "alert-created", "express",
                "lifecycle", null, ("event " + id).getBytes(UTF_8));
    }

    private static Exception keep(KafkaDeadLetters letters, DeadLetter.Content content)
            throws ExecutionException, InterruptedException {
        return result(letters, content).get();
    }

    private static CompletableFuture<Exception> result(KafkaDeadLetters letters, DeadLetter.Content content) {
        CompletableFuture<Exception> result = new CompletableFuture<>();
        letters.keep(content, (duplicate, failure) -> result.complete(failure));
        return result;
    }

    private static Exception discard(KafkaDeadLetters letters, List<Long> ids)
            throws ExecutionException, InterruptedException {
        CompletableFuture<Exception> result = new CompletableFuture<>();
        letters.discard(ids, (duplicate, failure) -> result.complete(failure));
        return result.get();
    }

    private static List<Long> ids(List<DeadLetter> letters) {
        return letters.stream().map(DeadLetter::id).toList();
    }
}
