package io.ilertsumo.bridge.observability;

import java.util.Locale;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

import io.ilertsumo.bridge.delivery.CircuitBreaker;
import io.ilertsumo.bridge.http.EdgeConnector;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;

/** The bridge is ready if events can be stored. Whether they can be delivered makes no difference. */
public class HealthChecks {

    /** Down if no event can be stored; with the pending events of each lane. The store answers within 5 seconds. */
    @Produces
    @ApplicationScoped
    @Readiness
    HealthCheck store(LaneStore store, BridgeSettings settings) {
        return () -> {
            HealthCheckResponseBuilder response = HealthCheckResponse
                    .named(settings.store().name().toLowerCase(Locale.ROOT));
            store.lanes().forEach(lane -> response.withData(lane.name(), lane.events()));
            LaneStore.Damage damage = store.damage();
            if (damage.events() + damage.files() > 0) {
                response.withData("damaged", damage.events() + " events in damaged rows and " + damage.files()
                        + " corrupt files were set aside");
            }
            try {
                store.check();
                return response.up().build();
            } catch (StoreException e) {
                return response.down().withData("reason", e.getMessage()).build();
            }
        };
    }

    /** Always up; with the lanes whose circuit is open or whose events can't be read, and why. */
    @Produces
    @ApplicationScoped
    @Readiness
    HealthCheck delivery(CircuitBreaker circuits, LaneStore store) {
        return () -> {
            HealthCheckResponseBuilder response = HealthCheckResponse.named("delivery").up();
            circuits.open().forEach((lane, failures) -> response.withData(lane, failures.reason() + ": "
                    + failures.message() + ", " + failures.count() + " failures since " + failures.since()));
            store.lanes().stream().filter(lane -> lane.failure() != null)
                    .forEach(lane -> response.withData(lane.name(), lane.failure()));
            return response.build();
        };
    }

    /** Always up; with the reason for which the Edge Connector has to send its next event again. */
    @Produces
    @ApplicationScoped
    @Readiness
    HealthCheck edgeConnector(EdgeConnector connector) {
        return () -> {
            HealthCheckResponseBuilder response = HealthCheckResponse.named("edge-connector").up();
            connector.retries().ifPresent(retries -> response.withData(retries.reason(), retries.detail() + ", "
                    + retries.calls() + " calls since " + retries.since()));
            return response.build();
        };
    }

    /** Always up; with the reason for which changed files are not used. */
    @Produces
    @ApplicationScoped
    @Readiness
    HealthCheck reload(Reloads reloads) {
        return () -> {
            HealthCheckResponseBuilder response = HealthCheckResponse.named("reload").up();
            reloads.rejected().forEach(response::withData);
            return response.build();
        };
    }
}
