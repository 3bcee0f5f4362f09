package io.ilertsumo.bridge;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class ReportIT extends ReportTest {
}
