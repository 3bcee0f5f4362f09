package io.ilertsumo.bridge.http;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;

import io.ilertsumo.bridge.settings.BridgeSettings;

/**
 * Runs the routes of webhook calls: from the call to the lane, and on from the lane once the event is durable. The
 * number of threads is fixed ({@code bridge.receive.threads}); {@link WebhookGuard} bounds the queue. Thread-safe.
 */
@ApplicationScoped
public class RoutePool implements Executor {

    private final ExecutorService threads;

    RoutePool(BridgeSettings settings) {
        AtomicInteger number = new AtomicInteger();
        threads = Executors.newFixedThreadPool(settings.receiveThreads(), task -> {
            Thread thread = new Thread(task, "routes-" + number.incrementAndGet());
            // not that of the thread that happens to start this one
            thread.setContextClassLoader(RoutePool.class.getClassLoader());
            return thread;
        });
    }

    /** Runs the task, on the calling thread once the pool is stopped. */
    @Override
    public void execute(Runnable task) {
        try {
            threads.execute(task);
        } catch (RejectedExecutionException e) {
            task.run();
        }
    }

    @PreDestroy
    void stop() {
        threads.shutdown();
    }
}
