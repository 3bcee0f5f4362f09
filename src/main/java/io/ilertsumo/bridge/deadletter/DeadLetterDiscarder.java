package io.ilertsumo.bridge.deadletter;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.AsyncProcessorSupport;

import io.ilertsumo.bridge.lane.LaneConstants;
import io.quarkus.arc.Unremovable;

/**
 * Discards the dead letter that the header {@code deadLetter} names, once it is in a lane that does not do that by
 * itself. The exchange goes on once it is gone; one that was gone already makes no difference.
 */
@ApplicationScoped
@Unremovable
@Named("discardDeadLetter")
public class DeadLetterDiscarder extends AsyncProcessorSupport {

    private final DeadLetterStore store;

    DeadLetterDiscarder(DeadLetterStore store) {
        this.store = store;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        try {
            store.discard(exchange.getMessage().getHeader(LaneConstants.DEAD_LETTER, Long.class),
                    (repeated, failure) -> {
                        if (!(failure instanceof DeadLetterGoneException)) {
                            exchange.setException(failure);
                        }
                        callback.done(false);
                    });
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            exchange.setException(e);
            callback.done(true);
            return true;
        }
    }
}
