package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The promises of {@link KafkaBroker}. */
class KafkaBrokerTest {

    private static final String TOPIC = "events";
    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);

    private static KafkaBroker broker;

    @BeforeAll
    static void start() throws Exception {
        broker = KafkaBroker.start();
        try (Admin admin = broker.admin()) {
            admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1))).all().get();
        }
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    @Test
    void keepsAcknowledgedRecordsAndItsPortAfterAKillAndAfterAStop() throws Exception {
        try (Producer<String, String> producer = producer()) {
            for (String value : List.of("before", "after a kill", "after a stop")) {
                producer.send(new ProducerRecord<>(TOPIC, "key", value)).get();
                if (value.contains("stop")) {
                    broker.stop();
                    broker.startAgain();
                } else {
                    broker.restart();
                }
                assertEquals(value, last().value());
            }
        }
    }

    @Test
    void acknowledgesNothingWhileItIsPaused() throws Exception {
        try (Producer<String, String> producer = producer()) {
            producer.send(new ProducerRecord<>(TOPIC, "key", "before")).get();
            broker.pauseProcess();
            Future<RecordMetadata> sent = producer.send(new ProducerRecord<>(TOPIC, "key", "in between"));
            assertThrows(TimeoutException.class, () -> sent.get(500, TimeUnit.MILLISECONDS));
            assertFalse(sent.isDone());

            broker.goOn();

            sent.get();
            assertEquals("in between", last().value());
        }
    }

    @Test
    void countsUncommittedRecordsAsLag() throws Exception {
        try (Producer<String, String> producer = producer(); Admin admin = broker.admin()) {
            long offset = producer.send(new ProducerRecord<>(TOPIC, "key", "one")).get().offset();
            producer.send(new ProducerRecord<>(TOPIC, "key", "two")).get();
            admin.alterConsumerGroupOffsets("group", Map.of(PARTITION, new OffsetAndMetadata(offset))).all().get();

            assertEquals(2, broker.lag("group", TOPIC));
            assertEquals(offset + 2, broker.lag("another", TOPIC));
        }
    }

    @Test
    void startsTheSharedBrokerOnce() {
        assertEquals(KafkaBroker.shared().brokers(), KafkaBroker.shared().brokers());
    }

    private static ConsumerRecord<String, String> last() {
        List<ConsumerRecord<String, String>> records = broker.records(TOPIC);
        return records.get(records.size() - 1);
    }

    private static Producer<String, String> producer() {
        return new KafkaProducer<>(Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, broker.brokers(),
                ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 100),
                new StringSerializer(), new StringSerializer());
    }
}
