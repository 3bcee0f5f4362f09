package io.ilertsumo.bridge.http;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

class AnswerQueueTest {

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final List<String> written = new ArrayList<>();
    private final AnswerQueue answers = new AnswerQueue(tasks::add);

    @Test
    void answersThatAreAddedTogetherShareOneTaskInTheirOrder() {
        add("a", "b", "c");

        assertEquals(1, tasks.size());
        assertEquals(List.of(), written);
        tasks.remove().run();
        assertEquals(List.of("a", "b", "c"), written);
        assertEquals(0, tasks.size());
    }

    @Test
    void anAnswerThatIsAddedLaterHasATaskOfItsOwn() {
        add("a");
        tasks.remove().run();
        add("b");

        assertEquals(1, tasks.size());
        tasks.remove().run();
        assertEquals(List.of("a", "b"), written);
    }

    @Test
    void anAnswerThatIsAddedWhileOthersAreWrittenSharesTheirTask() {
        answers.add(() -> add("a", "b"));

        tasks.remove().run();

        assertEquals(List.of("a", "b"), written);
        assertEquals(0, tasks.size());
    }

    @Test
    void anAnswerThatFailsKeepsNoOtherFromBeingWritten() {
        answers.add(() -> {
            throw new IllegalStateException("as the test wants");
        });
        add("a");

        assertThrows(IllegalStateException.class, tasks.remove()::run);
        tasks.remove().run();

        assertEquals(List.of("a"), written);
        assertEquals(0, tasks.size());
    }

    @Test
    void ofManyThreadsEveryAnswerIsWrittenOnceAndInFewTasks() throws Exception {
        int threads = 4;
        int each = 50_000;
        AtomicInteger run = new AtomicInteger();
        List<String> writers = new ArrayList<>();
        ExecutorService eventLoop = Executors.newSingleThreadExecutor(task -> new Thread(task, "event-loop"));
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            AnswerQueue queue = new AnswerQueue(task -> {
                run.incrementAndGet();
                eventLoop.execute(task);
            });
            IntStream.range(0, threads).forEach(thread -> pool.execute(() -> IntStream.range(0, each)
                    .forEach(i -> queue.add(() -> writers.add(Thread.currentThread().getName())))));

            await().until(() -> eventLoop.submit(writers::size).get() == threads * each);
            assertTrue(writers.stream().allMatch("event-loop"::equals), "each is written by the event loop");
            assertTrue(run.get() < threads * each / 2, run + " tasks");
        } finally {
            pool.shutdownNow();
            eventLoop.shutdownNow();
        }
    }

    private void add(String... texts) {
        for (String text : texts) {
            answers.add(() -> written.add(text));
        }
    }
}
