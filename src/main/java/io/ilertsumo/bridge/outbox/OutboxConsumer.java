package io.ilertsumo.bridge.outbox;

import org.apache.camel.Processor;

import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneConsumer;

/** Hands out the lane's events. The commit that stores an event wakes it. */
class OutboxConsumer extends LaneConsumer<OutboxBatch> {

    private OutboxLane lane;

    OutboxConsumer(OutboxEndpoint endpoint, Processor processor) {
        super(endpoint, processor);
    }

    @Override
    public OutboxEndpoint getEndpoint() {
        return (OutboxEndpoint) super.getEndpoint();
    }

    @Override
    protected void doStart() throws Exception {
        OutboxLane wanted = getEndpoint().getComponent().getFile().lane(getEndpoint().getLane());
        if (!wanted.claim()) {
            throw new IllegalStateException("The lane " + wanted.name() + " has a consumer already");
        }
        lane = wanted;
        super.doStart();
    }

    @Override
    protected BatchSource<OutboxBatch> open() throws Exception {
        OutboxFile file = getEndpoint().getComponent().getFile();
        return new OutboxSource(file, lane, file.reader(), getEndpoint().getRetryDelay(), this::isToGoOn);
    }

    @Override
    protected void doStop() throws Exception {
        super.doStop();
        if (lane != null) {
            lane.release();
            lane = null;
        }
    }
}
