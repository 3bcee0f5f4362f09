package io.ilertsumo.bridge.lane;

import java.util.Locale;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

import io.ilertsumo.bridge.settings.BridgeSettings;

/**
 * Ready to take events: they can be stored, and there is room. Whether Sumo Logic can be reached makes no difference,
 * since events wait for it safely.
 */
@Readiness
public class LaneReadiness implements HealthCheck {

    private final LaneStore store;
    private final String name;

    LaneReadiness(LaneStore store, BridgeSettings settings) {
        this.store = store;
        this.name = settings.lanes().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder response = HealthCheckResponse.named(name);
        try {
            store.lanes().forEach(lane -> response.withData(lane.name(), lane.events()));
            store.check();
            return response.up().build();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return response.down().withData("reason", "Interrupted").build();
        } catch (Exception e) {
            return response.down().withData("reason", e.getMessage()).build();
        }
    }
}
