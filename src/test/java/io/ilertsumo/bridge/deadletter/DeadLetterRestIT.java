package io.ilertsumo.bridge.deadletter;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class DeadLetterRestIT extends DeadLetterRestTest {
}
