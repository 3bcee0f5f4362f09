package io.ilertsumo.bridge.store;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.specification.RequestSpecification;

/** At its bounds the outbox rejects events with 503 and loses none. */
@QuarkusTest
@TestProfile(Programs.Otherwise.class)
class OutboxBoundsTest extends RunningBridge {

    @Override
    protected RequestSpecification webhook() {
        return anonymous().header("X-Webhook-Secret", SumoLogicResource.PASSWORD);
    }

    @Test
    void aFullOutboxIsAnswered503UntilThereIsRoomAgain() {
        sumoLogic.answer(new Answer.Status(503));
        List<String> stored = Stream.generate(Events::newId).limit(Programs.Otherwise.MAX_EVENTS).toList();
        stored.forEach(id -> accepted(Events.express(id)));
        String refused = Events.newId();

        send(Events.event(refused, "alert-raised", "HIGH")).then()
                .statusCode(503)
                .header("Retry-After", "30")
                .contentType("application/problem+json")
                .body("title", equalTo("Service Unavailable"))
                .body("status", equalTo(503))
                .body("detail", equalTo("The outbox is full"))
                .body("eventId", equalTo(refused))
                .body(not(containsString("alert-raised")));
        send(Events.bulk(refused)).then().statusCode(503);
        // what is stored already needs no room
        send(Events.express(stored.get(0))).then().statusCode(200);
        assertEquals(2, metrics().sum("bridge_events_received_total", "result=\"unavailable\""));

        sumoLogic.recover();

        eventually()
                .untilAsserted(() -> assertEquals(stored.stream().map(Events::express).toList(), sumoLogic.messages()));
        // a rejected event is no duplicate, so iLert's next call is accepted
        eventually().untilAsserted(() -> send(Events.express(refused)).then().statusCode(202));
        arrived(1, refused);
    }
}
