package io.ilertsumo.bridge.outbox;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.apache.camel.CamelContext;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready to take events: the outbox can be written, tried by a write, and is below its bounds. Whether Sumo Logic can be
 * reached makes no difference, since events wait for it safely.
 */
@Readiness
public class OutboxReadiness implements HealthCheck {

    private static final long PATIENCE_SECONDS = 5;

    private final CamelContext context;

    OutboxReadiness(CamelContext context) {
        this.context = context;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder response = HealthCheckResponse.named("outbox");
        OutboxComponent component = context.getComponent("outbox", OutboxComponent.class);
        OutboxFile file = component.getFile();
        if (file == null) {
            return response.down().withData("reason", "The outbox is closed").build();
        }
        long events = 0;
        long bytes = 0;
        for (Lane lane : file.lanes()) {
            response.withData(lane.name(), lane.events());
            events += lane.events();
            bytes += lane.bytes();
        }
        if (events >= component.getMaxWaitingEvents() || bytes >= component.getMaxWaitingBytes()) {
            return response.down().withData("reason", "The outbox is full").build();
        }
        try {
            CompletableFuture<Void> written = new CompletableFuture<>();
            file.probe(OutboxFile.Outcome.completing(written));
            written.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return response.up().build();
        } catch (ExecutionException e) {
            return response.down().withData("reason", e.getCause().getMessage()).build();
        } catch (TimeoutException e) {
            return response.down().withData("reason", "A write took more than " + PATIENCE_SECONDS + " s").build();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return response.down().withData("reason", "Interrupted").build();
        }
    }
}
