package io.ilertsumo.bridge.deadletter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;

import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

import io.vertx.ext.web.handler.HttpException;

/** Searches for parameters of a query that are neither used nor answered 400. */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class DeadLetterQueryFuzz {

    @DictionaryEntries({ "2026-01-31T23:59:59Z", "2026-01-31T23:59+18:00", "-999999999-01-01T00:00:00Z",
            "+999999999-12-31T23:59:59Z", "+292278994-08-17T07:12:55.808Z", "999999999999999999", "\u0661" })
    @FuzzTest
    void isUsedOrAnswered400(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        try {
            Instant time = DeadLetterResource.time("from", text);
            // as the stores compare it
            assertEquals(time, Instant.ofEpochMilli(time.toEpochMilli()));
        } catch (HttpException e) {
            assertEquals(400, e.getStatusCode());
        }
        try {
            long number = DeadLetterResource.number("limit", text, 1, 1000);
            assertTrue(number >= 1 && number <= 1000);
            assertEquals(number, Long.parseLong(text));
        } catch (HttpException e) {
            assertEquals(400, e.getStatusCode());
        }
    }
}
