package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.stream.IntStream;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;

class SumoFieldsTest {

    private final Exchange exchange = new DefaultExchange(new DefaultCamelContext());
    private final Message message = exchange.getMessage();

    private String written() {
        new SumoFields().process(exchange);
        assertEquals(0,
                message.getHeaders().keySet().stream().filter(name -> name.startsWith("X-Sumo-Field-")).count());
        return message.getHeader("X-Sumo-Fields", String.class);
    }

    @Test
    void eachHeaderIsAFieldByItsName() {
        message.setHeader("X-Sumo-Field-lane", "express");
        message.setHeader("x-sumo-field-group", "other");
        message.setHeader("X-Sumo-Field-number", 7);
        message.setHeader("X-Sumo-Category", "stays");

        assertEquals("group=other, lane=express, number=7", written());
        assertEquals("stays", message.getHeader("X-Sumo-Category"));
    }

    @Test
    void noCharacterOfANameOrValueEndsAField() {
        message.setHeader("X-Sumo-Field-a", " one, two=2\r\nthree\u0000\u2028four\u0085 ");
        message.setHeader("X-Sumo-Field-b=c,\nd", "e");

        assertEquals("a=one_ two_2_three_four_, b_c_d=e", written());
    }

    @Test
    void aFieldWithoutAValueIsNotSent() {
        message.setHeader("X-Sumo-Field-a", " ");
        message.setHeader("X-Sumo-Field-b", null);
        message.setHeader("X-Sumo-Field-", "c");

        assertNull(written());
    }

    @Test
    void atMostThirtyAreSent() {
        IntStream.range(10, 50).forEach(i -> message.setHeader("X-Sumo-Field-" + i, i));

        assertEquals(30, written().split(", ").length);
    }

    @Test
    void aHeaderThatIsWrittenAlreadyIsMadeSafe() {
        message.setHeader("X-Sumo-Fields", "group=Payments, EU, lane=a=b\r\nc,none");
        message.setHeader("X-Sumo-Field-lane", "express");

        assertEquals("group=Payments_ EU, lane=express", written());
    }
}
