package io.ilertsumo.bridge.lane;

import java.util.concurrent.ExecutorService;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.Route;
import org.apache.camel.ShutdownRunningTask;
import org.apache.camel.Suspendable;
import org.apache.camel.spi.ShutdownAware;
import org.apache.camel.spi.ShutdownStrategy;
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands out the lane's events, one batch at a time, on a thread of its own. A batch is removed once its exchange has
 * completed. If the exchange is marked for rollback the batch is handed out again by half, so that an event that nobody
 * takes soon stands alone. If it failed, the next batch is a single event, to see whether all is well again, and each
 * after it twice as large.
 *
 * @param <B> the lane's batches
 */
public abstract class LaneConsumer<B extends Batch> extends DefaultConsumer implements ShutdownAware, Suspendable {

    private static final Logger LOG = LoggerFactory.getLogger(LaneConsumer.class);

    /** How long the thread waits at most until it looks whether it is to go on. */
    private static final long LOOK_MILLIS = 1000;

    /**
     * How often a lane that gives way to another hands out a batch all the same, since the other's trouble may be its
     * own.
     */
    private static final long GIVE_WAY_NANOS = 10_000_000_000L;

    /** How often it is said that the lane can't be read. */
    private static final long TELL_NANOS = 60_000_000_000L;

    private volatile ExecutorService executor;
    private volatile BatchSource<B> source;
    private volatile boolean delivering;
    private volatile boolean failing;
    private long toldNanos = System.nanoTime() - TELL_NANOS;
    /** How many events the next batch holds at most, as far as the last one tells. */
    private int limit = Integer.MAX_VALUE;
    private long lastBatchNanos = System.nanoTime();

    protected LaneConsumer(LaneEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
    }

    /** Opens the source of batches, for the thread that calls; again after it has failed. */
    protected abstract BatchSource<B> open() throws Exception;

    @Override
    public LaneEndpoint getEndpoint() {
        return (LaneEndpoint) super.getEndpoint();
    }

    /** Whether events wait since the last batch could not be delivered. */
    public boolean isFailing() {
        return failing;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        executor = getEndpoint().getCamelContext().getExecutorServiceManager().newSingleThreadExecutor(this,
                getEndpoint().getEndpointUri());
        executor.execute(this::run);
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
        BatchSource<B> waitedFor = source;
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
        super.doStop();
    }

    @Override
    public boolean deferShutdown(ShutdownRunningTask shutdownRunningTask) {
        // what waits is safe and is delivered after the next start
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

    private void run() {
        while (isToGoOn()) {
            try (BatchSource<B> opened = open()) {
                source = opened;
                deliver(opened);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (Exception | Error e) {
                // whatever it is, the lane must go on
                if (System.nanoTime() - toldNanos >= TELL_NANOS) {
                    toldNanos = System.nanoTime();
                    getExceptionHandler().handleException("The lane " + getEndpoint().getLane() + " can't be read", e);
                }
                pause(Thread::sleep);
            } finally {
                source = null;
            }
        }
    }

    private void deliver(BatchSource<B> batches) throws Exception {
        LaneEndpoint endpoint = getEndpoint();
        while (isToGoOn()) {
            if (!isStarted() || !endpoint.getCamelContext().isStarted() || isToGiveWay()) {
                batches.idle(100);
            } else if (!batches.await(1, 1, LOOK_MILLIS)) {
                // what could not be delivered is somebody else's by now
                failing = false;
            } else {
                linger(batches);
                if (isStarted() && !isToGiveWay()) {
                    lastBatchNanos = System.nanoTime();
                    B batch = batches.next(maxEvents(), endpoint.getMaxBytes());
                    if (batch == null || !deliver(batches, batch)) {
                        pause(batches::idle);
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
        if (first == null || System.nanoTime() - lastBatchNanos >= GIVE_WAY_NANOS) {
            return false;
        }
        for (Route route : getEndpoint().getCamelContext().getRoutes()) {
            if (route.getConsumer() instanceof LaneConsumer<?> other && first.equals(other.getEndpoint().getLane())) {
                return other.isFailing();
            }
        }
        return false;
    }

    /** Waits until there is enough for a full batch or the oldest event has waited for long enough. */
    private void linger(BatchSource<B> batches) throws Exception {
        LaneEndpoint endpoint = getEndpoint();
        if (endpoint.getLinger() > 0) {
            long waited = System.currentTimeMillis() - batches.oldest();
            // no more than once the linger time, should the clock have been set back
            long left = Math.min(endpoint.getLinger(), endpoint.getLinger() - waited);
            long end = System.nanoTime() + left * 1_000_000;
            while (left > 0 && isStarted() && !batches.await(maxEvents(), endpoint.getMaxBytes(), left)) {
                left = (end - System.nanoTime()) / 1_000_000;
            }
        }
    }

    /** @return whether the next batch may follow at once, as far as the consumer is not suspended */
    private boolean deliver(BatchSource<B> batches, B batch) throws InterruptedException {
        Exchange exchange = createExchange(false);
        Message message = exchange.getMessage();
        message.setBody(batch.body());
        message.setHeader(LaneConstants.LANE, batch.lane());
        message.setHeader(LaneConstants.GROUP, batch.group());
        message.setHeader(LaneConstants.EVENTS, batch.events());
        message.setHeader(LaneConstants.BYTES, batch.body().length);
        exchange.setProperty(LaneConstants.BATCH, batch);
        delivering = true;
        try {
            createUoW(exchange);
            getProcessor().process(exchange);
            if (exchange.getException() != null) {
                failed(batch, exchange, exchange.getException());
                return !isStarted();
            }
            if (exchange.isRollbackOnly()) {
                limit = Math.max(1, batch.events() / 2);
                // a single event can't be halved: whatever the route wants, it must not become a hot loop
                return batch.events() > 1;
            }
            batches.remove(batch);
            limit = limit < getEndpoint().getMaxEvents() ? limit * 2 : Integer.MAX_VALUE;
            failing = false;
            return true;
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            failed(batch, exchange, e);
            return false;
        } finally {
            doneUoW(exchange);
            releaseExchange(exchange, false);
            delivering = false;
        }
    }

    private void failed(B batch, Exchange exchange, Exception failure) {
        limit = 1;
        failing = true;
        if (getEndpoint().getCamelContext().isStopping() || isStoppingOrStopped()) {
            LOG.info("Stopping: a batch of {} events stays in the lane {}", batch.events(), batch.lane());
        } else if (isStarted()) {
            // a route policy that suspends the consumer has told of it already
            getExceptionHandler().handleException("A batch stays in the lane " + batch.lane(), exchange, failure);
        }
    }

    /** Something that waits, in milliseconds. */
    @FunctionalInterface
    private interface Wait {
        void await(long millis) throws Exception;
    }

    private void pause(Wait wait) {
        long end = System.nanoTime() + getEndpoint().getRetryDelay() * 1_000_000;
        try {
            while (isToGoOn() && System.nanoTime() < end) {
                wait.await(Math.min(100, getEndpoint().getRetryDelay()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** A suspended consumer keeps its thread. */
    protected boolean isToGoOn() {
        ExecutorService running = executor;
        return running != null && !running.isShutdown() && (isRunAllowed() || isSuspendingOrSuspended());
    }
}
