package io.ilertsumo.bridge.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.BridgeSettings.RedactMode;
import io.ilertsumo.bridge.testing.Events;
import io.quarkus.runtime.configuration.ConfigurationException;

class RedactionTest {

    private static final String KIM = Events.KIM;
    private static final String KIMS_HASH = "sha256:9c55e63e296a918a59fb0b82335c0f29";
    private static final String KIMS_HASH_WITH_KEY = "hmac-sha256:732bcda8a1aaf4f047b7b09cf3a14a74";

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .build();

    /** In the last column the values to be hashed are in angle brackets. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # first, last, in between, alone, several
            a             | {"a":1,"b":2,"c":3}                  | {"b":2,"c":3}             | {"a":<1>,"b":2,"c":3}
            b             | {"a":1,"b":2,"c":3}                  | {"a":1,"c":3}             | {"a":1,"b":<2>,"c":3}
            c             | {"a":1,"b":2,"c":3}                  | {"a":1,"b":2}             | {"a":1,"b":2,"c":<3>}
            a             | {"a":1}                              | {}                        | {"a":<1>}
            a,b           | {"a":1,"b":2,"c":3}                  | {"c":3}                   | {"a":<1>,"b":<2>,"c":3}
            a,c           | {"a":1,"b":2,"c":3}                  | {"b":2}                   | {"a":<1>,"b":2,"c":<3>}
            b,c           | {"a":1,"b":2,"c":3}                  | {"a":1}                   | {"a":1,"b":<2>,"c":<3>}
            a, b ,c       | {"a":1,"b":2,"c":3}                  | {}                        | {"a":<1>,"b":<2>,"c":<3>}
            # whatever the value is
            a             | {"a":"x","b":""}                     | {"b":""}                  | {"a":<x>,"b":""}
            a,b           | {"a":"","b":true,"c":0}              | {"c":0}                   | {"a":<>,"b":<true>,"c":0}
            a             | {"a":null,"b":1}                     | {"b":1}                   | {"a":null,"b":1}
            a             | {"a":-1.50e+07,"b":-1.50e+07}        | {"b":-1.50e+07}           | {"a":<-1.50e+07>,"b":-1.50e+07}
            a             | {"a":{"x":[1,{}]},"b":1}             | {"b":1}                   | {"a":<{"x":[1,{}]}>,"b":1}
            a             | {"a":[],"b":[1]}                     | {"b":[1]}                 | {"a":<[]>,"b":[1]}
            a             | {"a":"}],{\\"","b":1}                | {"b":1}                   | {"a":<}],{">,"b":1}
            # deeper
            u.mail        | {"u":{"id":1,"mail":"x"},"mail":"y"} | {"u":{"id":1},"mail":"y"} | {"u":{"id":1,"mail":<x>},"mail":"y"}
            u.mail        | {"u":{"mail":"x"},"v":{"mail":"y"}}  | {"u":{},"v":{"mail":"y"}} | {"u":{"mail":<x>},"v":{"mail":"y"}}
            a.b.c.d       | {"a":{"b":{"c":{"d":1},"d":2}}}      | {"a":{"b":{"c":{},"d":2}}} | {"a":{"b":{"c":{"d":<1>},"d":2}}}
            # elements
            r[*].u.m      | {"r":[{"u":{"m":1}},{"u":{"m":2}}]}  | {"r":[{"u":{}},{"u":{}}]} | {"r":[{"u":{"m":<1>}},{"u":{"m":<2>}}]}
            r[*].m        | {"r":[1,{"n":1,"m":2},[{"m":3}]]}    | {"r":[1,{"n":1},[{"m":3}]]} | {"r":[1,{"n":1,"m":<2>},[{"m":3}]]}
            r[*]          | {"r":["x",null,{"m":1}],"s":[1]}     | {"r":[],"s":[1]}          | {"r":[<x>,null,<{"m":1}>],"s":[1]}
            r[*][*].m     | {"r":[[{"m":1},{"m":2}],[],[3]]}     | {"r":[[{},{}],[],[3]]}    | {"r":[[{"m":<1>},{"m":<2>}],[],[3]]}
            r[*][*]       | {"r":[[1,2],[],[3],4]}               | {"r":[[],[],[],4]}        | {"r":[[<1>,<2>],[],[<3>],4]}
            # a name is there twice
            a             | {"a":1,"a":2,"b":3,"a":4}            | {"b":3}                   | {"a":<1>,"a":<2>,"b":3,"a":<4>}
            a.b           | {"a":{"b":1,"b":2},"a":{"b":3}}      | {"a":{},"a":{}}           | {"a":{"b":<1>,"b":<2>},"a":{"b":<3>}}
            # however it is written; the names beside are spelled plainly
            email         | {"e\\u006dail":"x","\\u0045mail":1} | {"Email":1}              | {"email":<x>,"Email":1}
            a.b           | {"\\u0061":{"b":1},"c":{"\\u0061":1}} | {"a":{},"c":{"\\u0061":1}} | {"a":{"b":<1>},"c":{"\\u0061":1}}
            a             | {"a":"\\u0078\\/","b":"\\u0078"}     | {"b":"\\u0078"}           | {"a":<x/>,"b":"\\u0078"}
            straße.名     | {"ö":"火🔥","straße":{"名":"é","b":"🔥"}} | {"ö":"火🔥","straße":{"b":"🔥"}} | {"ö":"火🔥","straße":{"名":<é>,"b":"🔥"}}
            # with white space, should a route put some there
            a,c           | { "a" : 1 , "b" : [ 2 ] , "c" : [ 3 ] } | {"b":[ 2 ]}           | {"a":<1>,"b":[ 2 ],"c":<[ 3 ]>}
            """)
    void whatIsNamedIsRedactedAndNothingElse(String fields, String event, String removed, String hashed)
            throws Exception {
        String expected = Pattern.compile("<([^>]*)>").matcher(hashed)
                .replaceAll(value -> '"' + sha256(value.group(1)) + '"');

        assertEquals(removed, redact(remove(fields), event));
        assertEquals(expected, redact(hash(fields), event));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a           | {}
            b           | {"a":{"b":1},"c":[{"b":2}],"B":3}
            a.b         | {"a":1,"b":2}
            a.b         | {"a":null}
            a.b         | {"a":[{"b":1}]}
            a.b         | {"a.b":1,"b":{"a":1}}
            a[*]        | {"a":{"b":1,"[*]":2,"":3}}
            a[*].b      | {"a":{"b":1},"a[*]":[{"b":1}],"[*]":{"b":1}}
            a[*].b      | {"a":[1,"b",null,[],{},[{"b":1}]]}
            a[*][*]     | {"a":[1,{"b":[1]}]}
            none        | {"none":1,"a":2}
            """)
    void whereAPathLeadsToNothingTheEventIsNotEvenCopied(String fields, String event) throws Exception {
        byte[] line = event.getBytes(UTF_8);

        assertSame(line, remove(fields).redact(line));
        assertSame(line, hash(fields).redact(line));
    }

    @ParameterizedTest
    @MethodSource("io.ilertsumo.bridge.event.EventTest#values")
    void otherValuesStayAsTheyWereWritten(String value) throws Exception {
        String deep = "[".repeat(Event.MAX_DEPTH - 1) + "]".repeat(Event.MAX_DEPTH - 1);
        String event = "{\"u\":{\"m\":1,\"z\":%1$s,\"z\":%1$s},\"\\ud83d\":[%1$s],\"🔥\":%2$s}".formatted(value, deep);
        String redacted = "{\"u\":{%s\"z\":%s,\"z\":%2$s},\"\\uD83D\":[%2$s],\"\\uD83D\\uDD25\":%s}";

        assertEquals(redacted.formatted("", value, deep), redact(remove("u.m"), event));
        assertEquals(redacted.formatted("\"m\":\"" + sha256("1") + "\",", value, deep), redact(hash("u.m"), event));
    }

    @Test
    void theEventItselfIsNotChanged() throws Exception {
        byte[] line = "{\"a\":1,\"b\":2}".getBytes(UTF_8);
        byte[] before = line.clone();

        remove("a").redact(line);
        hash("b").redact(line);

        assertArrayEquals(before, line);
    }

    @Test
    void anEventAsILertSendsItLosesItsAddresses() throws Exception {
        String event = new String(Event.read(Events.sample("alert-auto-escalated.json").getBytes(UTF_8)).line(), UTF_8);
        JsonNode before = JSON.readTree(event);
        assertTrue(before.at("/assignedTo/email").isTextual() && before.at("/responders/0/user/email").isTextual());

        JsonNode after = JSON
                .readTree(redact(remove("assignedTo.email,responders[*].user.email"), event));

        assertEquals(reference(before, parts("assignedTo.email,responders[*].user.email"), false), after);
        assertFalse(after.toString().contains("@"), after.toString());
    }

    // hashes

    @Test
    void aHashIsTheFirstHalfOfASha256OrWithAKeyOfAnHmac() throws Exception {
        String event = "{\"email\":\"" + KIM + "\"}";

        assertEquals("{\"email\":\"" + KIMS_HASH + "\"}", redact(hash("email"), event));
        assertEquals("{\"email\":\"" + KIMS_HASH_WITH_KEY + "\"}",
                redact(redaction("email", RedactMode.HASH, "marker-key"), event));
    }

    @Test
    void aTextHasOneHashHoweverItIsEscapedAndWhereverItIs() throws Exception {
        String escaped = KIM.chars().mapToObj("\\u%04x"::formatted).collect(Collectors.joining());

        assertEquals("{\"a\":[\"%1$s\",\"%1$s\"],\"b\":\"%1$s\"}".formatted(KIMS_HASH),
                redact(hash("a[*],b"), "{\"a\":[\"%s\",\"%s\"],\"b\":\"%1$s\"}".formatted(KIM, escaped)));
    }

    @Test
    void anotherKeyMakesAnotherHash() throws Exception {
        String event = "{\"email\":\"" + KIM + "\"}";

        assertNotEquals(redact(redaction("email", RedactMode.HASH, "one"), event),
                redact(redaction("email", RedactMode.HASH, "other"), event));
    }

    // settings

    @ParameterizedTest
    @ValueSource(strings = { "", " ", ",", "a,", ",a", "a,,b", ".", "a.", ".a", "a..b", "[*]", "[*].a", "a.[*]", "a[]",
            "a[0]", "a[*", "a*]", "a[*]b", "a[*]]", "a.*", "*", "$.a", "$", "a b", "a\"", "'a'", "a/b", "/a/b",
            "${a}", "{{a}}", "a;b" })
    void whatIsNotAPathIsRejected(String fields) {
        String message = assertThrows(ConfigurationException.class, () -> remove(fields)).getMessage();

        assertTrue(message.startsWith("BRIDGE_REDACT has '"), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a,a              | a      | a
            a,a.b            | a.b    | a
            a.b,a            | a.b    | a
            a[*],a           | a[*]   | a
            a[*].b,a[*]      | a[*].b | a[*]
            x,a.b.c.d,y,a.b  | a.b.c.d| a.b
            """)
    void aPathThatAnotherOneCoversIsRejected(String paths, String covered, String by) {
        assertEquals("BRIDGE_REDACT has '" + covered + "', which '" + by + "' already covers",
                assertThrows(ConfigurationException.class, () -> remove(paths)).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = { "a,b", "a.b,a.c", "a[*].b,a[*].c,ab", "a.b,b.a", "a[*],a.b", "a[*][*],a[*].b" })
    void pathsBesideEachOtherAreAccepted(String paths) {
        assertEquals(paths.split(",").length, remove(paths).unmatched.size());
    }

    @Test
    void allErrorsAreReportedAtOnce() {
        String message = assertThrows(ConfigurationException.class, () -> remove("a..b,good,good.to,c[0]"))
                .getMessage();

        assertEquals("BRIDGE_REDACT has 'a..b', which is not a path such as responders[*].user.email. "
                + "BRIDGE_REDACT has 'c[0]', which is not a path such as responders[*].user.email. "
                + "BRIDGE_REDACT has 'good.to', which 'good' already covers", message);
    }

    @Test
    void pathsThatMatchedNothingSoFarAreListed() throws Exception {
        for (Redaction redaction : List.of(remove("a.b,c[*].d,e"), hash("a.b,c[*].d,e"))) {
            redact(redaction, "{\"a\":{\"B\":1},\"c\":[]}");
            assertEquals(Set.of("e", "a.b", "c[*].d"), redaction.unmatched);

            redact(redaction, "{\"a\":{\"b\":null}}");
            redact(redaction, "{\"c\":[{},{\"d\":{}}]}");
            assertEquals(Set.of("e"), redaction.unmatched);
        }
    }

    // what can't be redacted

    @Test
    void whatIsNotJsonIsRejectedWithoutItsContent() {
        byte[] whole = "{\"a\":{\"b\":[\"secret\",1]}}".getBytes(UTF_8);
        for (int length = 1; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);

            UnreadableEventException rejected = assertThrows(UnreadableEventException.class,
                    () -> remove("a.b[*].c").redact(cut), () -> "cut after byte " + cut.length);
            assertEquals("The event to redact is not valid JSON", rejected.getMessage());
            assertEquals(null, rejected.getCause());
        }
    }

    // against another way to do it

    @Test
    void anyEventBecomesWhatATreeOfItBecomesAndIsOtherwiseByteForByteTheSame() throws Exception {
        Random random = new Random(20_251_122);
        int changed = 0;
        for (int i = 0; i < 10_000; i++) {
            int spelling = random.nextInt();
            ObjectNode tree = randomObject(random, 4);
            List<String> paths = Stream.generate(() -> randomPath(random)).limit(1 + random.nextInt(6)).distinct()
                    .toList();
            String fields = paths.stream().filter(path -> paths.stream().noneMatch(other -> covers(other, path)))
                    .collect(Collectors.joining(","));
            boolean hashes = random.nextBoolean();
            String event = print(tree, spelling);
            JsonNode expected = reference(tree, parts(fields), hashes, spelling);

            String redacted = redact(hashes ? hash(fields) : remove(fields), event);

            String what = "object " + i + ": " + fields + " of " + event;
            assertEquals(print(expected, spelling), redacted, what);
            assertEquals(expected, JSON.readTree(redacted), what);
            changed += redacted.equals(event) ? 0 : 1;
        }
        assertTrue(changed > 2000, "changed " + changed);
    }

    private static JsonNode reference(JsonNode node, List<List<String>> paths, boolean hashes) {
        return reference(node, paths, hashes, 0);
    }

    /** The same in terms of trees. Paths are lists of names, {@code *} for the elements of an array. */
    private static JsonNode reference(JsonNode node, List<List<String>> paths, boolean hashes, int spelling) {
        if (node.isObject()) {
            ObjectNode redacted = NODES.objectNode();
            node.properties().forEach(field -> {
                JsonNode value = redacted(field.getValue(), below(paths, field.getKey()), hashes, spelling);
                if (value != null) {
                    redacted.set(field.getKey(), value);
                }
            });
            return redacted;
        }
        if (node.isArray()) {
            ArrayNode redacted = NODES.arrayNode();
            node.forEach(element -> Stream.of(element)
                    .map(value -> redacted(value, below(paths, "*"), hashes, spelling)).filter(Objects::nonNull)
                    .forEach(redacted::add));
            return redacted;
        }
        return node;
    }

