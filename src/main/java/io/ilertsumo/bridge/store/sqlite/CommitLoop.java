package io.ilertsumo.bridge.store.sqlite;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.log.LogLimit;

/**
 * Commits writes in groups on one thread: all writes that are queued when a commit begins share it. So under load many
 * events share one {@code fsync}, and at rest an event waits for its own only. A write that fails does not affect the
 * others of its commit, unless many fail. A callback gets {@code null} once its write is durable, or why it is not.
 * Thread-safe.
 */
final class CommitLoop implements AutoCloseable {

    static final int MAX_QUEUED_WRITES = 8192;
    static final int MAX_QUEUED_BYTES = 32 * 1024 * 1024;
    private static final int MAX_WRITES_PER_COMMIT = 1024;
    /** After this many failures, each of which costs a transaction, the remaining writes of a commit fail too. */
    static final int MAX_FAILURES_PER_COMMIT = 8;

    private static final Logger LOG = LoggerFactory.getLogger(CommitLoop.class);

    private final String name;
    private final Transactions transactions;
    private final Executor completions;
    private final BlockingQueue<Entry> queue = new LinkedBlockingQueue<>();
    private final AtomicLong queuedBytes = new AtomicLong();
    private final CompletableFuture<Void> ended;
    private final LogLimit failures = new LogLimit();
    volatile boolean open = true;

    /** Begins and ends the transactions. Called by the loop's thread only. */
    interface Transactions {

        void begin() throws Exception;

        void commit() throws Exception;

        /** Undoes the transaction, if one is open. */
        void rollback(Throwable cause);

        /** Called while no write is queued; returns whether to call it again soon. */
        boolean idle() throws Exception;
    }

    /** A part of a transaction. Applied again, in another transaction, if a write of the same commit fails. */
    @FunctionalInterface
    interface Write {

        /** @throws StoreException if the write is rejected and changes nothing; any other exception ends the transaction */
        void apply() throws Exception;
    }

    private static final class Entry {

        private final Write write;
        private final int bytes;
        private final Consumer<StoreException> callback;
        private final boolean isCalledByLoop;
        private StoreException failure;

        Entry(Write write, int bytes, Consumer<StoreException> callback, boolean isCalledByLoop) {
            this.write = write;
            this.bytes = bytes;
            this.callback = callback;
            this.isCalledByLoop = isCalledByLoop;
        }

        void apply() throws Exception {
            failure = null;
            try {
                write.apply();
            } catch (StoreException e) {
                failure = e;
            }
        }

        void complete() {
            try {
                callback.accept(failure);
            } catch (Exception | Error e) {
                LOG.error("The callback of a write failed. The callbacks of other writes are not affected", e);
            }
        }
    }

    /** @param name what is written, for messages */
    CommitLoop(String name, Transactions transactions, Executor completions) {
        this.name = name;
        this.transactions = transactions;
        this.completions = completions;
        ended = CompletableFuture.runAsync(this::run, task -> new Thread(task, "outbox-writer").start());
    }

    /**
     * Queues a write, unless too much is queued. One without bytes is always queued, one of any size if it is alone.
     *
     * @param isCalledByLoop whether the loop's thread calls back, so that no executor delays it: it must not block
     */
    void offer(Write write, int bytes, Consumer<StoreException> callback, boolean isCalledByLoop) {
        long before = queuedBytes.getAndAdd(bytes);
        if (bytes > 0 && (before > 0 && before + bytes > MAX_QUEUED_BYTES || queue.size() >= MAX_QUEUED_WRITES)) {
            queuedBytes.addAndGet(-bytes);
            callback.accept(new StoreException("Too many events are queued to be written to disk"));
        } else {
            Entry entry = new Entry(write, bytes, callback, isCalledByLoop);
            queue.add(entry);
            // only now: the thread may have ended before
            if (!open && queue.remove(entry)) {
                entry.failure = new StoreException(name + " is closed");
                entry.complete();
            }
        }
    }

    /** Queues a write however much is queued. The loop's thread completes the result, so no executor delays it. */
    CompletableFuture<StoreException> submit(Write write) {
        CompletableFuture<StoreException> result = new CompletableFuture<>();
        offer(write, 0, result::complete, true);
        return result;
    }

    private void run() {
        boolean isIdleSoon = true;
        while (open || !queue.isEmpty()) {
            try {
                Entry first = queue.poll(isIdleSoon ? 20 : 500, TimeUnit.MILLISECONDS);
                isIdleSoon = first != null || transactions.idle();
                if (first != null) {
                    List<Entry> group = new ArrayList<>(List.of(first));
                    queue.drainTo(group, MAX_WRITES_PER_COMMIT - 1);
                    commit(group);
                    complete(group);
                }
            } catch (Exception | Error e) {
                isIdleSoon = false;
                failed(e);
            }
        }
    }

    /** Commits all writes but those that can't be applied. */
    private void commit(List<Entry> group) {
        List<Entry> left = new ArrayList<>(group);
        while (!left.isEmpty()) {
            Entry applied = null;
            try {
                transactions.begin();
                for (Entry entry : left) {
                    applied = entry;
                    entry.apply();
                }
                applied = null;
                transactions.commit();
                return;
            } catch (Exception | Error e) {
                // whatever it is, the callers must get an answer
                StoreException failure = failed(e);
                boolean isAlone = applied != null && group.size() - left.size() < MAX_FAILURES_PER_COMMIT;
                List<Entry> failed = isAlone ? List.of(applied) : List.copyOf(left);
                failed.forEach(entry -> entry.failure = failure);
                left.removeAll(failed);
            }
        }
    }

    private StoreException failed(Throwable e) {
        try {
            transactions.rollback(e);
            if (failures.count(name) > 0) {
                LOG.error("{} can't be written; the queued writes are answered with an error: {}", name,
                        e.toString());
            }
        } catch (Exception | Error again) {
            // the thread must continue; a connection that is of no use fails in the next transaction
        }
        return new StoreException(name + " can't be written: " + e.getMessage(), e);
    }

    private void complete(List<Entry> group) {
        Queue<Entry> others = new ConcurrentLinkedQueue<>();
        for (Entry entry : group) {
            queuedBytes.addAndGet(-entry.bytes);
            if (entry.isCalledByLoop) {
                entry.complete();
            } else {
                others.add(entry);
            }
        }
        if (!others.isEmpty()) {
            Thread loop = Thread.currentThread();
            execute(() -> complete(others, loop));
        }
    }

    /**
     * Calls the callbacks of one commit that are not called yet. First, it gives another thread the same task: so free
     * threads join in, a callback that blocks delays no other, and a commit takes few tasks.
     *
     * @param giver the thread that has given the task: some executors run it there
     */
    private void complete(Queue<Entry> left, Thread giver) {
        Entry entry = left.poll();
        Thread current = Thread.currentThread();
        if (!left.isEmpty() && current != giver) {
            execute(() -> complete(left, current));
        }
        for (; entry != null; entry = left.poll()) {
            entry.complete();
        }
    }

    private void execute(Runnable task) {
        try {
            completions.execute(task);
        } catch (RuntimeException | Error e) {
            // it is shut down, or can't start a thread: the callers must get an answer all the same
            task.run();
        }
    }

    /** Commits what is queued and ends the thread, whether or not the caller is interrupted. Later writes fail. */
    @Override
    public void close() {
        open = false;
        // ends the wait of the thread
        queue.add(new Entry(() -> LOG.debug("{} is closed", name), 0, failure -> {
        }, true));
        ended.join();
    }
}
