package io.ilertsumo.bridge.delivery;

import io.ilertsumo.bridge.testing.Programs;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(Programs.OverKafka.class)
class FailureOverKafkaIT extends FailureTest {
}
