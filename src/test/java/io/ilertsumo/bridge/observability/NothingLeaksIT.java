package io.ilertsumo.bridge.observability;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class NothingLeaksIT extends NothingLeaksTest {
}
