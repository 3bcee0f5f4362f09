package io.ilertsumo.bridge.webhook;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class AnswersIT extends AnswersTest {
}
