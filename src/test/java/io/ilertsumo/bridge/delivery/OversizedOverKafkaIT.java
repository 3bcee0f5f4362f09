package io.ilertsumo.bridge.delivery;

import java.util.Map;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaTopics;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;

class OversizedOverKafkaIT extends OversizedIT {

    @Override
    Map<String, String> settings(SumoLogic sumoLogic) {
        Map<String, String> settings = Program.settings(sumoLogic,
                new KafkaTopics(KafkaBroker.shared(), "oversized-" + Events.newId() + "-"));
        // events arrive in the order in which they were sent
        settings.put("BRIDGE_KAFKA_PARTITIONS", "1");
        return settings;
    }

    @Override
    Program start(Map<String, String> settings) {
        return Program.start(settings).awaitReadiness();
    }
}
