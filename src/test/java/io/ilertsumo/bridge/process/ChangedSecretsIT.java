package io.ilertsumo.bridge.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Load;
import io.ilertsumo.bridge.testing.MountedDirectory;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** Secrets that change while the program runs, in a directory as the kubelet changes it. */
class ChangedSecretsIT {

    private static final String NEW_PASSWORD = "marker-New:pa55%word$";
    private static final String NEW_MANAGEMENT_PASSWORD = "marker-New0perator";

    private final SumoLogic sumoLogic = new SumoLogic();
    private final SumoLogic second = new SumoLogic();
    private final Map<String, String> settings = new HashMap<>(
            Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox")));
    private final MountedDirectory secrets = new MountedDirectory("secrets",
            Map.of("ILERT_WEBHOOK_PASSWORD", SumoLogicResource.PASSWORD, "BRIDGE_MANAGEMENT_PASSWORD",
                    SumoLogicResource.MANAGEMENT_PASSWORD, "SUMOLOGIC_URL", sumoLogic.url()));

    @AfterEach
    void end() {
        sumoLogic.close();
        second.close();
    }

    private Program start() {
        settings.put("BRIDGE_SECRETS_DIR", secrets.toString());
        Set.of("ILERT_WEBHOOK_PASSWORD", "BRIDGE_MANAGEMENT_PASSWORD", "SUMOLOGIC_URL").forEach(settings::remove);
        return Program.start(settings);
    }

    @Test
    void newPasswordsAreValidAndTheFormerOnesStayValidForAWhile() throws Exception {
        try (Program program = start()) {
            assertEquals(401, program.send(Events.express(Events.newId()), NEW_PASSWORD));

            secrets.change(files -> {
                files.put("ILERT_WEBHOOK_PASSWORD", NEW_PASSWORD + "\n");
                files.put("BRIDGE_MANAGEMENT_PASSWORD", NEW_MANAGEMENT_PASSWORD);
            });

            await().until(() -> program.send(Events.express(Events.newId()), NEW_PASSWORD) == 202);
            assertEquals(202, program.send(Events.express(Events.newId())), "the former password");
            assertEquals(401, program.send(Events.express(Events.newId()), "another"));
            String none = "{\"deadLetters\":[]}";
            assertEquals(none, program.manage("GET", "/dead-letters", NEW_MANAGEMENT_PASSWORD));
            assertEquals(none, program.management("/dead-letters"), "the former password");
            assertTrue(program.manage("GET", "/dead-letters", "another").contains("401"));
            assertTrue(program.output().contains("BRIDGE_MANAGEMENT_PASSWORD, ILERT_WEBHOOK_PASSWORD"));
            assertFalse(program.output().contains("marker-"));
        }
    }

    @Test
    void aManagementPasswordThatIsAddedIsUsed() throws Exception {
        secrets.change(files -> files.put("BRIDGE_MANAGEMENT_PASSWORD", ""));
        try (Program program = start()) {
            assertTrue(program.management("/dead-letters").contains("403"));

            secrets.change(files -> files.put("BRIDGE_MANAGEMENT_PASSWORD", SumoLogicResource.MANAGEMENT_PASSWORD));

            await().until(() -> program.management("/dead-letters").equals("{\"deadLetters\":[]}"));
        }
    }

    @Test
    void eventsGoToTheNewUrlAndNoneIsLost() throws Exception {
        try (Program program = start(); Load load = new Load()) {
            load.send(program);
            await().until(() -> sumoLogic.messages().size() > 10);

            secrets.change(files -> files.put("SUMOLOGIC_URL", second.url()));

            await().until(() -> second.messages().size() > 10);
            load.end();
            assertEquals(List.of(), List.copyOf(load.rejected()));
            await().until(() -> program.metric("bridge_pending_events") == 0);
            List<String> delivered = Stream.of(sumoLogic, second).flatMap(each -> each.eventIds().stream()).toList();
            assertEquals(Set.copyOf(load.accepted()), Set.copyOf(delivered));
            assertEquals(load.accepted().size(), delivered.size(), "none twice");
            int before = sumoLogic.requests().size();
            assertEquals(202, program.send(Events.bulk(Events.newId())));
            await().until(() -> program.metric("bridge_pending_events") == 0);
            assertEquals(before, sumoLogic.requests().size());
        }
    }

    @Test
    void aTokenThatIsRepairedIsUsedAtOnceAndBothTokensAreMasked() throws Exception {
        settings.put("BRIDGE_RETRY_MISCONFIGURED_AFTER", "1h");
        secrets.change(files -> {
            files.put("SUMOLOGIC_URL", sumoLogic.urlWithoutToken());
            files.put("SUMOLOGIC_TOKEN", "marker-wrong-token");
        });
        sumoLogic.answerWhere(request -> "marker-wrong-token".equals(request.header("x-sumo-token")),
                new Answer.Status(401));
        try (Program program = start()) {
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));
            await().until(() -> program.metric("bridge_circuit_open") == 1);

            secrets.change(files -> files.put("SUMOLOGIC_TOKEN", SumoLogic.TOKEN));

            await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
            assertFalse(program.output().contains("marker-wrong-token"));
            assertFalse(program.output().contains(SumoLogic.TOKEN));
        }
    }

    @Test
    void aBrokenSecretKeepsItsFormerValueUntilItIsRepaired() throws Exception {
        try (Program program = start()) {
            assertEquals(0, program.metric("bridge_reload_rejected{files=\"secrets\""));

            secrets.change(files -> {
                files.put("ILERT_WEBHOOK_PASSWORD", "\n");
                files.put("SUMOLOGIC_URL", "marker not a URL");
                files.remove("BRIDGE_MANAGEMENT_PASSWORD");
            });

            await().until(() -> program.metric("bridge_reload_rejected{files=\"secrets\"") == 1);
            String health = program.management("/q/health/ready");
            assertEquals("UP", health.replaceFirst("(?s).*\"status\": \"(\\w+)\",.*", "$1"), health);
            assertTrue(health.contains("BRIDGE_MANAGEMENT_PASSWORD is missing. ILERT_WEBHOOK_PASSWORD is empty"),
                    health);
            assertTrue(health.contains("SUMOLOGIC_URL is not an http or https URL"), health);
            String id = Events.newId();
            assertEquals(202, program.send(Events.express(id)));
            await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
            assertEquals("{\"deadLetters\":[]}", program.management("/dead-letters"));

            secrets.change(files -> {
                files.put("ILERT_WEBHOOK_PASSWORD", SumoLogicResource.PASSWORD);
                files.put("BRIDGE_MANAGEMENT_PASSWORD", SumoLogicResource.MANAGEMENT_PASSWORD);
                files.put("SUMOLOGIC_URL", second.url());
            });

            await().until(() -> program.metric("bridge_reload_rejected{files=\"secrets\"") == 0);
            assertFalse(program.management("/q/health/ready").contains("is missing"));
            assertEquals(202, program.send(Events.express(Events.newId())));
            await().until(() -> second.messages().size() == 1);
            assertEquals(1, program.output().split("ILERT_WEBHOOK_PASSWORD is empty", -1).length - 1, "log lines");
            assertFalse(program.output().contains("marker"));
        }
    }

    @Test
    void aProxyThatIsNoneIsRefusedAndEventsGoOn() throws Exception {
        try (Program program = start()) {
            secrets.change(files -> files.put("SUMOLOGIC_PROXY", "ftp://marker-user:marker-password@proxy"));

            await().until(() -> program.metric("bridge_reload_rejected{files=\"secrets\"") == 1);
            assertTrue(
                    program.management("/q/health/ready").contains("SUMOLOGIC_PROXY is not the URL of an HTTP proxy"));
            assertFalse(program.output().contains("marker-"));
            assertEquals(202, program.send(Events.express(Events.newId())));
            await().until(() -> sumoLogic.messages().size() == 1);
        }
    }
}
