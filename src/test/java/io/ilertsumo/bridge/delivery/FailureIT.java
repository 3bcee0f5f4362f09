package io.ilertsumo.bridge.delivery;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class FailureIT extends FailureTest {
}
