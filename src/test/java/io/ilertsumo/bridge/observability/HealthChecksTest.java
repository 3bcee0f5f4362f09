package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.List;
import java.util.Map;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponse.Status;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.LaneStatus;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;

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
    void damageIsShownAndIsNoReasonToAcceptNothing() {
        store.damage = new LaneStore.Damage(3, 1);

        HealthCheckResponse response = readiness.call();

        assertEquals(Status.UP, response.getStatus());
        assertEquals(Map.of("damaged", "3 events in damaged rows and 1 corrupt files were set aside"),
                response.getData().orElseThrow());
    }

    private static final class Store implements LaneStore {

        private volatile StoreException failure;
        private Damage damage = new Damage(0, 0);

        @Override
        public Damage damage() {
            return damage;
        }

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
