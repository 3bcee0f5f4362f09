package io.ilertsumo.bridge.event;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The digest by which an event without {@code eventId} is known, however it was written. */
class EventKeyTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonMapper ESCAPING = JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{'a':1,'b':2,'c':3} | {'c':3,'a':1,'b':2}",
            "{'a':{'b':1,'c':{'d':2,'e':3}},'f':4} | {'f':4,'a':{'c':{'e':3,'d':2},'b':1}}",
            "{'a':[[],[{'b':1,'c':2}],{}]} | {'a':[[],[{'c':2,'b':1}],{}]}",
            "{'é':'火','Z':'\\ud83d\\udd25'} | {'Z':'\uD83D\uDD25','\\u00e9':'\\u706b'}",
            "{'\uFB33':1,'\uD83D\uDD25':2} | {'\uD83D\uDD25':2,'\uFB33':1}",
            "{'a':'\\/\\u0022\\n'} | {'a':'/\\\"\\u000a'}",
            "{'':1,'a':2} | {'a':2,'':1}",
            // of names that occur twice the last counts, as for the other fields
            "{'a':1,'b':2,'a':3} | {'b':2,'a':3}",
            "{'a':{'b':1},'a':{'c':2}} | {'a':{'c':2}}",
            "{'a':[{'b':1,'b':[2]}]} | {'a':[{'b':[2]}]}",
            // escaped names, too
            "{'a':1,'\\u0061':2} | {'a':2}" })
    void itIsTheSameHoweverTheEventIsWritten(String one, String other) {
        assertEquals(digest(one), digest(other));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{'a':1,'b':2} | {'a':2,'b':1}",
            "{'a':[1,2]} | {'a':[2,1]}",
            "{'a':[[1],2]} | {'a':[[1,2]]}",
            "{'a':[{'b':1},{'c':2}]} | {'a':[{'b':1,'c':2}]}",
            "{'a':[]} | {'a':{}}",
            "{'a':['b',1]} | {'a':{'b':1}}",
            "{'a':[1]} | {'a':1}",
            "{'a':1} | {'a':'1'}",
            "{'a':null} | {'a':'null'}",
            "{'a':null} | {}",
            "{'a':true} | {'a':'true'}",
            "{'a':''} | {'a':null}",
            "{'ab':'c'} | {'a':'bc'}",
            "{'a':'b','c':'d'} | {'a':'d','c':'b'}",
            "{'a':{'b':1},'c':2} | {'a':{'b':1,'c':2}}",
            "{'a':'\\u0000'} | {'a':''}",
            // texts that look like what is made of others
            "{'a':'b, \\\"c=\\\"d'} | {'a':'b','c':'d'}",
            "{'a':'b, 1\\\"c=1\\\"d'} | {'a':'b','c':'d'}",
            "{'a':['b, \\\"c']} | {'a':['b','c']}",
            "{'a':'[]'} | {'a':[]}",
            "{'a':'\\ud83d'} | {'a':'\\ud83e'}",
            "{'a':'\\ud83d'} | {'a':'?'}",
            // numbers are texts
            "{'a':1.0} | {'a':1}",
            "{'a':12345678901234567890123} | {'a':12345678901234567890124}" })
    void itIsAnotherForAnotherEvent(String one, String other) {
        assertNotEquals(digest(one), digest(other));
    }

    @ParameterizedTest
    @ValueSource(strings = { "alert-created.json", "alert-auto-escalated.json" })
    void aSampleIsTheSameEventInAnyOrder(String sample) throws Exception {
        JsonNode tree = JSON.readTree(EventKeyTest.class.getResourceAsStream("/samples/" + sample));

        String written = JSON.writeValueAsString(shuffled(tree, new Random(1)));

        assertNotEquals(tree.toString(), written);
        assertEquals(digest(tree.toString()), digest(written));
    }

    @Test
    void objectsHaveTheSameDigestIfAndOnlyIfTheyAreEqual() throws Exception {
        Random random = new Random(20_261_128);
        Map<JsonNode, String> digests = new HashMap<>();
        for (int i = 0; i < 3000; i++) {
            JsonNode tree = randomNode(random, 4, true);
            String digest = digests.computeIfAbsent(tree, node -> digest(node.toString()));

            assertEquals(digest, digest(ESCAPING.writeValueAsString(shuffled(tree, random))), tree::toString);
        }
        assertTrue(digests.size() > 1000, digests.size() + " objects");
        assertEquals(digests.size(), digests.values().stream().distinct().count());
    }

    @Test
    void aLongEventIsTheSameInAnyOrderAndAnotherForEachChange() {
        String one = "{'id':1,'text':'" + "long ".repeat(1000) + "'}";
        String other = "{'text':'" + "long ".repeat(1000) + "','id':1}";
        String list = "{'a':[" + one + "," + one + "],'b':{'c':" + one + "}}";

        assertEquals(digest(list), digest("{'b':{'c':" + other + "},'a':[" + other + "," + one + "]}"));
        assertNotEquals(digest(list), digest(list.replace("'id':1,", "'id':2,")));
        assertNotEquals(digest(list), digest(list.replace("long '}}", "long'}}")));
    }

    @Test
    void theDepthIsThatOfAnEvent() throws Exception {
        String deep = "{\"a\":".repeat(Event.MAX_DEPTH - 1) + "{}" + "}".repeat(Event.MAX_DEPTH - 1);

        assertEquals("sha256:" + digest(deep), Event.read(deep.getBytes(UTF_8)).id());
    }

    private static String digest(String json) {
        return EventKey.digest(json.replace('\'', '"').getBytes(UTF_8));
    }

    private static JsonNode shuffled(JsonNode node, Random random) {
        if (node.isArray()) {
            ArrayNode array = JsonNodeFactory.instance.arrayNode();
            node.forEach(element -> array.add(shuffled(element, random)));
            return array;
        } else if (node.isObject()) {
            List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(node.properties());
            Collections.shuffle(fields, random);
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            fields.forEach(field -> object.set(field.getKey(), shuffled(field.getValue(), random)));
            return object;
        }
        return node;
    }

    /** Of few names and values, so that many are alike. */
    private static JsonNode randomNode(Random random, int depth, boolean isObject) {
        if (isObject || depth > 0 && random.nextInt(3) == 0) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            for (int i = random.nextInt(4); i > 0; i--) {
                object.set(List.of("a", "b", "é", "").get(random.nextInt(4)), randomNode(random, depth - 1, false));
            }
            return object;
        } else if (depth > 0 && random.nextInt(3) == 0) {
            ArrayNode array = JsonNodeFactory.instance.arrayNode();
            for (int i = random.nextInt(3); i > 0; i--) {
                array.add(randomNode(random, depth - 1, false));
            }
            return array;
        }
        return switch (random.nextInt(5)) {
            case 0 -> JsonNodeFactory.instance.textNode("1");
            case 1 -> JsonNodeFactory.instance.numberNode(1);
            case 2 -> JsonNodeFactory.instance.nullNode();
            case 3 -> JsonNodeFactory.instance.booleanNode(true);
            default -> JsonNodeFactory.instance.textNode("\uD83D\uDD25");
        };
    }
}
