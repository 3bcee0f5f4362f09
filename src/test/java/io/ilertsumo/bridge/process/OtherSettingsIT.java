package io.ilertsumo.bridge.process;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class OtherSettingsIT extends OtherSettingsTest {
}
