package io.ilertsumo.bridge.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;

import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.MultiMap;
import io.vertx.ext.web.handler.HttpException;

/** Searches for queries that are neither used nor answered 400, or that select all dead letters unasked. */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class DeadLetterQueryFuzz {

    /** @param input a query as in a URL */
    @DictionaryEntries({ "reason=", "&type=", "&from=", "&to=", "&all=", "true", "false", "&after=", "&limit=", "1000",
            "2026-01-31T23:59:59Z", "2026-01-31T23:59%2B18:00", "-999999999-01-01T00:00:00Z",
            "%2B999999999-12-31T23:59:59Z", "%2B292278994-08-17T07:12:55.808Z", "999999999999999999", "\u0661", "%00" })
    @FuzzTest
    void isUsedOrAnswered400(byte[] input) {
        MultiMap query = MultiMap.caseInsensitiveMultiMap();
        try {
            new QueryStringDecoder("?" + new String(input, UTF_8)).parameters().forEach(query::add);
        } catch (IllegalArgumentException e) {
            // Vert.x answers 400
            return;
        }
        try {
            DeadLetter.Filter filter = DeadLetterResource.selection(query);
            assertEquals(query.get("reason"), filter.reason());
            assertEquals(query.get("type"), filter.type());
            assertTime(query.get("from"), filter.from());
            assertTime(query.get("to"), filter.to());
            assertTrue(!filter.equals(DeadLetter.Filter.ALL) || query.get("all").equals("true"),
                    "nobody asked for all");
        } catch (HttpException e) {
            assertEquals(400, e.getStatusCode());
        }
        assertNumber(query, "limit", 1, 1000);
        assertNumber(query, "after", 0, Long.MAX_VALUE);
    }

    private static void assertTime(String text, Instant time) {
        assertEquals(text == null ? null : OffsetDateTime.parse(text).toInstant().truncatedTo(ChronoUnit.MILLIS), time);
        if (time != null) {
            // as the stores compare it
            assertEquals(time, Instant.ofEpochMilli(time.toEpochMilli()));
        }
    }

    private static void assertNumber(MultiMap query, String name, long min, long max) {
        if (!query.contains(name)) {
            return;
        }
        try {
            long number = DeadLetterResource.number(name, query.get(name), min, max);
            assertTrue(number >= min && number <= max);
            assertEquals(number, Long.parseLong(query.get(name)));
        } catch (HttpException e) {
            assertEquals(400, e.getStatusCode());
        }
    }
}
