package io.ilertsumo.bridge.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.time.Duration;

import org.apache.camel.util.TimeUtils;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

import io.quarkus.runtime.configuration.MemorySize;

/** Searches for texts of settings that are neither a value nor an error, or that Camel reads otherwise. */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class ConvertersFuzz {

    @DictionaryEntries({ "250ms", "30s", "5m", "24h", "30d", "999999999d", "500KB", "1 MB", "4g", "1T", "0", " ",
            "\u0661" })
    @FuzzTest
    void isAValueOrAnError(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        try {
            Duration duration = new DurationConverter().convert(text);
            assertFalse(duration.isNegative());
            assertEquals(TimeUtils.toMilliSeconds(text.trim()), duration.toMillis());
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().contains("'" + text + "'"), e::getMessage);
        }
        try {
            MemorySize size = new SizeConverter().convert(text);
            BigInteger bytes = size.asBigInteger();
            assertTrue(bytes.signum() >= 0);
            assertEquals(bytes,
                    new SizeConverter().convert(bytes.bitLength() > 59 ? text : bytes.toString()).asBigInteger());
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().contains("'" + text + "'"), e::getMessage);
        }
    }
}
