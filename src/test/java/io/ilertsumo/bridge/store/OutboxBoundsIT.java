package io.ilertsumo.bridge.store;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class OutboxBoundsIT extends OutboxBoundsTest {
}
