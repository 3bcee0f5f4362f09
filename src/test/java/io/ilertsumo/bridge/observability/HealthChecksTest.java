package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.store.sqlite.Outbox;

/** The bridge is ready if its store is. */
class HealthChecksTest {

    private final Store store = new Store();
    private final HealthCheck readiness = new HealthChecks().store(store, (BridgeSettings) Proxy.newProxyInstance(
            getClass().getClassLoader(), new Class<?>[]{ BridgeSettings.class },
            (proxy, method, arguments) -> BridgeSettings.Store.OUTBOX));

    @Test
    void aStoreThatAnswersIsUp() {
        HealthCheckResponse response = readiness.call();

        assertEquals("outbox", response.getName());
        assertEquals(Status.UP, response.getStatus());
    }

    @Test
    void aStoreThatIsFullIsDownWithTheReason() {
        store.failure = new StoreException("The outbox is full");

        HealthCheckResponse response = readiness.call();

        assertEquals(Status.DOWN, response.getStatus());
        assertEquals(Map.of("reason", "The outbox is full"), response.getData().orElseThrow());
    }

    @Test
    void damageIsShownAndIsNoReasonToAcceptNothing(@TempDir Path directory) throws Exception {
        try (Outbox outbox = DamagedOutbox.open(directory)) {
            HealthCheckResponse response = new HealthChecks().store(outbox, DamagedOutbox.settings(directory)).call();

            assertEquals(Status.UP, response.getStatus());
            assertEquals(Map.of("damaged", "4 events in damaged rows and 1 corrupt files were set aside"),
                    response.getData().orElseThrow());
        }
    }

    private static final class Store implements LaneStore {

        private volatile StoreException failure;

        @Override
        public void check() throws StoreException {
            if (failure != null) {
                throw failure;
            }
        }

        @Override
        public Collection<LaneStatus> lanes() {
            return List.of();
        }

        @Override
        public void append(LaneEvent event, StoreCallback callback) {
            throw new UnsupportedOperationException();
        }

        @Override
        public BatchSource open(String lane, int maxEvents, int maxBytes) {
            throw new UnsupportedOperationException();
        }
    }
}