    private static JsonNode redacted(JsonNode value, List<List<String>> paths, boolean hashes, int spelling) {
        if (!paths.contains(List.of())) {
            return reference(value, paths, hashes, spelling);
        }
        if (!hashes) {
            return null;
        }
        return value.isNull()
                ? value
                : NODES.textNode(sha256(value.isTextual() ? value.textValue() : print(value, spelling)));
    }

    private static List<List<String>> below(List<List<String>> paths, String name) {
        return paths.stream().filter(path -> !path.isEmpty() && path.get(0).equals(name))
                .map(path -> path.subList(1, path.size())).toList();
    }

    private static List<List<String>> parts(String fields) {
        return Stream.of(fields.split(",")).map(path -> List.of(path.replace("[*]", ".*").split("\\."))).toList();
    }

    private static boolean covers(String path, String other) {
        return other.startsWith(path + ".") || other.startsWith(path + "[");
    }

    private static String randomPath(Random random) {
        String[] names = { "a", "b", "ß" };
        return IntStream.rangeClosed(0, random.nextInt(3)).mapToObj(i -> names[random.nextInt(names.length)]
                + "[*]".repeat(Math.max(0, random.nextInt(5) - 2))).collect(Collectors.joining("."));
    }

    private static ObjectNode randomObject(Random random, int depth) {
        String[] names = { "a", "b", "ß", "a", "b", "ß", "", "[*]", "a.b", "\"", "火\n" };
        ObjectNode object = NODES.objectNode();
        IntStream.range(0, random.nextInt(9))
                .forEach(i -> object.set(names[random.nextInt(names.length)], randomNode(random, depth - 1)));
        return object;
    }

