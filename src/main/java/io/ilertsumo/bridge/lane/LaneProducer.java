package io.ilertsumo.bridge.lane;

import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Message;
import org.apache.camel.NoSuchHeaderException;
import org.apache.camel.support.DefaultAsyncProducer;
import org.apache.camel.support.ExchangeHelper;

/**
 * Stores the message body in the lane. The exchange continues once the event is durable, with the header
 * {@link LaneConstants#RESULT}.
 */
class LaneProducer extends DefaultAsyncProducer {

    LaneProducer(LaneEndpoint endpoint) {
        super(endpoint);
    }

    @Override
    public LaneEndpoint getEndpoint() {
        return (LaneEndpoint) super.getEndpoint();
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        LaneEvent event;
        try {
            event = event(exchange);
        } catch (NoSuchHeaderException | InvalidPayloadException e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
        getEndpoint().getComponent().getStore().append(event, (duplicate, failure) -> {
            if (failure == null) {
                Message message = exchange.getMessage();
                message.setHeader(LaneConstants.LANE, event.lane());
                message.setHeader(LaneConstants.RESULT, duplicate ? LaneConstants.DUPLICATE : LaneConstants.ACCEPTED);
            } else {
                exchange.setException(failure);
            }
            callback.done(false);
        });
        return false;
    }

    private LaneEvent event(Exchange exchange) throws NoSuchHeaderException, InvalidPayloadException {
        Message message = exchange.getMessage();
        return new LaneEvent(getEndpoint().getLane(),
                ExchangeHelper.getMandatoryHeader(exchange, LaneConstants.GROUP, String.class),
                ExchangeHelper.getMandatoryHeader(exchange, LaneConstants.EVENT_ID, String.class),
                message.getHeader(LaneConstants.ALERT_ID, String.class),
                message.getHeader(LaneConstants.DEAD_LETTER) != null,
                message.getMandatoryBody(byte[].class));
    }
}
