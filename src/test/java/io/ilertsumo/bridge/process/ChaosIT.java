package io.ilertsumo.bridge.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/**
 * Whatever Sumo Logic does and however often the program is killed, at the end every event answered 202 is delivered or
 * a dead letter. With {@code -Dchaos.rounds=20} for longer than a build wants to
 * wait, with {@code -Dchaos.seed} for the choices of another run.
 */
class ChaosIT {

    private static final int SENDERS = 4;
    static final String POISON = "poison";
    private static final Pattern EVENT_ID = Pattern.compile("\\\\?\"eventId\\\\?\":\\\\?\"([^\"\\\\]*)");

    final SumoLogic sumoLogic = new SumoLogic();
    private final Set<String> sent = ConcurrentHashMap.newKeySet();
    private final Set<String> accepted = ConcurrentHashMap.newKeySet();
    private final ExecutorService senders = Executors.newCachedThreadPool();
    volatile Program program;
    private volatile boolean isSending = true;

    @AfterEach
    void end() {
        isSending = false;
        senders.shutdownNow();
        if (program != null) {
            program.close();
        }
        sumoLogic.close();
    }

    @Test
    void everyEventAnswered202IsDeliveredOrADeadLetterWhateverHappens() throws Exception {
        long seed = Long.getLong("chaos.seed", System.nanoTime());
        System.out.println("Chaos: seed " + seed);
        Random random = new Random(seed);
        Map<String, String> settings = settings();
        program = Program.start(settings);
        for (int i = 0; i < SENDERS; i++) {
            long seedOfSender = random.nextLong();
            senders.execute(() -> send(new Random(seedOfSender)));
        }
        int kills = 0;
        int mayComeTwice = 0;
        int mayBeBoth = 0;
        for (int round = 0; round < Integer.getInteger("chaos.rounds", 1); round++) {
            for (Answer answer : answers()) {
                sumoLogic.recover();
                if (answer instanceof Answer.Status status && status.code() == 400) {
                    sumoLogic.answerWhere(ChaosIT::isPoisoned, answer);
                } else {
                    sumoLogic.answer(answer);
                }
                int before = accepted.size();
                int enough = 100 + random.nextInt(400);
                int code = answer instanceof Answer.Status status ? status.code() : 0;
                sumoLogic.forget(request -> request.status() != 200);
                eventually().until(() -> accepted.size() > before + enough
                        && sumoLogic.requests().stream().filter(request -> request.status() == code
                                // until it has been found
                                && (code != 400 || request.lines().size() == 1)).count() >= 2);
                breakTheOtherParts(random);
                if (random.nextInt(3) > 0) {
                    kill();
                    kills++;
                    mayComeTwice += mayComeTwice();
                    mayBeBoth += mayBeBoth();
                    program = Program.start(settings);
                }
            }
        }
        isSending = false;
        senders.shutdown();
        assertTrue(senders.awaitTermination(60, TimeUnit.SECONDS));
        sumoLogic.recover();
        sumoLogic.answerWhere(ChaosIT::isPoisoned, new Answer.Status(400));
        eventually().until(this::nothingWaits);

        List<String> delivered = sumoLogic.messages().stream().flatMap(ChaosIT::ids).toList();
        Set<String> dead = new HashSet<>(program.management("/dead-letters/export").lines()
                .map(line -> ids(line).findFirst().orElseThrow()).toList());
        Set<String> found = new HashSet<>(delivered);
        int twice = delivered.size() - found.size();
        Set<String> both = new HashSet<>(found);
        both.retainAll(dead);
        System.out.println("Chaos: " + accepted.size() + " accepted, " + found.size() + " delivered, " + twice
                + " of them twice, " + dead.size() + " dead letters, " + kills + " kills");
        found.addAll(dead);
        Set<String> missing = new HashSet<>(accepted);
        missing.removeAll(found);
        assertEquals(Set.of(), missing, "events that were answered 202 and are nowhere");
        assertTrue(sent.containsAll(found), "nothing is found that was never sent");
        assertTrue(both.size() <= mayBeBoth, both + " are delivered and dead letters, " + mayBeBoth + " may be");
        assertTrue(!dead.isEmpty() && dead.stream().allMatch(id -> id.startsWith(POISON)),
                () -> "dead letters " + dead);
        assertTrue(twice <= mayComeTwice, twice + " events came twice, " + mayComeTwice + " may have");
        program.stop();
    }

