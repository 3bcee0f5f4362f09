package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Events from several senders at once, half of them express, until the program ends. Thread-safe. */
public final class Load implements AutoCloseable {

    private static final int SENDERS = 4;

    private final Collection<String> sent = new ConcurrentLinkedQueue<>();
    private final Collection<String> accepted = new ConcurrentLinkedQueue<>();
    private final Collection<String> rejected = new ConcurrentLinkedQueue<>();
    private final Set<Integer> statuses = ConcurrentHashMap.newKeySet();
    private ExecutorService senders = Executors.newCachedThreadPool();
    private volatile boolean isSending;

    /** Begins to send. */
    public void send(Program program) {
        isSending = true;
        for (int i = 0; i < SENDERS; i++) {
            boolean express = i % 2 == 0;
            senders.execute(() -> send(program, express));
        }
    }

    private void send(Program program, boolean express) {
        try {
            while (isSending) {
                sendOne(program, express);
            }
        } catch (IOException e) {
            // the program has ended, as it was meant to
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sends one event and returns the answer's status. */
    public int sendOne(Program program, boolean express) throws IOException, InterruptedException {
        String id = Events.newId();
        sent.add(id);
        int status = program.send(express ? Events.express(id) : Events.bulk(id));
        (status == 202 ? accepted : rejected).add(id);
        statuses.add(status);
        return status;
    }

    /** IDs of all events. */
    public Collection<String> sent() {
        return sent;
    }

    /** IDs of the events that were answered 202. */
    public Collection<String> accepted() {
        return accepted;
    }

    /** IDs of the events that had another answer. */
    public Collection<String> rejected() {
        return rejected;
    }

    /** The statuses of all answers. */
    public Set<Integer> statuses() {
        return statuses;
    }

    /** IDs of the events that have arrived, though they had another answer than 202 or were never sent. */
    public Set<String> unexpected(SumoLogic sumoLogic) {
        Set<String> unexpected = new HashSet<>(sumoLogic.eventIds());
        Set<String> unanswered = new HashSet<>(sent);
        accepted.forEach(unexpected::remove);
        accepted.forEach(unanswered::remove);
        rejected.forEach(unanswered::remove);
        unexpected.removeAll(unanswered);
        return unexpected;
    }

    /** IDs of the events that were answered 202 and have not arrived. */
    public Set<String> missing(SumoLogic sumoLogic) {
        Set<String> missing = new HashSet<>(accepted);
        sumoLogic.eventIds().forEach(missing::remove);
        return missing;
    }

    /** Ends with the next answers. */
    public void end() throws InterruptedException {
        isSending = false;
        awaitSilence();
    }

    /** Waits until no answer is to come, after the end of the program. */
    public void awaitSilence() throws InterruptedException {
        senders.shutdown();
        assertTrue(senders.awaitTermination(30, TimeUnit.SECONDS));
        senders = Executors.newCachedThreadPool();
    }

    @Override
    public void close() {
        senders.shutdownNow();
    }
}
