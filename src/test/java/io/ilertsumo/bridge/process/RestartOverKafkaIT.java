package io.ilertsumo.bridge.process;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaTopics;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;

/** Pending events of a killed process are delivered by another one after the session timeout of 15 s. */
class RestartOverKafkaIT extends RestartIT {

    @Override
    Map<String, String> settings(SumoLogic sumoLogic) {
        return Program.settings(sumoLogic, new KafkaTopics(KafkaBroker.shared(), "restart-" + Events.newId() + "-"));
    }

    /** Once the brokers have answered. */
    @Override
    Program start(Map<String, String> settings) {
        return super.start(settings).awaitReadiness();
    }

    /** Not over Kafka: the consumer removes duplicates of recent events, and after a kill its window is empty. */
    @Override
    void assertDuplicatesAreDetected(Program program, List<String> accepted) {
        // see ReplicasIT
    }

    @Override
    Duration patience() {
        return Duration.ofSeconds(60);
    }

    /** Not a test: programs over Kafka share the work. */
    @Override
    void aSecondProgramDoesNotOpenTheOutboxOfTheFirst() {
    }
}
