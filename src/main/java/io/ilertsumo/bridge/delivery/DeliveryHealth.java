package io.ilertsumo.bridge.delivery;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Says what holds up a lane. It is up all the same: events wait safely, and a bridge that is taken out of service could
 * not even take them.
 */
@Readiness
public class DeliveryHealth implements HealthCheck {

    private final LaneCircuit circuit;

    DeliveryHealth(LaneCircuit circuit) {
        this.circuit = circuit;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder response = HealthCheckResponse.named("delivery").up();
        circuit.troubles().forEach((lane, trouble) -> response.withData(lane, trouble.reason() + ": "
                + trouble.message() + ", " + trouble.failures() + " tries since " + trouble.since()));
        return response.build();
    }
}
