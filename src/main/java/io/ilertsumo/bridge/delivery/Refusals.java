package io.ilertsumo.bridge.delivery;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.Processor;
import org.apache.camel.support.ExpressionAdapter;

/**
 * How many events of a lane Sumo Logic has refused for good, one after the other, without taking any in between. Many of
 * them in a row are not the events' fault. Thread-safe.
 */
@Singleton
public class Refusals {

    private final Map<String, AtomicInteger> inARow = new ConcurrentHashMap<>();

    /** How many there are. */
    @Produces
    @Singleton
    @Named("refusalsInARow")
    Expression refusalsInARow() {
        return new ExpressionAdapter() {
            @Override
            public Object evaluate(Exchange exchange) {
                return of(exchange).get();
            }
        };
    }

    /** One more was refused. */
    @Produces
    @Singleton
    @Named("countRefusal")
    Processor countRefusal() {
        return exchange -> of(exchange).incrementAndGet();
    }

    /** One more may be refused, so that nothing waits for good behind events that nobody takes. */
    @Produces
    @Singleton
    @Named("forgiveRefusal")
    Processor forgiveRefusal() {
        return exchange -> of(exchange).updateAndGet(count -> Math.max(0, count - 1));
    }

    /** Something was taken. */
    @Produces
    @Singleton
    @Named("forgetRefusals")
    Processor forgetRefusals() {
        return exchange -> of(exchange).set(0);
    }

    private AtomicInteger of(Exchange exchange) {
        return inARow.computeIfAbsent(exchange.getVariable("lane", String.class), lane -> new AtomicInteger());
    }
}
