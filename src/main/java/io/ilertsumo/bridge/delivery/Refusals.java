package io.ilertsumo.bridge.delivery;

import java.util.concurrent.atomic.AtomicInteger;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.Processor;
import org.apache.camel.support.ExpressionAdapter;

/**
 * How many events Sumo Logic has refused for good, one after the other, without taking any in between. Many of them in
 * a row are not the events' fault. Thread-safe.
 */
@Singleton
public class Refusals {

    private final AtomicInteger inARow = new AtomicInteger();

    /** How many there are. */
    @Produces
    @Singleton
    @Named("refusalsInARow")
    Expression refusalsInARow() {
        return new ExpressionAdapter() {
            @Override
            public Object evaluate(Exchange exchange) {
                return inARow.get();
            }
        };
    }

    /** One more was refused. */
    @Produces
    @Singleton
    @Named("countRefusal")
    Processor countRefusal() {
        return exchange -> inARow.incrementAndGet();
    }

    /** One more may be refused, so that nothing waits for good behind events that nobody takes. */
    @Produces
    @Singleton
    @Named("forgiveRefusal")
    Processor forgiveRefusal() {
        return exchange -> inARow.updateAndGet(count -> Math.max(0, count - 1));
    }

    /** Something was taken. */
    @Produces
    @Singleton
    @Named("forgetRefusals")
    Processor forgetRefusals() {
        return exchange -> inARow.set(0);
    }
}
