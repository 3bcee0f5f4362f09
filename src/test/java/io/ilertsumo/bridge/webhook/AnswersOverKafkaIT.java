package io.ilertsumo.bridge.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import java.util.List;

import io.ilertsumo.bridge.testing.Programs;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(Programs.OverKafka.class)
class AnswersOverKafkaIT extends AnswersTest {

    /** All are stored, and the consumer removes the duplicates. */
    @Override
    void assertOneIsAccepted(List<Integer> answers) {
        assertEquals(16, Collections.frequency(answers, 202), answers.toString());
    }
}