    private static JsonNode randomNode(Random random, int depth) {
        String[] texts = { "", "x", KIM, "é火\uD83D\uDD25", "\"},{\"", "\\", "\n", "[1,2]", "null" };
        return switch (random.nextInt(depth > 0 ? 12 : 6)) {
            case 0 -> NODES.nullNode();
            case 1 -> NODES.booleanNode(random.nextBoolean());
            case 2 -> NODES.numberNode(random.nextInt(2000) - 1000);
            case 3, 4, 5 -> NODES.textNode(texts[random.nextInt(texts.length)]);
            case 6, 7, 8 -> {
                ArrayNode array = NODES.arrayNode();
                IntStream.range(0, random.nextInt(4)).forEach(i -> array.add(randomNode(random, depth - 1)));
                yield array;
            }
            default -> randomObject(random, depth);
        };
    }

    /** Minified; which texts are escaped all through is up to {@code spelling}. */
    private static String print(JsonNode node, int spelling) {
        List<String> parts = new ArrayList<>();
        if (node.isObject()) {
            node.properties().forEach(field -> parts
                    .add(NODES.textNode(field.getKey()).toString() + ':' + print(field.getValue(), spelling)));
            return '{' + String.join(",", parts) + '}';
        }
        if (node.isArray()) {
            node.forEach(element -> parts.add(print(element, spelling)));
            return '[' + String.join(",", parts) + ']';
        }
        return node.isTextual() && !node.textValue().startsWith("sha256:")
                ? spell(node.textValue(), spelling)
                : node.toString();
    }

    private static String spell(String text, int spelling) {
        if (Objects.hash(text, spelling) % 3 == 0) {
            return '"' + text.chars().mapToObj("\\u%04x"::formatted).collect(Collectors.joining()) + '"';
        }
        try {
            return JSON.writeValueAsString(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
            return "sha256:" + HexFormat.of().formatHex(digest).substring(0, 32);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static Redaction remove(String fields) {
        return redaction(fields, RedactMode.REMOVE, null);
    }

    static Redaction hash(String fields) {
        return redaction(fields, RedactMode.HASH, null);
    }

    private static Redaction redaction(String paths, RedactMode mode, String key) {
        return new Redaction((BridgeSettings) Proxy.newProxyInstance(RedactionTest.class.getClassLoader(),
                new Class<?>[]{ BridgeSettings.class }, (proxy, setting, none) -> switch (setting.getName()) {
                    case "redact" -> paths;
                    case "redactMode" -> mode;
                    case "redactKey" -> Optional.ofNullable(key);
                    default -> throw new IllegalArgumentException(setting.getName());
                }));
    }

    private static String redact(Redaction redaction, String event) throws UnreadableEventException {
        return new String(redaction.redact(event.getBytes(UTF_8)), UTF_8);
    }
}
