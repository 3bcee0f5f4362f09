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
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands out the lane's events, one batch at a time, on a thread of its own. The commit that stores an event wakes it. A
 * batch is removed once its exchange completed without an exception; else it stays where it is and comes again.
 */
class OutboxConsumer extends DefaultConsumer implements Runnable, ShutdownAware, Suspendable {

    private static final Logger LOG = LoggerFactory.getLogger(OutboxConsumer.class);

    /** How long the thread waits at most until it looks whether it is to go on. */
    private static final long LOOK_MILLIS = 1000;

    private ExecutorService executor;
    private OutboxFile file;
    private Lane lane;
    private volatile boolean delivering;

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
        executor.execute(this);
    }

    @Override
    protected void doSuspend() throws Exception {
        lane.wake();
        super.doSuspend();
    }

    @Override
    protected void doResume() throws Exception {
        super.doResume();
        lane.wake();
    }

    @Override
    protected void doStop() throws Exception {
        if (executor != null) {
            lane.wake();
            getEndpoint().getCamelContext().getExecutorServiceManager().shutdownGraceful(executor);
            executor = null;
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
        lane.wake();
    }

    @Override
    public void run() {
        while (isToGoOn()) {
            try (OutboxReader reader = file.reader()) {
                deliver(reader);
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

    private void deliver(OutboxReader reader) throws SQLException, InterruptedException {
        OutboxEndpoint endpoint = getEndpoint();
        while (isToGoOn()) {
            if (!isStarted() || !endpoint.getCamelContext().isStarted()) {
                lane.await(Long.MAX_VALUE, Long.MAX_VALUE, 100);
            } else if (lane.await(1, 1, LOOK_MILLIS)) {
                linger(reader);
                if (isStarted()) {
                    Batch batch = reader.next(endpoint.getLane(), endpoint.getMaxEvents(), endpoint.getMaxBytes());
                    if (batch == null || !deliver(batch)) {
                        pause();
                    }
                }
            }
        }
    }

    /** Waits until there is enough for a full batch or the oldest event has waited for long enough. */
    private void linger(OutboxReader reader) throws SQLException, InterruptedException {
        OutboxEndpoint endpoint = getEndpoint();
        if (endpoint.getLinger() > 0) {
            long waited = System.currentTimeMillis() - reader.oldest(endpoint.getLane());
            // no more than once the linger time, should the clock have been set back
            long left = Math.min(endpoint.getLinger(), endpoint.getLinger() - waited);
            long end = System.nanoTime() + left * 1_000_000;
            while (left > 0 && isStarted() && !lane.await(endpoint.getMaxEvents(), endpoint.getMaxBytes(), left)) {
                left = (end - System.nanoTime()) / 1_000_000;
            }
        }
    }

    private boolean deliver(Batch batch) throws InterruptedException {
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
            if (!exchange.isFailed() && !exchange.isRollbackOnly()) {
                remove(batch);
                return true;
            }
            if (isStarted() && !getEndpoint().getCamelContext().isStopping()) {
                getExceptionHandler().handleException("A batch stays in the outbox", exchange, exchange.getException());
            } else {
                LOG.info("Stopping: a batch of {} events stays in the lane {}", batch.events(), batch.lane());
            }
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            getExceptionHandler().handleException("A batch stays in the outbox", exchange, e);
        } finally {
            doneUoW(exchange);
            releaseExchange(exchange, false);
            delivering = false;
        }
        return false;
    }

    private void remove(Batch batch) throws InterruptedException, ExecutionException {
        CompletableFuture<Void> removed = new CompletableFuture<>();
        file.remove(batch, (repeated, failure) -> {
            if (failure == null) {
                removed.complete(null);
            } else {
                removed.completeExceptionally(failure);
            }
        });
        removed.get();
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
        return executor != null && !executor.isShutdown() && (isRunAllowed() || isSuspendingOrSuspended());
    }
}
