package io.ilertsumo.bridge.webhook;

import static org.hamcrest.Matchers.containsString;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.specification.RequestSpecification;

/** A bridge behind a proxy that authenticates, with a long linger time. */
@QuarkusTest
@TestProfile(Programs.Open.class)
class OpenBridgeTest extends RunningBridge {

    /** HMAC-SHA-256 with {@link Programs#REDACT_KEY}. */
    private static final String KIMS_HASH = "hmac-sha256:710b729316a6a902371b5a478375b695";
    private static final String LEES_HASH = "hmac-sha256:d9173cecc65d8381c02004f2f5b1a075";

    @Test
    void noCredentialsAreRequired() {
        anonymous().body(Events.express(Events.newId()).getBytes()).post("/webhooks/ilert").then().statusCode(202);
        anonymous().auth().preemptive().basic("who", "ever").body(Events.express(Events.newId()).getBytes())
                .post("/webhooks/ilert").then().statusCode(202);
    }

    @Test
    void withoutAPasswordTheManagementPortShowsAndChangesNothingButHealthAndMetrics() {
        for (String path : List.of("/", "/status", "/page.js", "/webhooks/openapi.yaml", "/dead-letters",
                "/dead-letters/1", "/dead-letters/export", "/dead-letters/openapi.yaml")) {
            // also on behalf of a proxy on this machine, and with whatever credentials
            for (RequestSpecification call : List.of(RestAssured.given(), admin())) {
                call.port(managementPort()).get(path).then().statusCode(403)
                        .contentType("application/problem+json")
                        .body("detail", containsString("BRIDGE_MANAGEMENT_PASSWORD"));
            }
        }
        admin().delete("/dead-letters?all=true").then().statusCode(403);
        admin().post("/dead-letters/replay?all=true").then().statusCode(403);
        for (String path : List.of("/q/health", "/q/health/ready", "/q/metrics")) {
            RestAssured.given().port(managementPort()).get(path).then().statusCode(200);
        }
    }

    @Test
    void requestsAreNotCompressedWhereThatIsSet() {
        String id = Events.newId();
        accepted(Events.express(id));

        SumoLogic.Request request = arrivedIn(id);

        assertNull(request.header("Content-Encoding"));
        assertArrayEquals(Events.express(id).getBytes(), request.sent());
    }

    @Test
    void fieldsThatAreNamedAreHashedWhereThatIsSet() {
        String id = Events.newId();
        String event = Events.withPeople(id);
        accepted(event);

        String arrived = arrived(1, id).get(0);

        assertEquals(event.replace(Events.KIM, KIMS_HASH).replace(Events.LEE, LEES_HASH), arrived);
        assertFalse(arrived.contains("@"), arrived);
    }

    @Test
    void bulkEventsLingerAndExpressEventsDoNot() {
        String first = Events.newId();
        String second = Events.newId();
        String express = Events.newId();
        long accepted = System.nanoTime();
        accepted(Events.bulk(first));
        accepted(Events.express(express));
        SumoLogic.Request expressRequest = arrivedIn(express);
        assertEquals(0, sumoLogic.requestsWith(first).size());
        accepted(Events.bulk(second));

        SumoLogic.Request bulkRequest = arrivedIn(first);

        assertTrue(bulkRequest.at() - accepted >= TimeUnit.MILLISECONDS.toNanos(Programs.Open.LINGER_MILLIS - 10));
        assertTrue(expressRequest.at() < bulkRequest.at());
        assertEquals(2, bulkRequest.lines().size(), "both are in one batch");
    }
}
