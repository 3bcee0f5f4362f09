package io.ilertsumo.bridge.store.sqlite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.testing.LoggedLines;

/** Writes are committed in groups, and every callback is called; without a file. */
class CommitLoopTest {

    private static final String QUEUED = "Too many events are queued to be written to disk";

    private final Memory memory = new Memory();
    private final AtomicInteger tasks = new AtomicInteger();
    private ExecutorService pool = Executors.newFixedThreadPool(4);
    private final CommitLoop loop = new CommitLoop("The test", memory, task -> {
        tasks.incrementAndGet();
        pool.execute(task);
    });

    /** Transactions of texts. */
    private static final class Memory implements CommitLoop.Transactions {

        private final List<List<String>> commits = Collections.synchronizedList(new ArrayList<>());
        private final List<String> open = new ArrayList<>();
        private final List<String> causes = Collections.synchronizedList(new ArrayList<>());
        private final AtomicInteger begun = new AtomicInteger();
        private final AtomicInteger idle = new AtomicInteger();
        private volatile Throwable beginFailure;
        private volatile Throwable commitFailure;
        private volatile RuntimeException idleFailure;
        private volatile Error rollbackFailure;

        CommitLoop.Write write(String text) {
            return () -> open.add(text);
        }

        @Override
        public void begin() throws Exception {
            assertTrue(open.isEmpty());
            begun.incrementAndGet();
            fail(beginFailure);
        }

        @Override
        public void commit() throws Exception {
            fail(commitFailure);
            commits.add(List.copyOf(open));
            open.clear();
        }

        private static void fail(Throwable failure) throws Exception {
            if (failure instanceof Error e) {
                throw e;
            } else if (failure != null) {
                throw (Exception) failure;
            }
        }

        @Override
        public void rollback(Throwable cause) {
            causes.add(cause.getMessage());
            open.clear();
            if (rollbackFailure != null) {
                throw rollbackFailure;
            }
        }

        @Override
        public boolean idle() {
            idle.incrementAndGet();
            if (idleFailure != null) {
                throw idleFailure;
            }
            return false;
        }
    }

    @AfterEach
    void close() {
        loop.close();
        pool.shutdownNow();
    }

    /** The result of a write; {@code null} if it is durable. */
    private CompletableFuture<StoreException> offer(CommitLoop.Write write) {
        CompletableFuture<StoreException> result = new CompletableFuture<>();
        loop.offer(write, 1, result::complete, false);
        return result;
    }

    private static StoreException get(CompletableFuture<StoreException> result) throws Exception {
        return result.get(10, TimeUnit.SECONDS);
    }

