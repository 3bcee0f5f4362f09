package io.ilertsumo.bridge.observability;

import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(Programs.OverKafka.class)
class HealthAndMetricsOverKafkaIT extends HealthAndMetricsTest {

    private static final String EVENTS = "bridge_pending_events";
    private static final String AGE = "bridge_pending_oldest_age_seconds";

    /** The backlog is read from the broker every other second. */
    @Test
    @Override
    void readinessHasTheNumberOfPendingEvents() {
        sumoLogic.answer(new Answer.Status(503));
        for (int i = 0; i < 3; i++) {
            accepted(Events.express(Events.newId()));
        }
        accepted(Events.bulk(Events.newId()));

        String check = "checks.find { it.name == 'kafka' }";
        eventually().untilAsserted(() -> management("/q/health/ready").then().statusCode(200)
                .body("status", equalTo("UP"))
                .body(check + ".status", equalTo("UP"))
                .body(check + ".data.express", equalTo(3))
                .body(check + ".data.bulk", equalTo(1)));
    }

    /** The backlog is read from the broker every other second, without its size in bytes. */
    @Test
    @Override
    void pendingEventsAreShownWithTheirSizeAndTheirAge() {
        eventually().untilAsserted(() -> assertEquals(0, metrics().sum(EVENTS)));
        assertEquals(0, metrics().sum(AGE));
        sumoLogic.answer(new Answer.Status(503));
        accepted(Events.express(Events.newId()));

        eventually().untilAsserted(() -> assertTrue(metrics().sum(AGE, "lane=\"express\"") > 0.1));
        eventually().untilAsserted(() -> assertEquals(1, metrics().sum(EVENTS, "lane=\"express\"")));
        assertEquals(0, metrics().sum(EVENTS, "lane=\"bulk\""));
        assertFalse(metrics().has("bridge_pending_bytes"));

        sumoLogic.recover();
        eventually().untilAsserted(() -> assertEquals(0, metrics().sum(EVENTS)));
        assertEquals(0, metrics().sum(AGE));
    }
}
