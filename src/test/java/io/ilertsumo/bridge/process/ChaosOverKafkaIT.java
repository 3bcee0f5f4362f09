package io.ilertsumo.bridge.process;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaTopics;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;

/** The broker is killed, too. */
class ChaosOverKafkaIT extends ChaosIT {

    private static KafkaBroker broker;

    private final KafkaTopics kafka = new KafkaTopics(broker, "chaos-" + Events.newId() + "-");

    @BeforeAll
    static void startBroker() {
        broker = KafkaBroker.start();
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @Override
    Map<String, String> settings() {
        return Program.settings(sumoLogic, kafka);
    }

    /** Fewer: each start takes longer. */
    @Override
    List<Answer> answers() {
        return List.of(new Answer.Status(200), new Answer.Status(429, "Retry-After", "1"), new Answer.Status(503),
                new Answer.Hang(), new Answer.Status(400), new Answer.Truncated(), new Answer.Status(200));
    }

    @Override
    void breakTheOtherParts(Random random) {
        if (random.nextInt(3) == 0) {
            broker.restart();
        }
    }

    /** Its consumers leave their groups, which would wait for the session timeout of 15 s. */
    @Override
    void kill() throws Exception {
        program.kill();
        try (Admin admin = broker.admin()) {
            for (String lane : List.of("express", "bulk")) {
                admin.removeMembersFromConsumerGroup(kafka.prefix() + lane, new RemoveMembersFromConsumerGroupOptions())
                        .all().get();
            }
        }
    }

    @Override
    boolean nothingWaits() {
        return kafka.pending() == 0;
    }

    /** All that was delivered and not committed. */
    @Override
    int mayComeTwice() {
        Set<String> delivered = new HashSet<>(sumoLogic.messages());
        return (int) uncommitted().filter(event -> delivered.contains(event.value())).count();
    }

    /** All dead letters that are not committed. */
    @Override
    int mayBeBoth() {
        return (int) uncommitted().filter(event -> event.value().contains(POISON)).count();
    }

    private Stream<ConsumerRecord<String, String>> uncommitted() {
        return Stream.of("express", "bulk").flatMap(lane -> kafka.uncommitted(lane).stream());
    }
}
