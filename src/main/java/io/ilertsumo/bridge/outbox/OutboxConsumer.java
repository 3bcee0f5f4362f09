package io.ilertsumo.bridge.outbox;

import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.ShutdownRunningTask;
import org.apache.camel.Suspendable;
import org.apache.camel.spi.ShutdownAware;
import org.apache.camel.spi.ShutdownStrategy;
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands out the lane's events, one batch at a time, on a thread of its own. The commit that stores an event wakes it. A
 * batch is removed once its exchange has completed. If the exchange is marked for rollback the batch is handed out
 * again by half, so that an event that nobody takes soon stands alone. If it failed, the next batch is a single event,
 * to see whether all is well again, and each after it twice as large.
 */
class OutboxConsumer extends DefaultConsumer implements ShutdownAware, Suspendable {

    private static final Logger LOG = LoggerFactory.getLogger(OutboxConsumer.class);

    /** How long the thread waits at most until it looks whether it is to go on. */
    private static final long LOOK_MILLIS = 1000;

    /**
     * How often a lane that gives way to another hands out a batch all the same, since the other's trouble may be its
     * own.
     */
    private static final long GIVE_WAY_NANOS = 10_000_000_000L;

    private volatile ExecutorService executor;
    private volatile Lane lane;
    private OutboxFile file;
    private volatile boolean delivering;
    /** How many events the next batch holds at most, as far as the last one tells. */
    private int limit = Integer.MAX_VALUE;
    private long lastBatchNanos = System.nanoTime();

    OutboxConsumer(OutboxEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
    }

    @Override
    public OutboxEndpoint getEndpoint() {
        return (OutboxEndpoint) super.getEndpoint();
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        file = getEndpoint().getComponent().getFile();
        Lane wanted = file.lane(getEndpoint().getLane());
        if (!wanted.claim()) {
            throw new IllegalStateException("The lane " + wanted.name() + " has a consumer already");
        }
        lane = wanted;
        executor = getEndpoint().getCamelContext().getExecutorServiceManager().newSingleThreadExecutor(this,
                getEndpoint().getEndpointUri());
        executor.execute(() -> run(wanted));
    }

    @Override
    protected void doSuspend() throws Exception {
        wake();
        super.doSuspend();
    }

    @Override
    protected void doResume() throws Exception {
        super.doResume();
        wake();
    }

    private void wake() {
        Lane waitedFor = lane;
        if (waitedFor != null) {
            waitedFor.wake();
        }
    }

    @Override
    protected void doStop() throws Exception {
        ExecutorService running = executor;
        if (running != null) {
            executor = null;
            wake();
            // a batch on its way has as long as the context gives its routes
            ShutdownStrategy strategy = getEndpoint().getCamelContext().getShutdownStrategy();
            getEndpoint().getCamelContext().getExecutorServiceManager().shutdownGraceful(running,
                    strategy.getTimeUnit().toMillis(strategy.getTimeout()));
        }
        if (lane != null) {
            lane.release();
            lane = null;
        }
        super.doStop();
    }

    @Override
    public boolean deferShutdown(ShutdownRunningTask shutdownRunningTask) {
        // what waits is safe on disk and is delivered after the next start
        return false;
    }

    @Override
    public int getPendingExchangesSize() {
        return delivering ? 1 : 0;
    }

    @Override
    public void prepareShutdown(boolean suspendOnly, boolean forced) {
        // nothing to prepare: the thread looks by itself whether it is to go on
    }

