package io.ilertsumo.bridge.event;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

class EventTest {

    private static final String CREATED = "alert-created.json";
    private static final String ESCALATED = "alert-auto-escalated.json";
    private static final byte[] BYTE_ORDER_MARK = { (byte) 0xEF, (byte) 0xBB, (byte) 0xBF };

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final JsonMapper ESCAPING_JSON = JSON.rebuild().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    // what is read

    @Test
    void theFieldsThatRoutesUseAreRead() throws Exception {
        Event event = Event.read(sample(CREATED));

        assertEquals("7b21f505-bd0f-49a2-bf8f-f238919b23fc", event.id());
        assertEquals("alert-created", event.type());
        assertEquals("HIGH", event.priority());
        assertEquals("12797430", event.alert());
    }

    @Test
    void anEventWithoutEventIdHasItsDigestAsId() throws Exception {
        Event event = Event.read(sample(ESCALATED));

        assertEquals(digest(minified(ESCALATED)), event.id());
        assertEquals("alert-auto-escalated", event.type());
        assertEquals("HIGH", event.priority());
        assertEquals("1698262673", event.alert());
    }

    @Test
    void theOrderOfTheFieldsDoesNotMatter() throws Exception {
        Event event = read(
                "{\"x\":[{\"id\":1}],\"id\":\"4\",\"priority\":\"LOW\",\"eventType\":\"t\",\"eventId\":\"e\"}");

        assertEquals("e", event.id());
        assertEquals("t", event.type());
        assertEquals("LOW", event.priority());
        assertEquals("4", event.alert());
    }

    @Test
    void escapedNamesAndValuesAreRead() throws Exception {
        Event event = read("{\"event\\u0049d\":\"\\u0065-\\/-\\ud83d\\udd25\"}");

        assertEquals("e-/-\uD83D\uDD25", event.id());
    }

    @ParameterizedTest
    @ValueSource(strings = { "alert-created", "v-alert-not-resolved", "incident-created", "v-incident-not-resolved",
            "incident", "Something New" })
    void theTypeIsReadAsSent(String type) throws Exception {
        assertEquals(type, read("{\"eventType\":\"" + type + "\"}").type());
    }

