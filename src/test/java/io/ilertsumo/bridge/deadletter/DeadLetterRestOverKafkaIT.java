package io.ilertsumo.bridge.deadletter;

import io.ilertsumo.bridge.testing.Programs;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(Programs.OverKafka.class)
class DeadLetterRestOverKafkaIT extends DeadLetterRestTest {
}
