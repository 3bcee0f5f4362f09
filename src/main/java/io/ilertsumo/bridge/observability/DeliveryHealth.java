package io.ilertsumo.bridge.observability;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

import io.ilertsumo.bridge.delivery.CircuitBreaker;

/**
 * Reports the lanes whose circuit is open, and why. Always up: the bridge stores events meanwhile, which it could not if it
 * were taken out of service.
 */
@Readiness
public class DeliveryHealth implements HealthCheck {

    private final CircuitBreaker circuits;

    DeliveryHealth(CircuitBreaker circuits) {
        this.circuits = circuits;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder response = HealthCheckResponse.named("delivery").up();
        circuits.open().forEach((lane, trouble) -> response.withData(lane, trouble.reason() + ": " + trouble.message()
                + ", " + trouble.failures() + " failures since " + trouble.since()));
        return response.build();
    }
}