    /** Of a program whose lanes are empty. */
    Map<String, String> settings() {
        return Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
    }

    /** While events are sent and delivered. */
    void breakTheOtherParts(Random random) throws Exception {
        // an outbox needs nothing but the program
    }

    void kill() throws Exception {
        program.kill();
    }

    boolean nothingWaits() throws Exception {
        return program.management("/q/metrics").lines().filter(line -> line.startsWith("bridge_pending_events{"))
                .allMatch(line -> line.endsWith(" 0.0"));
    }

    /** How many events the kill that has just been may have left in their lanes though they are delivered. */
    int mayComeTwice() {
        return lastTaken("express") + lastTaken("bulk");
    }

    /** How many may be left in their lanes though they are dead letters: of each lane one, between the two writes. */
    int mayBeBoth() {
        return 2;
    }

    List<Answer> answers() {
        return List.of(new Answer.Status(200), new Answer.Status(429, "Retry-After", "1"), new Answer.Status(429),
                new Answer.Status(503), new Answer.Hang(), new Answer.Reset(), new Answer.Status(401),
                new Answer.Status(400), new Answer.Truncated(), new Answer.Status(200));
    }

    @Test
    void afterAnOutageTheBacklogIsDeliveredWithinTenSecondsOfSumoLogicsReturn() throws Exception {
        Map<String, String> settings = new HashMap<>(settings());
        // as it comes: the longest delay between two tries counts
        settings.keySet().removeIf(name -> name.startsWith("BRIDGE_RETRY_"));
        program = Program.start(settings);
        sumoLogic.answer(new Answer.Status(503));
        for (int i = 0; i < SENDERS; i++) {
            senders.execute(() -> send(new Random()));
        }
        eventually().until(() -> accepted.size() > 3000);
        isSending = false;
        senders.shutdown();
        assertTrue(senders.awaitTermination(60, TimeUnit.SECONDS));
        // until the delay between two tries is as long as it gets: 250 ms, 500 ms, 1 s, 2 s, 4 s, 5 s
        eventually().until(() -> sumoLogic.requests().stream().filter(r -> "express".equals(r.lane())).count() >= 7);

        sumoLogic.recover();

        Awaitility.await().atMost(Duration.ofSeconds(10)).pollInterval(Duration.ofMillis(100)).untilAsserted(
                () -> assertEquals(accepted.size(), new HashSet<>(sumoLogic.messages()).size()));
        program.stop();
    }

    private static boolean isPoisoned(SumoLogic.Request request) {
        return request.lines().stream().anyMatch(line -> line.contains(POISON));
    }

    private static Stream<String> ids(String text) {
        List<String> ids = new ArrayList<>();
        Matcher id = EVENT_ID.matcher(text);
        while (id.find()) {
            ids.add(id.group(1));
        }
        return ids.stream();
    }

    private void send(Random random) {
        while (isSending) {
            String id = (random.nextInt(50) == 0 ? POISON + "-" : "") + Events.newId();
            sent.add(id);
            try {
                if (program.send(random.nextBoolean() ? Events.express(id) : Events.bulk(id)) == 202) {
                    accepted.add(id);
                }
            } catch (IOException e) {
                // the program has ended, as intended, and the next one starts
                pause();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private int lastTaken(String lane) {
        return sumoLogic.acceptedRequests().stream().filter(request -> lane.equals(request.lane()))
                .reduce((one, other) -> other).map(request -> request.lines().size()).orElse(0);
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(90));
    }
}
