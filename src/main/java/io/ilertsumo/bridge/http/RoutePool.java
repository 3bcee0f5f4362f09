package io.ilertsumo.bridge.http;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
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

    private final ThreadPoolExecutor threads;

    public RoutePool(BridgeSettings settings) {
        AtomicInteger number = new AtomicInteger();
        threads = new ThreadPoolExecutor(settings.receiveThreads(), settings.receiveThreads(), 0, TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "routes-" + number.incrementAndGet());
                    // not that of the thread that happens to start this one
                    thread.setContextClassLoader(RoutePool.class.getClassLoader());
                    return thread;
                }, (task, stopped) -> task.run());
    }

    /** Runs the task, on the calling thread once the pool is stopped. */
    @Override
    public void execute(Runnable task) {
        threads.execute(task);
    }

    @PreDestroy
    void stop() {
        threads.shutdown();
    }
}
