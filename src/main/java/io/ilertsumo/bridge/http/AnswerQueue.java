package io.ilertsumo.bridge.http;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Answers to be written by one event loop. Those that are added together, such as all of one commit, share one task of
 * the event loop. Thread-safe.
 */
final class AnswerQueue implements Runnable {

    private final Executor eventLoop;
    private final Queue<Runnable> answers = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    AnswerQueue(Executor eventLoop) {
        this.eventLoop = eventLoop;
    }

    void add(Runnable answer) {
        answers.add(answer);
        schedule();
    }

    private void schedule() {
        if (scheduled.compareAndSet(false, true)) {
            eventLoop.execute(this);
        }
    }

    @Override
    public void run() {
        try {
            for (Runnable answer = answers.poll(); answer != null; answer = answers.poll()) {
                answer.run();
            }
        } finally {
            scheduled.set(false);
            // one may have been added before this, or one may have failed
            if (!answers.isEmpty()) {
                schedule();
            }
        }
    }
}
