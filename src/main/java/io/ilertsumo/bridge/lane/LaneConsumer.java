package io.ilertsumo.bridge.lane;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;

import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Suspendable;
import org.apache.camel.spi.ShutdownStrategy;
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.BatchListener.Result;

/**
 * Delivers the lane's events, one batch at a time, on a thread of its own. After a failure the next batch is a single
 * event, then twice as many with each batch that succeeds.
 */
class LaneConsumer extends DefaultConsumer implements Suspendable {

    private static final Logger LOG = LoggerFactory.getLogger(LaneConsumer.class);

    /** The longest wait until the thread checks whether it is to stop. */
    private static final long CHECK_MILLIS = 1000;
    /** The longest wait until it checks whether a pause has ended. */
    private static final long PAUSE_MILLIS = 100;

    private volatile ExecutorService executor;
    private volatile BatchSource source;
    private final LogLimit unreadable = new LogLimit();
    /** The most events of the next batch. */
    private int limit;

    LaneConsumer(LaneEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
    }

    @Override
    public LaneEndpoint getEndpoint() {
        return (LaneEndpoint) super.getEndpoint();
    }

    @Override
    protected void doStart() throws Exception {
        LaneEndpoint endpoint = getEndpoint();
        if (!endpoint.getComponent().claim(endpoint.getLane())) {
            throw new IllegalStateException("Two routes consume from the lane " + endpoint.getLane());
        }
        super.doStart();
        limit = maxEvents();
        executor = endpoint.getCamelContext().getExecutorServiceManager().newSingleThreadExecutor(this,
                endpoint.getEndpointUri());
        executor.execute(this::run);
    }

    @Override
    protected void doStop() throws Exception {
        ExecutorService running = executor;
        if (running != null) {
            executor = null;
            BatchSource waiting = source;
            if (waiting != null) {
                waiting.wake();
            }
            // a batch in flight may take as long as the context gives its routes
            ShutdownStrategy strategy = getEndpoint().getCamelContext().getShutdownStrategy();
            getEndpoint().getCamelContext().getExecutorServiceManager().shutdownGraceful(running,
                    strategy.getTimeUnit().toMillis(strategy.getTimeout()));
            getEndpoint().getComponent().release(getEndpoint().getLane());
        }
        super.doStop();
    }

    private void run() {
        LaneComponent component = getEndpoint().getComponent();
        while (isRunning()) {
            try (BatchSource opened = component.getStore().open(getEndpoint().getLane(), maxEvents(),
                    component.getMaxBytes())) {
                source = opened;
                deliver(opened);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (Exception | Error e) {
                // the lane must go on, whatever it is
                if (unreadable.count(e.getClass().getName()) > 0) {
                    LOG.error("The lane {} can't be read and is tried again each second: {}", getEndpoint().getLane(),
                            e.getMessage(), e instanceof StoreException ? null : e);
                }
                sleep();
            } finally {
                source = null;
            }
        }
    }

    private void sleep() {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CHECK_MILLIS);
        try {
            while (isRunning() && System.nanoTime() < end) {
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void deliver(BatchSource batches) throws StoreException, InterruptedException {
        LaneEndpoint endpoint = getEndpoint();
        while (isRunning()) {
            long pause = pause();
            if (pause > 0) {
                batches.idle(Math.min(PAUSE_MILLIS, pause));
            } else if (!batches.await(1, 1, CHECK_MILLIS)) {
                endpoint.getComponent().listeners().forEach(listener -> listener.empty(endpoint));
            } else {
                linger(batches);
                Batch batch = pause() > 0 ? null : batches.next(limit, endpoint.getComponent().getMaxBytes());
                if (batch == null) {
                    batches.idle(1);
                } else {
                    deliver(batches, batch);
                }
            }
        }
    }

    /** Milliseconds until the next batch; positive while the consumer is suspended or the context is not started. */
    private long pause() {
        LaneEndpoint endpoint = getEndpoint();
        if (!isStarted() || !endpoint.getCamelContext().isStarted()) {
            return PAUSE_MILLIS;
        }
        ToLongFunction<BatchListener> delay = listener -> listener.delayMillis(endpoint);
        return endpoint.getComponent().listeners().stream().mapToLong(delay).max().orElse(0);
    }

    /** Waits until a batch is full or the oldest event is as old as the linger time. */
    private void linger(BatchSource batches) throws StoreException, InterruptedException {
        long linger = getEndpoint().getLinger();
        if (linger > 0) {
            // at most the linger time, even if the clock was set back
            long left = Math.min(linger, linger - (System.currentTimeMillis() - batches.oldest()));
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(left);
            while (left > 0 && isStarted()
                    && !batches.await(limit, getEndpoint().getComponent().getMaxBytes(), left)) {
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
        }
    }

    private void deliver(BatchSource batches, Batch batch) throws StoreException {
        Exchange exchange = exchange(batch);
        try {
            Result result = process(batch, exchange);
            if (result == Result.DELIVERED || result == Result.REJECTED) {
                batches.acknowledge(batch);
            }
            adapt(batch, result);
            for (BatchListener listener : getEndpoint().getComponent().listeners()) {
                listener.done(getEndpoint(), batch, result, exchange);
            }
        } finally {
            doneUoW(exchange);
            releaseExchange(exchange, false);
        }
    }

    private Exchange exchange(Batch batch) {
        Exchange exchange = createExchange(false);
        exchange.getMessage().setBody(batch.body());
        // variables, since sending uses up headers and body
        exchange.setVariable(LaneConstants.LANE, batch.lane());
        exchange.setVariable(LaneConstants.GROUP, batch.group());
        exchange.setVariable(LaneConstants.EVENTS, batch.events());
        exchange.setVariable(LaneConstants.BATCH, batch.body());
        return exchange;
    }

    private Result process(Batch batch, Exchange exchange) {
        try {
            createUoW(exchange);
            getProcessor().process(exchange);
        } catch (Exception e) {
            exchange.setException(e);
        }
        if (exchange.getException() != null) {
            if (getEndpoint().getCamelContext().isStopping() || isStoppingOrStopped()) {
                LOG.info("Stopping: a batch of {} events stays in the lane {}", batch.events(), batch.lane());
            }
            return Result.FAILED;
        } else if (exchange.isRollbackOnly()) {
            // a single event can't be split, and must not become a hot loop
            return batch.events() > 1 ? Result.SPLIT : Result.FAILED;
        }
        return exchange.getExchangeExtension().isFailureHandled() ? Result.REJECTED : Result.DELIVERED;
    }

    private void adapt(Batch batch, Result result) {
        switch (result) {
            case DELIVERED, REJECTED -> limit = limit > maxEvents() / 2 ? maxEvents() : limit * 2;
            case SPLIT -> limit = batch.events() / 2;
            case FAILED -> limit = 1;
            default -> throw new IllegalStateException(result.name());
        }
    }

    private int maxEvents() {
        return getEndpoint().getComponent().getMaxEvents();
    }

    /** Whether the thread goes on; also while the consumer is suspended. */
    private boolean isRunning() {
        ExecutorService running = executor;
        return running != null && !running.isShutdown() && (isRunAllowed() || isSuspendingOrSuspended());
    }
}
