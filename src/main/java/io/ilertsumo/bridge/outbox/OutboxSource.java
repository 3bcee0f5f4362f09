package io.ilertsumo.bridge.outbox;

import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneException;

/** The batches of one lane of the outbox. */
final class OutboxSource implements BatchSource<OutboxBatch> {

    private static final Logger LOG = LoggerFactory.getLogger(OutboxSource.class);

    private final OutboxFile file;
    private final OutboxLane lane;
    private final OutboxReader reader;
    private final long retryDelay;
    private final BooleanSupplier isToGoOn;

    /**
     * @param retryDelay milliseconds until the file is asked again to remove what it could not
     * @param isToGoOn   whether it still may be asked again
     */
    OutboxSource(OutboxFile file, OutboxLane lane, OutboxReader reader, long retryDelay, BooleanSupplier isToGoOn) {
        this.file = file;
        this.lane = lane;
        this.reader = reader;
        this.retryDelay = retryDelay;
        this.isToGoOn = isToGoOn;
    }

    @Override
    public boolean await(int events, int bytes, long millis) throws InterruptedException {
        return lane.await(events, bytes, millis);
    }

    @Override
    public void idle(long millis) throws InterruptedException {
        lane.await(Long.MAX_VALUE, Long.MAX_VALUE, millis);
    }

    @Override
    public long oldest() throws SQLException {
        return reader.oldest(lane.name());
    }

    @Override
    public OutboxBatch next(int maxEvents, int maxBytes) throws SQLException {
        return reader.next(lane.name(), maxEvents, maxBytes);
    }

    /**
     * What was delivered must not be handed out again: tried until the file takes it, as long as the consumer is not
     * stopped.
     */
    @Override
    public void remove(OutboxBatch batch) throws LaneException {
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
                    } else if (!isToGoOn.getAsBoolean()) {
                        throw new LaneException("A batch was delivered, but is still in the outbox", failure);
                    } else if (!isTold) {
                        isTold = true;
                        LOG.error("A batch of the lane {} was delivered, but can't be taken out of the outbox. Tried "
                                + "again until it is: {}", batch.lane(), failure.getMessage());
                    }
                    Thread.sleep(retryDelay);
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

    @Override
    public void wake() {
        lane.wake();
    }

    @Override
    public void close() throws IOException {
        try {
            reader.close();
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
