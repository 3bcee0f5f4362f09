package io.ilertsumo.bridge.start;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;

import org.apache.camel.CamelContext;

import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.kafka.KafkaDeadLetters;
import io.ilertsumo.bridge.kafka.KafkaLanes;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.outbox.OutboxComponent;
import io.ilertsumo.bridge.settings.BridgeSettings;

/** Gives those who need it what {@code BRIDGE_LANES} chooses. */
@ApplicationScoped
public class Stores {

    private final CamelContext context;
    private final BridgeSettings settings;
    private final Instance<KafkaLanes> kafkaLanes;
    private final Instance<KafkaDeadLetters> kafkaDeadLetters;

    Stores(CamelContext context, BridgeSettings settings, Instance<KafkaLanes> kafkaLanes,
            Instance<KafkaDeadLetters> kafkaDeadLetters) {
        this.kafkaLanes = kafkaLanes;
        this.kafkaDeadLetters = kafkaDeadLetters;
        this.context = context;
        this.settings = settings;
    }

    /** Where events wait. To be asked once the routes have been started. */
    @Produces
    @ApplicationScoped
    LaneStore lanes() {
        return switch (settings.lanes()) {
            case OUTBOX -> outbox();
            case KAFKA -> kafkaLanes.get();
        };
    }

    /** Where dead letters are kept. To be asked once the routes have been started. */
    @Produces
    @ApplicationScoped
    DeadLetterStore deadLetters() {
        return switch (settings.lanes()) {
            case OUTBOX -> outbox().getFile();
            case KAFKA -> kafkaDeadLetters.get();
        };
    }

    private OutboxComponent outbox() {
        return context.getComponent("outbox", OutboxComponent.class);
    }
}
