package io.ilertsumo.bridge;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class EdgeConnectorAnswersIT extends EdgeConnectorAnswersTest {
}