    private void run(Lane lane) {
        while (isToGoOn()) {
            try (OutboxReader reader = file.reader()) {
                deliver(lane, reader);
            } catch (SQLException | RuntimeException | Error e) {
                // whatever it is, the lane must go on
                getExceptionHandler().handleException("The outbox can't be read", e);
                pause();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void deliver(Lane lane, OutboxReader reader) throws SQLException, InterruptedException {
        OutboxEndpoint endpoint = getEndpoint();
        while (isToGoOn()) {
            if (!isStarted() || !endpoint.getCamelContext().isStarted() || isToGiveWay()) {
                lane.await(Long.MAX_VALUE, Long.MAX_VALUE, 100);
            } else if (lane.await(1, 1, LOOK_MILLIS)) {
                linger(lane, reader);
                if (isStarted() && !isToGiveWay()) {
                    lastBatchNanos = System.nanoTime();
                    Batch batch = reader.next(endpoint.getLane(), maxEvents(), endpoint.getMaxBytes());
                    if (batch == null || !deliver(lane, batch)) {
                        pause();
                    }
                }
            }
        }
    }

    private int maxEvents() {
        return Math.min(limit, getEndpoint().getMaxEvents());
    }

    private boolean isToGiveWay() {
        String first = getEndpoint().getGiveWayTo();
        return first != null && file.lane(first).isHeldUp()
                && System.nanoTime() - lastBatchNanos < GIVE_WAY_NANOS;
    }

    /** Waits until there is enough for a full batch or the oldest event has waited for long enough. */
    private void linger(Lane lane, OutboxReader reader) throws SQLException, InterruptedException {
        OutboxEndpoint endpoint = getEndpoint();
        if (endpoint.getLinger() > 0) {
            long waited = System.currentTimeMillis() - reader.oldest(endpoint.getLane());
            // no more than once the linger time, should the clock have been set back
            long left = Math.min(endpoint.getLinger(), endpoint.getLinger() - waited);
            long end = System.nanoTime() + left * 1_000_000;
            while (left > 0 && isStarted() && !lane.await(maxEvents(), endpoint.getMaxBytes(), left)) {
                left = (end - System.nanoTime()) / 1_000_000;
            }
        }
    }

    /** @return whether the next batch may follow at once, as far as the consumer is not suspended */
    private boolean deliver(Lane lane, Batch batch) throws InterruptedException {
        Exchange exchange = createExchange(false);
        Message message = exchange.getMessage();
        message.setBody(batch.body());
        message.setHeader(OutboxConstants.LANE, batch.lane());
        message.setHeader(OutboxConstants.GROUP, batch.group());
        message.setHeader(OutboxConstants.EVENTS, batch.events());
        message.setHeader(OutboxConstants.BYTES, batch.body().length);
        exchange.setProperty(OutboxConstants.BATCH, batch);
        delivering = true;
        try {
            createUoW(exchange);
            getProcessor().process(exchange);
            if (exchange.getException() != null) {
                failed(lane, batch, exchange, exchange.getException());
                return !isStarted();
            }
            if (exchange.isRollbackOnly()) {
                limit = Math.max(1, batch.events() / 2);
                // a single event can't be halved: whatever the route wants, it must not become a hot loop
                return batch.events() > 1;
            }
            remove(batch);
            limit = limit < getEndpoint().getMaxEvents() ? limit * 2 : Integer.MAX_VALUE;
            lane.failing(false);
            return true;
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            failed(lane, batch, exchange, e);
            return false;
        } finally {
            doneUoW(exchange);
            releaseExchange(exchange, false);
            delivering = false;
        }
    }

    private void failed(Lane lane, Batch batch, Exchange exchange, Exception failure) {
        limit = 1;
        lane.failing(true);
        if (getEndpoint().getCamelContext().isStopping() || isStoppingOrStopped()) {
            LOG.info("Stopping: a batch of {} events stays in the lane {}", batch.events(), batch.lane());
        } else if (isStarted()) {
            // a route policy that suspends the consumer has told of it already
            getExceptionHandler().handleException("A batch stays in the outbox", exchange, failure);
        }
    }

    /**
     * What was delivered must not be handed out again: tried until the file takes it, as long as the consumer is not
     * stopped.
     */
    private void remove(Batch batch) throws OutboxException {
        boolean isInterrupted = false;
        boolean isTold = false;
        try {
            while (true) {
                CompletableFuture<Exception> removed = new CompletableFuture<>();
                try {
                    file.remove(batch, (repeated, failure) -> removed.complete(failure));
                    Exception failure = removed.get();
                    if (failure == null || failure instanceof BatchGoneException) {
                        return;
                    } else if (!isToGoOn()) {
                        throw new OutboxException("A batch was delivered, but is still in the outbox", failure);
                    } else if (!isTold) {
                        isTold = true;
                        LOG.error("A batch of the lane {} was delivered, but can't be taken out of the outbox. Tried "
                                + "again until it is: {}", batch.lane(), failure.getMessage());
                    }
                    Thread.sleep(getEndpoint().getRetryDelay());
                } catch (InterruptedException e) {
                    // not before it is done
                    isInterrupted = true;
                } catch (ExecutionException e) {
                    throw new IllegalStateException("It is never completed so", e);
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void pause() {
        long end = System.nanoTime() + getEndpoint().getRetryDelay() * 1_000_000;
        try {
            while (isToGoOn() && System.nanoTime() < end) {
                Thread.sleep(Math.min(100, getEndpoint().getRetryDelay()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A suspended consumer keeps its thread. */
    private boolean isToGoOn() {
        ExecutorService running = executor;
        return running != null && !running.isShutdown() && (isRunAllowed() || isSuspendingOrSuspended());
    }
}
