package io.ilertsumo.bridge.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;

import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.provider.MethodSource;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;

import io.ilertsumo.bridge.testing.Events;
import io.quarkus.runtime.configuration.ConfigurationException;

/** Searches for paths and events that redaction fails on, see {@link EventFuzz}. */
@DisabledOnOs(value = OS.LINUX, architectures = "aarch64", disabledReason = "this version of Jazzer does not run there")
class RedactionFuzz {

    /** @param input paths, a line break, and an event */
    @MethodSource("seeds")
    @DictionaryEntries({ "a", "b", "[*]", ".", ",", "\"a\":", "{\"a\":", "[{", "null", "sha256:", "\\u0061", "\u00e9" })
    @FuzzTest
    void redactsAnyEventByAnyPaths(byte[] input) throws Exception {
        String[] parts = new String(input, UTF_8).split("\n", 2);
        byte[] line;
        Redaction remove;
        Redaction hash;
        try {
            line = Event.read(parts[parts.length - 1].getBytes(UTF_8)).line();
            remove = RedactionTest.remove(parts[0]);
            hash = RedactionTest.hash(parts[0]);
        } catch (UnreadableEventException | ConfigurationException e) {
            return;
        }
        byte[] before = line.clone();

        byte[] removed = remove.redact(line);
        byte[] hashed = hash.redact(line);

        assertArrayEquals(before, line, "the line itself is changed");
        assertEquals(remove.unmatched, hash.unmatched);
        for (byte[] redacted : new byte[][]{ removed, hashed }) {
            assertArrayEquals(redacted, Event.read(redacted).line(), "it is no event of one line");
        }
        assertSame(removed, remove.redact(removed), "something is left");
        assertArrayEquals(hashed, hash.redact(hashed), "a hash is hashed again");
        assertTrue(removed.length <= line.length);
        assertFalse(removed == line && hashed != line || removed != line && hashed == line, "one mode matches more");
    }

    static Stream<byte[]> seeds() {
        return Stream.of("a.b,r[*].c\n{\"a\":{\"b\":1},\"r\":[{\"c\":\"x\"},null]}",
                "assignedTo.email,responders[*].user.email\n" + Events.withPeople("0123456789"),
                "a[*][*]\n{\"\\u0061\":[[1,{}],[\"sha256:9c55e63e296a918a59fb0b82335c0f29\"]],\"a\":2}")
                .map(text -> text.getBytes(UTF_8));
    }
}
