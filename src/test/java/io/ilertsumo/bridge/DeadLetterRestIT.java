package io.ilertsumo.bridge;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class DeadLetterRestIT extends DeadLetterRestTest {
}