    @ParameterizedTest
    @ValueSource(strings = { "12797430", "-1", "0", "1.0", "1e400", "123456789012345678901234567890.10", "true",
            "false" })
    void aNumberForAnIdIsReadAsSent(String number) throws Exception {
        Event event = read("{\"id\":" + number + ",\"eventId\":" + number + "}");

        assertEquals(number, event.alert());
        assertEquals(number, event.id());
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "{}",
            "{\"eventId\":null,\"eventType\":null,\"priority\":null,\"id\":null}",
            "{\"eventId\":{},\"eventType\":{},\"priority\":{},\"id\":{}}",
            "{\"eventId\":{\"id\":\"1\"},\"eventType\":{\"eventType\":\"t\"},\"priority\":[\"HIGH\"],\"id\":[[\"1\"],1]}",
            "{\"alertSource\":{\"id\":1,\"eventId\":\"2\",\"eventType\":\"t\",\"priority\":\"HIGH\"}}",
            "{\"x\":[\"eventId\",\"2\",{\"id\":\"1\"}]}",
            "{\"ID\":\"1\",\"eventid\":\"2\",\"event-type\":\"t\",\"Priority\":\"HIGH\"}" })
    void whatIsMissingOrNotATextIsNull(String body) throws Exception {
        Event event = read(body);

        assertNull(event.type());
        assertNull(event.priority());
        assertNull(event.alert());
        assertEquals(digest(body), event.id());
        assertEquals(body, text(event));
    }

    @Test
    void anEmptyEventIdIsReplacedByTheDigest() throws Exception {
        String body = "{\"eventId\":\"\"}";

        assertEquals(digest(body), read(body).id());
    }

    // lone surrogates, which UTF-8 can't encode

    @ParameterizedTest
    @ValueSource(strings = { "\\ud83d", "\\udd25", "\\udd25\\ud83d", "a\\uD800", "\\ud83dé", "\\ud83d\\ud83d\\udd25" })
    void anEventIdThatIsNotUnicodeIsReplacedByTheDigest(String id) throws Exception {
        String body = "{\"eventId\":\"" + id + "\"}";

        assertEquals(digest(body), read(body).id());
    }

    @Test
    void eventsWhoseIdsDifferOnlyInALoneSurrogateHaveDifferentKeys() throws Exception {
        Set<String> keys = new HashSet<>();
        for (String id : List.of("a?", "a\\ud83d", "a\\ud83e", "a\\udd25", "a\\ufffd")) {
            keys.add(HexFormat.of().formatHex(EventKey.of(read("{\"eventId\":\"" + id + "\"}").id())));
        }

        assertEquals(5, keys.size());
    }

    @Test
    void otherFieldsWithALoneSurrogateAreReadAsTextThatCanBeEncoded() throws Exception {
        String body = "{\"id\":\"a\\ud83d\",\"eventType\":\"\\udd25b\",\"priority\":\"\\ud83d\",\"x\":\"\\ud83d\"}";

        Event event = read(body);

        assertEquals("a?", event.alert());
        assertEquals("?b", event.type());
        assertEquals("?", event.priority());
        assertEquals(body, text(event));
    }

    // how an event is identified

    @ParameterizedTest
    @ValueSource(strings = { CREATED, ESCALATED })
    void theIdIsTheSameHoweverTheEventIsLaidOut(String sample) throws Exception {
        String id = Event.read(sample(sample)).id();

        assertEquals(id, read(minified(sample)).id());
        assertEquals(id, read(minified(sample).replace("\":", "\"\r\n\t :  ") + "\n").id());
        assertEquals(id, Event.read(join(BYTE_ORDER_MARK, sample(sample))).id());
    }

    @Test
    void theDigestIsAnotherForEveryChangeOfOneByte() throws Exception {
        byte[] line = minified(ESCALATED).getBytes(UTF_8);
        String id = Event.read(line).id();

        for (int i = 0; i < line.length; i++) {
            // a letter or a digit for another keeps the JSON valid, wherever it stands
            if (Character.isLetterOrDigit(line[i])) {
                byte[] changed = line.clone();
                changed[i] = (byte) (line[i] == '8' ? '9' : Character.isDigit(line[i]) ? '8' : line[i] ^ 0x20);
                assertNotEquals(id, Event.read(changed).id(), "byte " + i);
            }
        }
    }

    // the line

    @ParameterizedTest
    @ValueSource(strings = { CREATED, ESCALATED })
    void aPrettyPrintedEventBecomesOneLine(String sample) throws Exception {
        assertEquals(minified(sample), text(Event.read(sample(sample))));
    }

    @ParameterizedTest
    @ValueSource(strings = { CREATED, ESCALATED })
    void anEventThatIsOneLineIsNotCopied(String sample) throws Exception {
        byte[] body = minified(sample).getBytes(UTF_8);

        assertSame(body, Event.read(body).line());
    }

    @ParameterizedTest
    @MethodSource("values")
    void everyValueStaysAsItWasWritten(String value) throws Exception {
        String line = "{\"a\":" + value + ",\"b\":[" + value + "," + value + "],\"c\":{\"d\":" + value + "}}";
        String pretty = "\r\n {\t\"a\" : " + value + "\n,\"b\":\n[ " + value + " ,\t" + value
                + " ]\r\n, \"c\" :{\n\"d\": " + value + "\n}\n} \n";

        assertEquals(line, text(read(pretty)));
        assertEquals(line, text(read(line)));
    }

    static Stream<String> values() {
        return Stream.of(
                "1.0", "-0", "-0.0", "0.10", "1e400", "1E+2", "1e-007", "12345678901234567890.10", "9".repeat(5000),
                "0." + "3".repeat(5000), "1e99999999999", "true", "false", "null", "{}", "[]", "[[],{},\"\"]", "\"\"",
                "\" \"", "\"  two  \"", "\"{ \\\"a\\\" : [ 1 , 2 ] }\"", "\"// not a comment\"", "\"{{alertId}}\"",
                "\"\\u00e9\\u00E9\"", "\"\\ud83d\"", "\"\\udd25\\ud83d\"", "\"\\/ \\b\\f\\n\\r\\t\"",
                "\"\\u0000\\u001F\"", "\"one\\ntwo\\r\\nthree\"", "\"\\\\\"", "\"\\\\\\\" , \\\\\\\\\"", "\"\\\\ n\"",
                "\"'\"", "\"Störung im Straßenbahnnetz\"", "\"\uD83D\uDD25 火事\"", "\"\u2028 and \u2029\"",
                "\"\u00A0\u0085\u3000\"", "\"\uFEFF\"", "\"\uFFFD\uFFFE\uFFFF\"", "\"\u007F\"",
                "\"" + "long ".repeat(20_000) + "\"");
    }

    @Test
    void theOrderOfKeysAndDuplicateKeysStay() throws Exception {
        assertEquals("{\"z\":1,\"a\":2,\"z\":3,\"\":4,\"a b\":5,\"z\":null}",
                text(read("{ \"z\":1, \"a\":2,\n \"z\":3, \"\":4, \"a b\" : 5, \"z\" : null }")));
    }

    @Test
    void onlyTheSizeOfTheBodyBoundsNamesAndValues() throws Exception {
        String text = "long ".repeat(100_000);
        String body = "{\"" + text + "\":1,\"eventId\":\"" + text + "\",\"id\":" + "7".repeat(100_000) + "}";

        Event event = read(body);

        assertEquals(text, event.id());
        assertEquals(100_000, event.alert().length());
        assertEquals(body, text(event));
    }

    @ParameterizedTest
    @ValueSource(strings = { "", " ", "\r\n\t " })
    void aByteOrderMarkIsRemoved(String white) throws Exception {
        byte[] body = join(BYTE_ORDER_MARK, white.getBytes(UTF_8), "{\"summary\":\"é\"}".getBytes(UTF_8));

        assertEquals("{\"summary\":\"é\"}", text(Event.read(body)));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void theBodyItselfIsNeverChanged(byte[] body) throws Exception {
        byte[] before = body.clone();

        Event.read(body);

        assertArrayEquals(before, body);
    }

    static Stream<byte[]> layouts() {
        return Stream.of(sample(CREATED), minified(CREATED).getBytes(UTF_8), (minified(CREATED) + "\n").getBytes(UTF_8),
                (" " + minified(CREATED)).getBytes(UTF_8), join(BYTE_ORDER_MARK, sample(CREATED)));
    }

    @Test
    void anyObjectInAnyLayoutBecomesTheSameObjectInOneLine() throws Exception {
        Random random = new Random(20_231_025);
        for (int i = 0; i < 3000; i++) {
            ObjectNode tree = randomObject(random, 4);
            StringBuilder pretty = new StringBuilder();
            StringBuilder line = new StringBuilder();
            print(tree, random, pretty, line);

            Event event = read(pretty.toString());

            assertEquals(line.toString(), text(event), "object " + i);
            assertEquals(tree, JSON.readTree(event.line()), "object " + i);
            assertEquals(-1, text(event).indexOf('\n'), "object " + i);
        }
    }

    @Test
    void whateverIsDoneToAnEventItIsReadAsJsonOrRejected() throws Exception {
        Random random = new Random(20_251_017);
        int read = 0;
        int rejected = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] body = sample(random.nextBoolean() ? CREATED : ESCALATED);
            for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                body[random.nextInt(body.length)] = (byte) random.nextInt();
            }
            try {
                Event event = Event.read(body);
                read++;
                assertEquals(JSON.readTree(new String(body, UTF_8)), JSON.readTree(new String(event.line(), UTF_8)));
                assertEquals(-1, text(event).indexOf('\n'));
            } catch (UnreadableEventException e) {
                rejected++;
            }
        }
        assertTrue(read > 1000, "read " + read);
        assertTrue(rejected > 1000, "rejected " + rejected);
    }

    // what is rejected

    @ParameterizedTest
    @ValueSource(strings = { "", " ", "\n", " \r\n\t ", "\uFEFF", "\uFEFF \n" })
    void anEmptyBodyIsRejected(String body) {
        assertEquals("The body is empty", rejected(body).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "[]", "[{\"a\":\"secret\"}]", "\"secret\"", "1", "-1.5", "true", "null", "secret", "<secret/>", "}", ",",
            "\u0000",
            "a=secret&b=1", "\uFEFF\uFEFF{}", "\u00A0{}", "\u000B{}", "\u0000{}", "\f{}" })
    void whatIsNotAnObjectIsRejected(String body) {
        assertEquals("The body is not a JSON object in UTF-8", rejected(body).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = { CREATED, ESCALATED })
    void anEventCutOffAnywhereIsRejected(String sample) {
        for (byte[] whole : List.of(new String(sample(sample), UTF_8).strip().getBytes(UTF_8),
                minified(sample).getBytes(UTF_8))) {
            for (int length = 0; length < whole.length; length++) {
                byte[] cut = Arrays.copyOf(whole, length);
                assertThrows(UnreadableEventException.class, () -> Event.read(cut),
                        () -> "cut after byte " + cut.length);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
            // more than one value
            "{\"a\":1}{\"secret\":2}", "{\"a\":1}\n{\"secret\":2}", "{}[]", "{} \"secret\"", "{}1", "{} null", "{}{",
            "{}[",
            // garbage behind the object
            "{}}", "{}]", "{},", "{}secret", "{\"a\":1}\u0000", "{}\u00A0", "{}\uFEFF", "{}\u000B", "{}\f",
            "{} // secret",
            // white space inside a token
            "{\"a\":1 2}", "{\"a\":tr ue}", "{\"a\":nu\nll}", "{\"a\":- 1}", "{\"a\":1. 5}", "{\"a\":1 .5}",
            "{\"a\":1e 5}", "{\"a\":\"\\ n\"}", "{\"a\":\"\\u00 e9\"}",
            // numbers
            "{\"a\":01}", "{\"a\":-01}", "{\"a\":00}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1.e5}",
            "{\"a\":1e}", "{\"a\":-}", "{\"a\":0x10}", "{\"a\":1_000}", "{\"a\":NaN}", "{\"a\":Infinity}",
            "{\"a\":-Infinity}", "{\"a\":1f}",
            // literals
            "{\"a\":True}", "{\"a\":NULL}", "{\"a\":nul}", "{\"a\":truee}", "{\"a\":undefined}", "{\"a\":secret}",
            // strings
            "{'a':1}", "{\"a\":'secret'}", "{a:1}", "{\"a\":\"secret\\x\"}", "{\"a\":\"\\u00g0\"}", "{\"a\":\"\\'\"}",
            "{\"a\":\"secret}", "{\"a\":secret\"}", "{\"a\":\"secret\" \"secret\"}", "{\"a\":`secret`}",
            // structure
            "{\"a\":1,}", "{,}", "{,\"a\":1}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1,,2]}", "{\"a\":[1 2]}",
            "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}", "{\"a\"=1}",
            "{1:1}", "{null:1}", "{\"a\":[1}", "{\"a\":{]}", "{\"a\":1]", "{[]}", "{{}}", "{\"secret\"}", "{\"a\":[}",
            "{\"a\":\"b\":\"c\"}",
            // comments
            "{/* secret */\"a\":1}", "{\"a\":1 // secret\n}", "{\"a\":1 # secret\n}", "{}/**/",
            // templates that were not filled in
            "{{alertId}}", "{{{secret}}}", "{\"id\":{{secret}}}", "{\"id\":{{{secret}}},\"a\":1}",
            "{\"a\":1{{#secret}},\"b\":2}", "{ {\"a\":1} }", "{\"a\":${secret}}", "{\"a\":<%= secret %>}",
            // white space of other kinds
            "{\u00A0\"a\":1}", "{\"a\":\u20281}", "{\"a\"\u000B:1}", "{\"a\":1\f}", "{\uFEFF\"a\":1}",
            "{\u0000\"a\":1}" })
    void whatIsNotStrictlyJsonIsRejected(String body) {
        assertTrue(rejected(body).getMessage().matches(
                "The body is not valid JSON, at byte \\d+"
                        + "|There is more than one JSON value in the body"
                        + "|The body is not a JSON object in UTF-8"),
                () -> rejected(body).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = { "eventId", "eventType", "priority", "id", "other" })
    void everyControlCharacterThatIsNotEscapedIsRejected(String name) {
        for (char control = 0; control < ' '; control++) {
            rejected("{\"" + name + "\":\"secret" + control + "\"}");
            rejected("{\"" + name + "\":[\"secret" + control + "\"]}");
            rejected("{\"" + name + control + "\":\"secret\"}");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE", "UTF-16", "UTF-32" })
    void otherEncodingsAreRejectedWithAndWithoutAByteOrderMark(String encoding) {
        Charset charset = Charset.forName(encoding);
        for (String body : List.of(minified(CREATED), new String(sample(CREATED), UTF_8), " {\"a\":\"secret\"}", "{}",
                "{", "[\"secret\"]")) {
            rejected(body.getBytes(charset));
            rejected(("\uFEFF" + body).getBytes(charset));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
            // overlong: "/", NUL and U+20AC in more bytes than they need
            "C0AF", "C080", "C1BF", "E080AF", "E08080", "F08282AC", "F08080AF",
            // surrogates, alone and as a pair
            "EDA080", "EDBFBF", "EDA0BDEDB4A5",
            // beyond Unicode
            "F4908080", "F5808080", "F8888080", "FC8480808080", "FE", "FF",
            // Latin-1
            "E9", "FC", "E9E8", "53F6",
            // a lone or missing continuation
            "80", "BF", "C3", "C3C3A9", "E282", "E28228", "F09F94", "F09F9428", "E282ACAC" })
    void whatIsNotUtf8IsRejected(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        for (String name : List.of("eventId", "eventType", "priority", "id", "other")) {
            rejected(join(("{\"" + name + "\":\"secret ").getBytes(UTF_8), bytes, "\"}".getBytes(UTF_8)));
            rejected(join(("{\"" + name + "\":\"").getBytes(UTF_8), bytes, " é secret\"}".getBytes(UTF_8)));
        }
        rejected(join("{\"a\":{\"b\":[\"".getBytes(UTF_8), bytes, "\"]}}".getBytes(UTF_8)));
        rejected(join("{\"".getBytes(UTF_8), bytes, "\":\"secret\"}".getBytes(UTF_8)));
        rejected(join("{\"a\":".getBytes(UTF_8), bytes, "}".getBytes(UTF_8)));
        rejected(join("{}".getBytes(UTF_8), bytes));
        rejected(join(BYTE_ORDER_MARK, "{\"a\":\"".getBytes(UTF_8), bytes, "\"}".getBytes(UTF_8)));
    }

    @Test
    void everyLatin1LetterIsRejected() {
        for (char letter = 0x80; letter <= 0xFF; letter++) {
            rejected(("{\"summary\":\"secret " + letter + " secret\"}").getBytes(ISO_8859_1));
        }
    }

    @Test
    void nestingIsAcceptedToTheBoundAndNotBeyond() throws Exception {
        for (String[] brackets : new String[][]{ { "[", "]" }, { "{\"id\":", "}" } }) {
            String body = nested(brackets, Event.MAX_DEPTH);
            assertEquals(body, text(read(body)));
            isTooDeep(nested(brackets, Event.MAX_DEPTH + 1));
            isTooDeep(nested(brackets, 200_000));
        }
        isTooDeep("{\"a\":" + "[".repeat(500_000));
    }

    private static void isTooDeep(String body) {
        assertEquals("The body is nested deeper than 200 levels", rejected(body).getMessage());
    }

    @Test
    void theMessageHasThePositionOfTheError() {
        String body = "{\"summary\":\"" + "secret ".repeat(100) + "\",\"a\":secret}";
        long at = position(rejected(body));

        assertTrue(Math.abs(at - body.indexOf("secret}")) <= "secret}".length(), "byte " + at);
        assertEquals(at + 4, position(rejected("\r\n\t " + body)));
        assertEquals(at + 5, position(rejected("\uFEFF  " + body)));
    }

    /** Every body that is rejected here has the word "secret" where its content could be quoted. */
    private static UnreadableEventException rejected(byte[] body) {
        UnreadableEventException e = assertThrows(UnreadableEventException.class, () -> Event.read(body),
                () -> HexFormat.of().formatHex(body, 0, Math.min(body.length, 100)));
        assertFalse(e.getMessage().isBlank());
        assertFalse(e.getMessage().contains("secret"), e.getMessage());
        assertEquals(400, e.getStatus());
        assertNull(e.getCause(), "a cause is logged, and quotes the content");
        return e;
    }

    private static UnreadableEventException rejected(String body) {
        return rejected(body.getBytes(UTF_8));
    }

    private static long position(UnreadableEventException e) {
        return Long.parseLong(e.getMessage().replaceFirst(".* at byte ", ""));
    }

    private static Event read(String body) throws UnreadableEventException {
        return Event.read(body.getBytes(UTF_8));
    }

    private static String text(Event event) {
        return new String(event.line(), UTF_8);
    }

    private static byte[] sample(String name) {
        try (InputStream sample = EventTest.class.getResourceAsStream("/samples/" + name)) {
            return sample.readAllBytes();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The samples have no spaces that count but single ones inside of strings, and no escapes. */
    private static String minified(String sample) {
        return new String(sample(sample), UTF_8).replaceAll("\\n *", "").replaceAll("(?<=[:,{]) | (?=})", "");
    }

    private static String digest(String line) {
        return "sha256:" + EventKey.digest(line.getBytes(UTF_8));
    }

    private static String nested(String[] brackets, int depth) {
        return "{\"a\":" + brackets[0].repeat(depth - 1) + (brackets[0].endsWith(":") ? "1" : "")
                + brackets[1].repeat(depth - 1) + "}";
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }

    // random trees

    private static ObjectNode randomObject(Random random, int depth) {
        ObjectNode object = NODES.objectNode();
        for (int i = random.nextInt(6); i > 0; i--) {
            object.set(randomText(random), randomNode(random, depth - 1));
        }
        return object;
    }

    private static JsonNode randomNode(Random random, int depth) {
        return switch (random.nextInt(depth > 0 ? 9 : 7)) {
            case 0 -> NODES.nullNode();
            case 1 -> NODES.booleanNode(random.nextBoolean());
            case 2 -> NODES.numberNode(random.nextInt());
            case 3 -> NODES.numberNode(new BigInteger(70, random).setBit(70));
            case 4 -> NODES.numberNode(new BigDecimal(new BigInteger(90, random), 1 + random.nextInt(60)));
            case 5, 6 -> NODES.textNode(randomText(random));
            case 7 -> {
                ArrayNode array = NODES.arrayNode();
                IntStream.range(0, random.nextInt(5)).forEach(i -> array.add(randomNode(random, depth - 1)));
                yield array;
            }
            default -> randomObject(random, depth);
        };
    }

    private static String randomText(Random random) {
        String[] alphabet = { "a", "Z", "7", " ", "  ", "\t", "\n", "\r\n", "\"", "\\", "/", ":", ",", "{", "}", "[",
                "]", "'",
                "\u0000", "\u001F", "\u007F", "é", "ß", "\u00A0", "\u2028", "\u2029", "\uFEFF", "火", "\uD83D\uDD25" };
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            text.append(alphabet[random.nextInt(alphabet.length)]);
        }
        return text.toString();
    }

    /** Prints the tree twice: with random white space around every token, and with none. */
    private static void print(JsonNode node, Random random, StringBuilder pretty, StringBuilder line)
            throws IOException {
        if (node.isArray()) {
            token("[", random, pretty, line);
            for (int i = 0; i < node.size(); i++) {
                if (i > 0) {
                    token(",", random, pretty, line);
                }
                print(node.get(i), random, pretty, line);
            }
            token("]", random, pretty, line);
        } else if (node.isObject()) {
            token("{", random, pretty, line);
            Iterator<Map.Entry<String, JsonNode>> fields = node.properties().iterator();
            while (fields.hasNext()) {
                Map.Entry<String, JsonNode> field = fields.next();
                print(NODES.textNode(field.getKey()), random, pretty, line);
                token(":", random, pretty, line);
                print(field.getValue(), random, pretty, line);
                if (fields.hasNext()) {
                    token(",", random, pretty, line);
                }
            }
            token("}", random, pretty, line);
        } else {
            token((random.nextBoolean() ? JSON : ESCAPING_JSON).writeValueAsString(node), random, pretty, line);
        }
    }

    private static void token(String token, Random random, StringBuilder pretty, StringBuilder line) {
        String[] white = { "", "", " ", "\n", "\r\n", "\t", "    ", "\n\n\t " };
        pretty.append(white[random.nextInt(white.length)]).append(token).append(white[random.nextInt(white.length)]);
        line.append(token);
    }
}
