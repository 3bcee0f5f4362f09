package io.ilertsumo.bridge.webhook;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class EdgeConnectorAnswersIT extends EdgeConnectorAnswersTest {
}
