package io.ilertsumo.bridge.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/** Details are cut so that an event is one message of Sumo Logic. */
class ShortenerTest {

    private static final String MARKER = "… (shortened)";
    private static final String[] CHARACTERS = { "x", "é", "あ", "🔥", "\\n", "\\\"", "\\\\", "\\u00e9",
            "\\ud83d\\ude00",
            "\\uD83D\\uDE00", "\\/", ",", "}" };

    private final ObjectMapper json = new ObjectMapper();

    @Test
    void anyTextIsCutBetweenTwoCharacters() throws Exception {
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            StringBuilder details = new StringBuilder();
            while (details.length() < 70_000) {
                details.append(CHARACTERS[random.nextInt(CHARACTERS.length)]);
            }
            String event = "{\"a\":{\"details\":\"b\"},\"id\":" + i + ",\"details\":\"" + details + "\",\"z\":\"é\"}";

            byte[] shorter = Shortener.shorten(event.getBytes(UTF_8));

            assertTrue(shorter.length <= 65_536 && shorter.length > 65_536 - 12, shorter.length + " bytes");
            assertTrue(ByteBufUtil.isText(Unpooled.wrappedBuffer(shorter), UTF_8));
            ObjectNode before = (ObjectNode) json.readTree(event);
            JsonNode after = json.readTree(shorter);
            String text = after.path("details").asText();
            assertTrue(text.endsWith(MARKER));
            String kept = text.substring(0, text.length() - MARKER.length());
            assertTrue(before.path("details").asText().startsWith(kept));
            assertEquals(kept, new String(kept.getBytes(UTF_8), UTF_8), "no half of a pair");
            assertEquals(before.put("details", text), after);
        }
    }

    @Test
    void allElseStaysByteForByte() throws Exception {
        String event = "{\"a\":1.0,\"details\":\"" + "x".repeat(70_000) + "\",\"b\":[1e5,\"\\u00e9\"]}";

        String shorter = new String(Shortener.shorten(event.getBytes(UTF_8)), UTF_8);

        assertEquals(event.replaceFirst("x+", "x".repeat(65_536 - (event.length() - 70_000) - 15) + MARKER), shorter);
        assertEquals(65_536, shorter.getBytes(UTF_8).length);
    }

    @ParameterizedTest
    @ValueSource(strings = { "{\"details\":\"short\"}", "{\"summary\":\"LONG\",\"details\":\"short\"}",
            "{\"summary\":\"LONG\"}",
            "{\"details\":[\"LONG\"]}", "{\"details\":{\"details\":\"LONG\"}}",
            "{\"a\":{\"details\":\"LONG\"},\"details\":null}" })
    void whatCanNotBeShortenedStays(String event) throws Exception {
        byte[] line = event.replace("LONG", "x".repeat(70_000)).getBytes(UTF_8);

        assertSame(line, Shortener.shorten(line));
    }
}
