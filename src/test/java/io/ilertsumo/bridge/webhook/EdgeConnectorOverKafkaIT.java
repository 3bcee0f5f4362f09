package io.ilertsumo.bridge.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaTopics;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;

/** The consumer removes the copies of events that the agent has sent again. */
class EdgeConnectorOverKafkaIT extends EdgeConnectorIT {

    private static KafkaBroker broker;

    @BeforeAll
    static void startBroker() {
        broker = KafkaBroker.start();
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @Override
    Map<String, String> settings(SumoLogic sumoLogic) {
        Map<String, String> settings = Program.settings(sumoLogic,
                new KafkaTopics(broker, "edge-" + Events.newId() + "-"));
        // all events arrive in the order in which they were sent
        settings.put("BRIDGE_KAFKA_PARTITIONS", "1");
        settings.put("BRIDGE_KAFKA_TIMEOUT", "2s");
        return settings;
    }

    @Override
    Program start(Map<String, String> settings) {
        return Program.start(settings).awaitReadiness();
    }

    /** Events that are answered 503 since they are acknowledged late are stored all the same. */
    @Override
    @Test
    void aBacklogArrivesThroughOutages() throws Exception {
        start();
        List<String> ids = add(3000);
        for (int outage = 1; outage <= 2; outage++) {
            int enough = outage * 600;
            eventually().until(() -> agent.cursor() > enough);
            int before = agent.retried();
            broker.pauseProcess();
            try {
                eventually().until(() -> agent.status() == 503 && agent.retried() > before + 3);
            } finally {
                broker.goOn();
            }
        }

        awaitArrival(ids);
        assertEquals(0, program.metric("bridge_edge_connector_retries_total"), "an outage needs no repair");
    }

    /** Not a test: the store makes no difference. */
    @Override
    void aWrongPasswordCostsNoEvent() {
    }

    /** Not a test: the store makes no difference. */
    @Override
    void aWrongPathCostsNoEvent() {
    }

    /** Not a test: the store makes no difference. */
    @Override
    void anEventThatIsTooLargeArrivesOnceItsLimitIsRaised() {
    }
}
