package io.ilertsumo.bridge.observability;

import java.util.Locale;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;

/**
 * Ready if events can be stored, with the number of pending events of each lane. Whether they can be delivered makes no
 * difference. The store answers within 5 seconds.
 */
@Readiness
public class LaneReadiness implements HealthCheck {

    private final LaneStore store;
    private final String name;

    LaneReadiness(LaneStore store, BridgeSettings settings) {
        this.store = store;
        this.name = settings.store().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder response = HealthCheckResponse.named(name);
        store.lanes().forEach(lane -> response.withData(lane.name(), lane.events()));
        try {
            store.check();
            return response.up().build();
        } catch (StoreException e) {
            return response.down().withData("reason", e.getMessage()).build();
        }
    }
}