    private CountDownLatch hold() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        loop.offer(() -> {
            held.countDown();
            OutboxFixture.awaitLatch(release);
        }, 0, failure -> {
        }, false);
        OutboxFixture.awaitLatch(held);
        return release;
    }

    @Test
    void allThatIsQueuedSharesACommit() throws Exception {
        CountDownLatch release = hold();
        List<CompletableFuture<StoreException>> results = IntStream.range(0, 5)
                .mapToObj(i -> offer(memory.write("" + i))).toList();
        assertFalse(results.get(0).isDone());
        release.countDown();

        for (CompletableFuture<StoreException> result : results) {
            assertNull(get(result));
        }
        assertEquals(List.of(List.of(), List.of("0", "1", "2", "3", "4")), memory.commits);
    }

    @Test
    void aCommitHasABoundedNumberOfWrites() throws Exception {
        CountDownLatch release = hold();
        List<CompletableFuture<StoreException>> results = IntStream.range(0, 2000)
                .mapToObj(i -> offer(memory.write("" + i))).toList();
        release.countDown();

        for (CompletableFuture<StoreException> result : results) {
            assertNull(get(result));
        }
        assertEquals(List.of(0, 1024, 976), memory.commits.stream().map(List::size).toList());
    }

    @Test
    void aCallbackIsCalledOnceTheWriteIsCommitted() throws Exception {
        CompletableFuture<Integer> commits = new CompletableFuture<>();

        loop.offer(memory.write("1"), 1, failure -> commits.complete(memory.commits.size()), false);

        assertEquals(1, commits.get(10, TimeUnit.SECONDS));
    }

    @Test
    void badWritesFailAloneInTheirCommit() throws Exception {
        CountDownLatch release = hold();
        CompletableFuture<StoreException> before = offer(memory.write("before"));
        CompletableFuture<StoreException> bad = offer(() -> {
            memory.open.add("half");
            throw new IllegalStateException("bad");
        });
        CompletableFuture<StoreException> between = offer(memory.write("between"));
        CompletableFuture<StoreException> worse = offer(() -> {
            throw new AssertionError("worse");
        });
        CompletableFuture<StoreException> after = offer(memory.write("after"));
        release.countDown();

        assertNull(get(before));
        assertNull(get(between));
        assertNull(get(after));
        assertEquals("The test can't be written: bad", get(bad).getMessage());
        assertEquals("The test can't be written: worse", get(worse).getMessage());
        assertEquals(List.of(List.of(), List.of("before", "between", "after")), memory.commits);
        assertEquals(List.of("bad", "worse"), memory.causes);
    }

    @Test
    void ofACommitWithManyBadWritesTheRestFailsToo() throws Exception {
        CountDownLatch release = hold();
        CompletableFuture<StoreException> first = offer(memory.write("first"));
        List<CompletableFuture<StoreException>> bad = IntStream.range(0, 1000).mapToObj(i -> offer(() -> {
            throw new IllegalStateException("bad " + i);
        })).toList();
        release.countDown();

        for (int i = 0; i < 1000; i++) {
            assertEquals("The test can't be written: bad " + Math.min(i, CommitLoop.MAX_FAILURES_PER_COMMIT),
                    get(bad.get(i)).getMessage());
        }
        assertEquals("The test can't be written: bad " + CommitLoop.MAX_FAILURES_PER_COMMIT, get(first).getMessage());
        assertEquals(2 + CommitLoop.MAX_FAILURES_PER_COMMIT, memory.begun.get());
        assertNull(get(offer(memory.write("and the loop goes on"))));
    }

    @Test
    void aRejectedWriteEndsNoTransaction() throws Exception {
        CountDownLatch release = hold();
        StoreException full = new StoreException("full");
        CompletableFuture<StoreException> before = offer(memory.write("before"));
        CompletableFuture<StoreException> rejected = offer(() -> {
            throw full;
        });
        release.countDown();

        assertNull(get(before));
        assertSame(full, get(rejected));
        assertEquals(List.of(), memory.causes);
        assertEquals(List.of("before"), memory.commits.get(1));
    }

    @Test
    void aRejectionOfAnEarlierTransactionDoesNotCount() throws Exception {
        CountDownLatch release = hold();
        AtomicInteger applied = new AtomicInteger();
        CompletableFuture<StoreException> fullAtFirst = offer(() -> {
            if (applied.getAndIncrement() == 0) {
                throw new StoreException("full");
            }
        });
        CompletableFuture<StoreException> bad = offer(() -> {
            throw new IllegalStateException("bad");
        });
        release.countDown();

        assertEquals("The test can't be written: bad", get(bad).getMessage());
        assertNull(get(fullAtFirst));
    }

    @Test
    void ofACommitThatFailsAllWritesFailAndTheNextIsTried() throws Exception {
        for (Throwable failure : List.of(new IllegalStateException("broken"), new AssertionError("broken"))) {
            CountDownLatch release = hold();
            memory.commitFailure = failure;
            List<CompletableFuture<StoreException>> results = List.of(offer(memory.write("1")),
                    offer(memory.write("2")));
            release.countDown();

            for (CompletableFuture<StoreException> result : results) {
                assertEquals("The test can't be written: broken", get(result).getMessage());
            }
            memory.commitFailure = null;
            assertNull(get(offer(memory.write("3"))));
            assertEquals(List.of("3"), memory.commits.get(memory.commits.size() - 1));
        }
    }

    @Test
    void ifNoTransactionCanBeginAllWritesFailAtOnce() throws Exception {
        CountDownLatch release = hold();
        memory.beginFailure = new IllegalStateException("locked");
        List<CompletableFuture<StoreException>> results = List.of(offer(memory.write("1")), offer(memory.write("2")));
        release.countDown();

        for (CompletableFuture<StoreException> result : results) {
            assertEquals("The test can't be written: locked", get(result).getMessage());
        }
        assertEquals(2, memory.begun.get());
    }

    @Test
    void failuresAreLoggedOnceAMinute() throws Exception {
        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            memory.commitFailure = new IllegalStateException("broken");
            for (int i = 0; i < 3; i++) {
                get(offer(memory.write("1")));
            }
            assertEquals(1, logged.matching("ERROR The test can't be written.*broken").size());
        }
    }

    @Test
    void anIdleThatFailsDoesNotEndTheThread() throws Exception {
        memory.idleFailure = new IllegalStateException("idle");
        Awaitility.await().until(() -> memory.causes.contains("idle"));

        assertNull(get(offer(memory.write("1"))));
    }

    @Test
    void ifARollbackFailsTheCallersGetAnAnswerAndTheThreadContinues() throws Exception {
        memory.commitFailure = new OutOfMemoryError("Out of memory on purpose");
        memory.rollbackFailure = new OutOfMemoryError("Again");
        assertInstanceOf(StoreException.class, get(offer(memory.write("1"))));
        memory.idleFailure = new IllegalStateException("Idle fails on purpose");
        int before = memory.idle.get();
        Awaitility.await().until(() -> memory.idle.get() > before);

        memory.commitFailure = null;
        memory.idleFailure = null;

        assertNull(get(offer(memory.write("2"))));
    }

    @Test
    void aCloseThatIsInterruptedWaitsForTheEnd() throws Exception {
        CountDownLatch release = hold();
        CompletableFuture<StoreException> last = offer(memory.write("last"));
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        Thread closer = new Thread(() -> {
            loop.close();
            closed.complete(Thread.currentThread().isInterrupted());
        });
        closer.start();
        Awaitility.await().until(() -> closer.getState() == Thread.State.WAITING);
        closer.interrupt();
        Awaitility.await().until(() -> closer.getState() == Thread.State.WAITING && !closer.isInterrupted());
        assertFalse(closed.isDone());
        release.countDown();

        assertTrue(closed.get(10, TimeUnit.SECONDS), "it is interrupted still");
        assertNull(get(last));
    }

    @Test
    void moreThanTheBoundsIsNotQueued() throws Exception {
        CountDownLatch release = hold();
        for (int i = 0; i < CommitLoop.MAX_QUEUED_WRITES; i++) {
            offer(memory.write("1"));
        }
        assertEquals(QUEUED, offer(memory.write("too many")).getNow(null).getMessage());
        CompletableFuture<StoreException> put = new CompletableFuture<>();
        loop.offer(memory.write("put"), 0, put::complete, false);
        CompletableFuture<StoreException> submitted = loop.submit(memory.write("submitted"));
        release.countDown();

        assertNull(get(put));
        assertNull(get(submitted));
        assertNull(get(offer(memory.write("there is room again"))));
    }

    @Test
    void moreBytesThanTheBoundAreNotQueuedUnlessInOneWrite() throws Exception {
        CountDownLatch release = hold();
        CompletableFuture<StoreException> large = new CompletableFuture<>();
        loop.offer(memory.write("large"), CommitLoop.MAX_QUEUED_BYTES + 1, large::complete, false);
        assertEquals(QUEUED, offer(memory.write("small")).getNow(null).getMessage());
        release.countDown();

        assertNull(get(large));
        assertNull(get(offer(memory.write("small"))));
    }

    // callbacks

    @Test
    void callbacksThatBlockDelayNoOther() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch release = hold();
        List<CompletableFuture<StoreException>> results = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            // one thread of the pool is left
            if (i == 0 || i == 50 || i == 98) {
                loop.offer(memory.write("blocks"), 1, failure -> OutboxFixture.awaitLatch(blocked), false);
            } else {
                results.add(offer(memory.write("" + i)));
            }
        }
        release.countDown();

        for (CompletableFuture<StoreException> result : results) {
            assertNull(get(result));
        }
        assertNull(get(loop.submit(memory.write("and the loop goes on"))));
        blocked.countDown();
    }

    @Test
    void theCallbacksOfACommitShareFewTasks() throws Exception {
        CountDownLatch release = hold();
        List<CompletableFuture<StoreException>> results = IntStream.range(0, 1000)
                .mapToObj(i -> offer(memory.write("" + i))).toList();
        release.countDown();

        for (CompletableFuture<StoreException> result : results) {
            assertNull(get(result));
        }
        // one for the write that held the loop, one for each thread of the pool, one that comes too late
        assertTrue(tasks.get() <= 1 + 4 + 1, tasks + " tasks");
    }

    @Test
    void freeThreadsShareTheCallbacksOfACommit() throws Exception {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(4);
        CountDownLatch release = hold();
        for (int i = 0; i < 4; i++) {
            loop.offer(memory.write("" + i), 1, failure -> {
                threads.add(Thread.currentThread());
                all.countDown();
                OutboxFixture.awaitLatch(all);
            }, false);
        }
        release.countDown();

        OutboxFixture.awaitLatch(all);
        assertEquals(4, threads.size());
    }

    @Test
    void aCallbackThatThrowsDoesNotAffectOthers() throws Exception {
        try (LoggedLines logged = new LoggedLines(Outbox.class)) {
            CountDownLatch release = hold();
            Consumer<StoreException> throwing = failure -> {
                throw new IllegalStateException("thrown");
            };
            CompletableFuture<StoreException> before = offer(memory.write("before"));
            loop.offer(memory.write("1"), 1, throwing, false);
            CompletableFuture<StoreException> after = offer(memory.write("after"));
            release.countDown();

            assertNull(get(before));
            assertNull(get(after));
            Awaitility.await().until(() -> !logged.matching("ERROR The callback of a write failed.*").isEmpty());
        }
    }

    @Test
    void aCallbackRunsOnTheExecutorUnlessItIsForTheLoop() throws Exception {
        CompletableFuture<Thread> forLoop = new CompletableFuture<>();
        CompletableFuture<Thread> offered = new CompletableFuture<>();
        CompletableFuture<Thread> submitted = new CompletableFuture<>();
        CountDownLatch release = hold();
        loop.offer(memory.write("1"), 1, failure -> offered.complete(Thread.currentThread()), false);
        loop.submit(memory.write("2")).thenRun(() -> submitted.complete(Thread.currentThread()));
        loop.offer(memory.write("3"), 1, failure -> forLoop.complete(Thread.currentThread()), true);
        release.countDown();

        assertEquals("outbox-writer", forLoop.get(10, TimeUnit.SECONDS).getName());
        assertEquals("outbox-writer", submitted.get(10, TimeUnit.SECONDS).getName());
        assertNotEquals("outbox-writer", offered.get(10, TimeUnit.SECONDS).getName());
    }

    @Test
    void ifTheExecutorIsShutDownCallbacksRunAllTheSameInTheirOrder() throws Exception {
        pool.shutdown();
        List<Integer> called = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch release = hold();
        for (int i = 0; i < 500; i++) {
            int number = i;
            loop.offer(memory.write("" + i), 1, failure -> called.add(number), false);
        }
        release.countDown();

        Awaitility.await().until(() -> called.size() == 500);
        assertEquals(IntStream.range(0, 500).boxed().toList(), called);
    }

    @Test
    void whatIsQueuedIsCommittedBeforeTheEndAndNothingAfterIt() throws Exception {
        CountDownLatch release = hold();
        CompletableFuture<StoreException> queued = offer(memory.write("queued"));
        CompletableFuture<Void> closed = CompletableFuture.runAsync(loop::close);
        Awaitility.await().until(() -> !loop.open);
        release.countDown();

        closed.get(10, TimeUnit.SECONDS);
        assertNull(get(queued));
        assertEquals("The test is closed", get(offer(memory.write("late"))).getMessage());
        assertEquals("The test is closed", get(loop.submit(memory.write("late"))).getMessage());
        assertFalse(memory.commits.toString().contains("late"));
    }

    @Test
    void aCloseDoesNotWaitForTheNextPoll() {
        Awaitility.await().until(() -> memory.idle.get() > 1);
        long start = System.nanoTime();

        loop.close();

        assertTrue(System.nanoTime() - start < 250_000_000L);
    }
}
