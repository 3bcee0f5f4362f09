package io.ilertsumo.bridge.lane;

import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Suspendable;
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.BatchListener.Result;
import io.ilertsumo.bridge.log.LogLimit;

/**
 * Delivers the lane's events, one batch at a time, on a thread of its own. After a failure the next batch is a single
 * event, then twice as many with each batch that succeeds.
 */
class LaneConsumer extends DefaultConsumer implements Suspendable {

    private static final Logger LOG = LoggerFactory.getLogger(LaneConsumer.class);

    /** The maximum wait for an event before the listeners are notified that there is none, and the wait after an error. */
    private static final long CHECK_MILLIS = 1000;
    /** The longest wait until it checks whether a pause has ended. */
    private static final long PAUSE_MILLIS = 100;

    private final LaneEndpoint lane;
    private final CamelContext context;
    private final int maxEvents;
    private final int maxBytes;
    private final LogLimit unreadable = new LogLimit();
    private ScheduledExecutorService executor;
    private volatile BatchSource source;
    /** The most events of the next batch. */
    private int limit;

    LaneConsumer(LaneEndpoint lane, Processor processor) {
        super(lane, processor);
        this.lane = lane;
        context = lane.getCamelContext();
        maxEvents = lane.getComponent().getMaxEvents();
        maxBytes = lane.getComponent().getMaxBytes();
    }

    @Override
    protected void doStart() throws Exception {
        if (context.getRoutes().stream().anyMatch(route -> route.getConsumer() instanceof LaneConsumer other
                && other.isStarted() && other.lane.getLane().equals(lane.getLane()))) {
            throw new StoreException("Two routes consume from the lane " + lane.getLane());
        }
        super.doStart();
        limit = maxEvents;
        executor = context.getExecutorServiceManager().newSingleThreadScheduledExecutor(this, lane.getEndpointUri());
        executor.scheduleWithFixedDelay(this::run, 0, CHECK_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    protected void doStop() throws Exception {
        BatchSource waiting = source;
        if (waiting != null) {
            waiting.wake();
        }
        if (executor != null) {
            // a batch in flight may take as long as the context gives its routes
            context.getExecutorServiceManager().shutdownGraceful(executor, context.getShutdownStrategy().getTimeUnit()
                    .toMillis(context.getShutdownStrategy().getTimeout()));
        }
        super.doStop();
    }

    /** Delivers until the consumer stops, for good: a route that starts again has a new one. After an error it is run again. */
    private void run() {
        try (BatchSource batches = lane.getComponent().getStore().open(lane.getLane(), maxEvents, maxBytes)) {
            source = batches;
            while (!isStoppingOrStopped()) {
                deliver(batches);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception | Error e) {
            // the lane must continue, whatever the error
            if (unreadable.count(e.getClass().getName()) > 0) {
                LOG.error("The lane {} can't be read, trying again every second: {}", lane.getLane(),
                        e.getMessage(), e instanceof StoreException ? null : e);
            }
        }
    }

    private void deliver(BatchSource batches) throws StoreException, InterruptedException {
        long pause = pause();
        if (pause > 0) {
            batches.idle(Math.min(PAUSE_MILLIS, pause));
        } else if (!batches.await(1, 1, CHECK_MILLIS)) {
            listeners().forEach(listener -> listener.empty(lane));
        } else {
            linger(batches);
            Batch batch = pause() > 0 ? null : batches.next(limit, maxBytes);
            if (batch == null) {
                batches.idle(1);
            } else {
                deliver(batches, batch);
            }
        }
    }

    private List<BatchListener> listeners() {
        return lane.getComponent().listeners();
    }

    /** Milliseconds until the next batch; positive while the consumer is suspended or the context is not started. */
    private long pause() {
        return isStarted() && context.isStarted()
                ? listeners().stream().mapToLong(listener -> listener.delayMillis(lane)).max().orElse(0)
                : PAUSE_MILLIS;
    }

    /** Waits until a batch is full or the oldest event is as old as the linger time. */
    private void linger(BatchSource batches) throws StoreException, InterruptedException {
        long linger = lane.getLinger();
        if (linger > 0) {
            // at most the linger time, even if the clock was set back
            long left = Math.min(linger, linger - (System.currentTimeMillis() - batches.oldest()));
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(left);
            while (left > 0 && isStarted() && !batches.await(limit, maxBytes, left)) {
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
        }
    }

    private void deliver(BatchSource batches, Batch batch) throws StoreException {
        Exchange exchange = exchange(batch);
        try {
            listeners().forEach(listener -> listener.begin(lane, batch, exchange));
            Result result = process(batch, exchange);
            if (result == Result.DELIVERED || result == Result.REJECTED) {
                batches.acknowledge(batch);
            }
            limit = switch (result) {
                case DELIVERED, REJECTED -> limit > maxEvents / 2 ? maxEvents : limit * 2;
                case SPLIT -> batch.events() / 2;
                case FAILED -> 1;
            };
            listeners().forEach(listener -> listener.done(lane, batch, result, exchange));
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
            return Result.FAILED;
        } else if (exchange.isRollbackOnly()) {
            // a single event can't be split, and must not become a hot loop
            return batch.events() > 1 ? Result.SPLIT : Result.FAILED;
        }
        return exchange.getExchangeExtension().isFailureHandled() ? Result.REJECTED : Result.DELIVERED;
    }
}
