package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import com.sun.net.httpserver.HttpServer;

import io.ilertsumo.bridge.testing.Browser;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** The page of the management port in a browser, by mouse and by keyboard. Skipped without Chromium. */
class ManagementPageIT {

    private static final String HTML = "<img src=x onerror=alert(1)>";

    private final SumoLogic sumoLogic = new SumoLogic();
    private Program program;
    private Browser browser;

    @BeforeEach
    void start() {
        assumeTrue(Browser.isThere(), "Skipped: chromium is not there, so the page is not opened");
        program = Program.start(Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox")));
        browser = new Browser("admin", SumoLogicResource.MANAGEMENT_PASSWORD);
    }

    @AfterEach
    void end() {
        if (browser != null) {
            browser.close();
            program.close();
        }
        sumoLogic.close();
    }

    @Test
    void lanesCountsDeadLettersAndSettingsAreShownAndNothingOfAnEventIsHtml() throws Exception {
        rejected(Events.event(Events.newId(), HTML, "HIGH").replace("Something is wrong", HTML));
        assertEquals(400, program.send(HTML));
        sumoLogic.answer(new Answer.Status(503));
        assertEquals(202, program.send(Events.express(Events.newId())));
        assertEquals(202, program.send(Events.bulk(Events.newId())));

        open();

        eventually().until(() -> text("#lanes").contains("open: failed: "));
        assertEquals("express", text("#lanes tr:first-child th"));
        assertTrue(text("#lanes tr:first-child td").startsWith("1 ("), text("#lanes"));
        assertTrue(text("#ready").equals("Ready") && text("#version").startsWith("Version 1."), text("header"));
        assertTrue(text("#received").contains("unreadable\n1"), text("#received"));
        assertTrue(text("#kept").contains("kept: rejected\n1"), text("#kept"));
        eventually().until(() -> browser.evaluate("document.querySelectorAll('#letters tr').length").asInt() == 2);
        assertTrue(text("#letters").contains(HTML), text("#letters"));
        browser.click("#open-1");
        eventually().until(() -> text("#letter-body").contains(HTML));
        assertTrue(text("#letter-fields").contains("rejected"), text("#letter-fields"));
        picture("letter");
        browser.press("Escape");
        assertFalse(browser.evaluate("document.querySelector('#letter').open").asBoolean());
        browser.click("summary");
        assertTrue(text("#settings").contains("SUMOLOGIC_CATEGORY\twebhook/ilert"), text("#settings"));
        String all = browser.evaluate("document.documentElement.outerHTML").asText();
        Stream.of(SumoLogicResource.PASSWORD, SumoLogicResource.MANAGEMENT_PASSWORD, SumoLogic.TOKEN)
                .forEach(secret -> assertFalse(all.contains(secret), "a secret is shown"));
        assertEquals(0, browser.evaluate("document.querySelectorAll('img').length").asInt());
        assertEquals(List.of(), browser.errors());
        assertEquals(0, browser.evaluate("[...document.querySelectorAll('input, button')].filter(element =>"
                + " !element.labels?.length && !element.textContent).length").asInt(), "all have a name");
        browser.resize(375, 800);
        picture("phone");
        assertTrue(browser.evaluate("document.documentElement.scrollWidth").asInt() <= 375, "fits on a phone");
    }

    @Test
    void aDeadLetterIsReplayedByAClickAndAnotherByKeyboard() throws Exception {
        String first = rejected(Events.express(Events.newId()));
        String second = rejected(Events.express(Events.newId()));
        open();
        eventually().until(() -> text("#letters").contains("alert-created"));

        browser.click("#replay-1");

        eventually().until(() -> text("#message").equals("Dead letter 1 is replayed."));
        eventually().until(() -> sumoLogic.messagesWith(first).size() == 1);
        for (int i = 0; i < 40 && !focused().equals("replay-2"); i++) {
            browser.press("Tab");
        }
        assertEquals("replay-2", focused());
        browser.press("Enter");
        eventually().until(() -> text("#message").equals("Dead letter 2 is replayed."));
        eventually().until(() -> sumoLogic.messagesWith(second).size() == 1);
        eventually().until(() -> text("#none").startsWith("There are no dead letters"));
        assertEquals("{\"deadLetters\":[]}", program.management("/dead-letters"));
        assertEquals(List.of(), browser.errors());
    }

    @Test
    void aSelectionIsDiscardedOnceItIsConfirmed() throws Exception {
        rejected(Events.express(Events.newId()));
        assertEquals(400, program.send("no event"));
        assertEquals(400, program.send("neither"));
        open();
        eventually().until(() -> text("#letters").contains("unreadable"));
        browser.click("input[name=reason]");
        browser.type("unreadable");
        browser.press("Enter");
        eventually().until(() -> !text("#letters").contains("rejected"));

        browser.click("#discard-all");
        eventually().until(() -> text("#question").equals("Discard 2 dead letters (reason unreadable)?"));
        assertEquals("no", focused());
        browser.press("Enter");
        assertTrue(program.management("/dead-letters").contains("unreadable"), "cancelled");
        browser.click("#discard-all");
        eventually().until(() -> focused().equals("no"));
        browser.click("#yes");

        eventually().until(() -> text("#message").equals("Discard: discarded 2"));
        String rest = program.management("/dead-letters");
        assertTrue(rest.contains("rejected") && !rest.contains("unreadable"), rest);
    }

    @Test
    void aPageOfAnotherSiteChangesNothingThoughTheBrowserKnowsTheCredentials() throws Exception {
        assertEquals(400, program.send("no event"));
        open();
        eventually().until(() -> text("#letters").contains("unreadable"));
        String target = "http://localhost:" + program.managementPort() + "/dead-letters/";
        HttpServer attacker = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        attacker.createContext("/", exchange -> {
            byte[] page = ("<form method=post action=" + target + "replay?all=true></form>")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        attacker.start();
        try {
            browser.open("http://127.0.0.1:" + attacker.getAddress().getPort() + "/");
            eventually().until(() -> browser.evaluate("document.forms.length").asInt() == 1);
            for (String method : List.of("POST", "DELETE")) {
                browser.evaluate("fetch('" + target + "1', { method: '" + method + "', credentials: 'include',"
                        + " headers: { 'X-Requested-By': 'x' } }).catch(blocked => 0).then(done => 0)");
            }
            browser.evaluate("fetch('" + target + "replay?all=true', { method: 'POST', credentials: 'include',"
                    + " mode: 'no-cors' }).then(done => 0)");
            browser.evaluate("document.forms[0].submit()");
            eventually().until(() -> text("body").contains("Pages of other sites may not call this"));
        } finally {
            attacker.stop(0);
        }
        String letters = program.management("/dead-letters");
        assertTrue(letters.contains("\"attempts\":1,"), letters);
    }

    private void open() {
        browser.resize(1280, 900);
        browser.open("http://localhost:" + program.managementPort() + "/");
    }

    /** Sends an event that becomes a dead letter. */
    private String rejected(String event) throws IOException, InterruptedException {
        double before = program.metric("bridge_dead_letters_total");
        sumoLogic.answerNext(1, new Answer.Status(400));
        assertEquals(202, program.send(event));
        eventually().until(() -> program.metric("bridge_dead_letters_total") > before);
        return Events.id(event);
    }

    private String text(String selector) {
        return browser.evaluate("document.querySelector('" + selector + "')?.innerText ?? ''").asText();
    }

    private String focused() {
        return browser.evaluate("document.activeElement.id").asText();
    }

    /** For those who have to look at it. */
    private void picture(String name) throws IOException {
        browser.picture(Path.of("target", "management-page-" + name + ".png"));
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(30));
    }
}
