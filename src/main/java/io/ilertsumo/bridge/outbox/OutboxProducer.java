package io.ilertsumo.bridge.outbox;

import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Message;
import org.apache.camel.NoSuchHeaderException;
import org.apache.camel.support.DefaultAsyncProducer;
import org.apache.camel.support.ExchangeHelper;

import io.ilertsumo.bridge.lane.LaneConstants;
import io.ilertsumo.bridge.lane.Outcome;

/**
 * Stores the message body in the lane. The exchange goes on once the event is safely on disk; one that the window knew
 * already is marked as Camel's idempotent consumer marks it, with the property {@link Exchange#DUPLICATE_MESSAGE}.
 */
class OutboxProducer extends DefaultAsyncProducer {

    OutboxProducer(OutboxEndpoint endpoint) {
        super(endpoint);
    }

    @Override
    public OutboxEndpoint getEndpoint() {
        return (OutboxEndpoint) super.getEndpoint();
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        // so that the lane is there, and seen, before its first event
        getEndpoint().getComponent().getFile().lane(getEndpoint().getLane());
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        Message message = exchange.getMessage();
        OutboxFile file = getEndpoint().getComponent().getFile();
        String lane = getEndpoint().getLane();
        Outcome outcome = (repeated, failure) -> {
            if (failure != null) {
                exchange.setException(failure);
            } else if (repeated) {
                exchange.setProperty(Exchange.DUPLICATE_MESSAGE, true);
            }
            callback.done(false);
        };
        try {
            String group = ExchangeHelper.getMandatoryHeader(exchange, LaneConstants.GROUP, String.class);
            String key = ExchangeHelper.getMandatoryHeader(exchange, LaneConstants.EVENT_ID, String.class);
            String alert = message.getHeader(LaneConstants.ALERT_ID, String.class);
            byte[] event = message.getMandatoryBody(byte[].class);
            Long deadLetter = message.getHeader(LaneConstants.DEAD_LETTER, Long.class);
            if (deadLetter == null) {
                file.append(lane, group, key, alert, event, outcome);
            } else {
                file.replay(deadLetter, lane, group, key, alert, event, outcome);
            }
            return false;
        } catch (NoSuchHeaderException | InvalidPayloadException e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
    }
}
