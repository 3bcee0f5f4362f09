package io.ilertsumo.bridge.delivery;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class DeliveryIT extends DeliveryTest {
}
