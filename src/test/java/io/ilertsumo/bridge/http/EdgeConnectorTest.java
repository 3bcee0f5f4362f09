package io.ilertsumo.bridge.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.LoggedLines;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** Calls of the Edge Connector that are repeated until a repair are logged. */
class EdgeConnectorTest {

    private final EdgeConnector connector = new EdgeConnector(new SimpleMeterRegistry());

    @Test
    void aReasonSuppressesNoLineOfAnother() {
        try (LoggedLines logged = new LoggedLines(EdgeConnector.class)) {
            for (int i = 0; i < 3; i++) {
                assertEquals(503, connector.status("7", 401, "unauthorized", "The credentials are wrong"));
                assertEquals(503, connector.status("7", 413, "too-large", "The body is too large"));
            }

            assertEquals(1, logged.matching(".*\\(unauthorized\\).*").size());
            assertEquals(1, logged.matching(".*\\(too-large\\).*").size());
        }
    }
}
