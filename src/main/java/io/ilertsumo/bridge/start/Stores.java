package io.ilertsumo.bridge.start;

import java.util.Map;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;

import org.apache.camel.quarkus.main.events.BeforeConfigure;

import io.ilertsumo.bridge.deadletter.DeadLetterStore;
import io.ilertsumo.bridge.http.RoutePool;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.SumoLogicSettings;
import io.ilertsumo.bridge.store.kafka.KafkaClients;
import io.ilertsumo.bridge.store.kafka.KafkaDeadLetters;
import io.ilertsumo.bridge.store.kafka.KafkaStore;
import io.ilertsumo.bridge.store.sqlite.Outbox;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.Unremovable;
import io.smallrye.common.annotation.Identifier;

/** Opens the store that {@code BRIDGE_STORE} selects when it is first used, and closes it after the routes have stopped. */
@ApplicationScoped
public class Stores {

    private final BridgeSettings settings;
    private final SumoLogicSettings sumoLogic;
    private final RoutePool routes;
    private final MeterRegistry registry;
    private final Map<String, Object> kafka;
    private KafkaClients clients;
    private LaneStore lanes;
    private DeadLetterStore deadLetters;

    /** @param kafka the settings {@code kafka.*}: properties of Kafka's clients */
    Stores(BridgeSettings settings, SumoLogicSettings sumoLogic, RoutePool routes, MeterRegistry registry,
            @Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.settings = settings;
        this.sumoLogic = sumoLogic;
        this.routes = routes;
        this.registry = registry;
        this.kafka = kafka;
    }

    /** Before the routes start, so that a wrong property of Kafka's clients is the reason that is printed. */
    void check(@Observes BeforeConfigure starting) {
        if (settings.store() == BridgeSettings.Store.KAFKA) {
            clients();
        }
    }

    private synchronized KafkaClients clients() {
        clients = clients == null ? new KafkaClients(kafka, settings, sumoLogic) : clients;
        return clients;
    }

    @Produces
    @ApplicationScoped
    @Unremovable
    LaneStore lanes() throws StoreException {
        open();
        return lanes;
    }

    @Produces
    @ApplicationScoped
    DeadLetterStore deadLetters() throws StoreException {
        open();
        return deadLetters;
    }

    private synchronized void open() throws StoreException {
        if (lanes == null && settings.store() == BridgeSettings.Store.KAFKA) {
            lanes = new KafkaStore(clients(), settings, routes, registry);
            deadLetters = new KafkaDeadLetters(clients(), settings);
        } else if (lanes == null) {
            Outbox outbox = new Outbox(settings, routes);
            lanes = outbox;
            deadLetters = outbox.deadLetters();
        }
    }

    @PreDestroy
    synchronized void close() throws Exception {
        if (deadLetters instanceof AutoCloseable store) {
            store.close();
        }
        if (lanes instanceof AutoCloseable store) {
            store.close();
        }
    }
}
