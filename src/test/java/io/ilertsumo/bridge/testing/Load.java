package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
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
                String id = Events.newId();
                sent.add(id);
                int status = program.send(express ? Events.express(id) : Events.bulk(id));
                (status == 202 ? accepted : rejected).add(id);
            }
        } catch (IOException e) {
            // the program has ended, as it was meant to
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
