package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;

import io.ilertsumo.bridge.testing.Programs;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(Programs.OverKafka.class)
class AnswersOverKafkaIT extends AnswersTest {

    /** An event is known once the broker has it. Those that come before that are taken too, and still it arrives once. */
    @Override
    void assertOneIsTaken(List<Integer> answers) {
        int taken = Collections.frequency(answers, 202);
        assertTrue(taken >= 1, answers.toString());
        assertEquals(16, taken + Collections.frequency(answers, 200), answers.toString());
    }
}
