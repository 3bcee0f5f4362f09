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

    private final LaneEndpoint lane;

    LaneProducer(LaneEndpoint lane) {
        super(lane);
        this.lane = lane;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        try {
            lane.getComponent().getStore().append(event(exchange), (duplicate, failure) -> {
                if (failure == null) {
                    exchange.getMessage().setHeader(LaneConstants.LANE, lane.getLane());
                    exchange.getMessage().setHeader(LaneConstants.RESULT,
                            duplicate ? LaneConstants.DUPLICATE : LaneConstants.ACCEPTED);
                } else {
                    exchange.setException(failure);
                }
                callback.done(false);
            });
            return false;
        } catch (NoSuchHeaderException | InvalidPayloadException e) {
            exchange.setException(e);
            callback.done(true);
            return true;
        }
    }

    private LaneEvent event(Exchange exchange) throws NoSuchHeaderException, InvalidPayloadException {
        Message message = exchange.getMessage();
        return new LaneEvent(lane.getLane(),
                ExchangeHelper.getMandatoryHeader(exchange, LaneConstants.GROUP, String.class),
                ExchangeHelper.getMandatoryHeader(exchange, LaneConstants.EVENT_ID, String.class),
                message.getHeader(LaneConstants.ALERT_ID, String.class),
                message.getHeader(LaneConstants.TRACEPARENT, String.class),
                message.getHeader(LaneConstants.DEAD_LETTER) != null,
                message.getMandatoryBody(byte[].class));
    }
}
