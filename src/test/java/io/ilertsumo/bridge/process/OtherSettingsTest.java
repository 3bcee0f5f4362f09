package io.ilertsumo.bridge.process;

import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;

/** Each setting has its effect. */
@QuarkusTest
@TestProfile(Programs.Otherwise.class)
class OtherSettingsTest extends RunningBridge {

    @Override
    protected RequestSpecification webhook() {
        return anonymous().header("X-Webhook-Secret", SumoLogicResource.PASSWORD);
    }

    @Test
    void theTokenIsSentInAHeaderIfTheUrlHasNone() {
        SumoLogic.Request request = delivered("alert-created", "HIGH");

        assertEquals("/receiver/v1/http", request.path());
        assertEquals(SumoLogic.TOKEN, request.header("x-sumo-token"));
    }

    @Test
    void requestsAreDeflatedWhereThatIsSet() {
        String id = Events.newId();
        accepted(Events.ofSize(id, 10_000));

        SumoLogic.Request request = arrivedIn(id);

        assertEquals("deflate", request.header("Content-Encoding"));
        assertTrue(request.sent().length < 1_000, () -> request.sent().length + " bytes");
    }

    @Test
    void aGroupWithACategoryOfItsOwnHasItAndTheOthersHaveTheDefault() {
        assertEquals("test/escalation", delivered("alert-raised", "LOW").header("X-Sumo-Category"));
        assertEquals("test/default", delivered("alert-created", "LOW").header("X-Sumo-Category"));
        assertEquals("test/default", delivered("something-new", "HIGH").header("X-Sumo-Category"));
    }

    @Test
    void nameAndHostAreWhatIsSet() {
        SumoLogic.Request request = delivered("alert-created", "LOW");

        assertEquals("a name", request.header("X-Sumo-Name"));
        assertEquals("a.host", request.header("X-Sumo-Host"));
    }

    @Test
    void aDroppedGroupIsAnswered200AndCountedAndGoesNowhere() {
        double before = metrics().sum("bridge_events_received_total", "result=\"dropped\"", "group=\"collaboration\"");
        String dropped = Events.newId();

        send(Events.event(dropped, "alert-comment-added", "HIGH")).then()
                .statusCode(200).body("status", equalTo("dropped"));
        send(Events.event(dropped, "alert-channel-attached", "LOW")).then().statusCode(200);

        eventually().untilAsserted(() -> assertEquals(2,
                metrics().sum("bridge_events_received_total", "result=\"dropped\"", "group=\"collaboration\"")
                        - before));
        delivered("alert-created", "HIGH");
        delivered("alert-created", "LOW");
        assertEquals(List.of(), sumoLogic.messagesWith(dropped));
    }

    @Test
    void fieldsThatAreNamedDoNotArriveAndAllElseDoes() {
        String id = Events.newId();
        String event = Events.withPeople(id);
        accepted(Events.pretty(event));

        String arrived = arrived(1, id).get(0);

        assertEquals(event.replaceAll(",\"email\":\"[^\"]*\"", ""), arrived);
        assertFalse(arrived.contains("@"), arrived);
    }

    @Test
    void eventsThatDifferInARedactedFieldOnlyAreTwo() {
        String alert = Events.newId();
        String event = "{\"alertKey\":\"" + alert + "\",\"assignedTo\":{\"email\":\"%s\"}}";
        accepted(event.formatted(Events.KIM));
        accepted(event.formatted(Events.LEE));

        send(event.formatted(Events.LEE)).then().statusCode(200);

        assertEquals(Collections.nCopies(2, "{\"alertKey\":\"" + alert + "\",\"assignedTo\":{}}"),
                arrived(2, alert));
    }

    @Test
    void aSecretInAHeaderIsRequiredInPlaceOfBasic() {
        byte[] event = Events.express(Events.newId()).getBytes();

        for (Response answer : List.of(
                anonymous().body(event).post("/webhooks/ilert"),
                anonymous().header("X-Webhook-Secret", "").body(event).post("/webhooks/ilert"),
                anonymous().header("X-Webhook-Secret", SumoLogicResource.PASSWORD + "x").body(event)
                        .post("/webhooks/ilert"),
                anonymous().auth().preemptive().basic("ilert", SumoLogicResource.PASSWORD).body(event)
                        .post("/webhooks/ilert"))) {
            answer.then().statusCode(401).contentType("application/problem+json").body("status", equalTo(401));
            assertEquals(null, answer.header("WWW-Authenticate"), "Basic would not help");
        }
    }

    @Test
    void aBodyMayBeAsLargeAsIsSet() {
        accepted(Events.ofSize(Events.newId(), 10 * 1024));

        byte[] larger = Events.ofSize(Events.newId(), 10 * 1024 + 1).getBytes();
        webhook().header("Content-Encoding", "gzip").body(Events.compressed("gzip", larger)).post("/webhooks/ilert")
                .then()
                .statusCode(413)
                .body("detail", equalTo("The body is larger than 10240 bytes"));
    }

    @Test
    void deadLettersAreShownAndChangedWithTheOperatorsCredentialsOnly() {
        for (RequestSpecification call : List.of(
                RestAssured.given(),
                RestAssured.given().auth().preemptive().basic("operator", "wrong"),
                RestAssured.given().auth().preemptive().basic("admin", SumoLogicResource.MANAGEMENT_PASSWORD),
                RestAssured.given().auth().preemptive().basic("ilert", SumoLogicResource.PASSWORD),
                RestAssured.given().header("Authorization", "Basic %%%"))) {
            call.port(managementPort()).header("X-Requested-By", "test").delete("/dead-letters?all=true").then()
                    .statusCode(401)
                    .header("WWW-Authenticate", equalTo("Basic realm=\"ilert-sumologic-bridge\", charset=\"UTF-8\""))
                    .contentType("application/problem+json");
        }
        RestAssured.given().port(managementPort()).get("/dead-letters").then().statusCode(401);
        operator().get("/dead-letters").then().statusCode(200);
        operator().header("Host", "bridge.example").get("/dead-letters").then().statusCode(200);
        operator().delete("/dead-letters?all=true").then().statusCode(403);
        operator().header("X-Requested-By", "test").delete("/dead-letters?all=true").then().statusCode(200);
        assertEquals(200, management("/q/health").statusCode(), "health needs no credentials");
    }

    private static RequestSpecification operator() {
        return RestAssured.given().port(managementPort()).auth().preemptive().basic("operator",
                SumoLogicResource.MANAGEMENT_PASSWORD);
    }

    private SumoLogic.Request delivered(String type, String priority) {
        String id = Events.newId();
        accepted(Events.event(id, type, priority));
        return arrivedIn(id);
    }
}
