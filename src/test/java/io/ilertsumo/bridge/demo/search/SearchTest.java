package io.ilertsumo.bridge.demo.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that the operators work as Sumo Logic documents them. Where the documentation is silent, as about comparisons with
 * missing values, they do what a query can rely on least.
 */
class SearchTest {

    private static final Instant START = Instant.parse("2026-01-31T23:50:00Z");
    private static final Instant END = START.plusSeconds(3600);
    private static final long MINUTE = 60_000;

    /** The message for conditions and expressions. It has no {@code missing}. */
    private static final String FIELDS = """
            {"text":"HIGH","same":"HIGH","star":"*","pattern":"H*","empty":"","blank":" \\t","none":null,
             "number":5,"ten":"10","zeros":"05","half":0.5,"yes":true,
             "regex":"a.c[1]+(x)","slashes":"a\\\\Eb\\\\Qc","lines":"one\\ntwo","pipe":"a|b","quote":"say \\"x\\""}
            """;
    private static final String READ = """
            | json "text", "same", "star", "pattern", "empty", "blank", "none", "missing", "number", "ten", "zeros", \
            "half", "yes", "regex", "slashes", "lines", "pipe", "quote" \
            as text, same, star, pattern, empty, blank, none, missing, number, ten, zeros, \
            half, yes, regex, slashes, lines, pipe, quote nodrop
            """;

    // scope

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # case-insensitive, with or without quotes
            _sourceCategory=webhook/ilert               | 1,2
            _sourceCategory=WEBHOOK/ILERT               | 1,2
            _sourcecategory=webhook/ilert               | 1,2
            _sourceCategory="webhook/ilert"             | 1,2
            _sourceCategory="Webhook/iLert"             | 1,2
            # wildcards, which have no meaning in quotes
            _sourceCategory=webhook/*                   | 1,2,3
            _sourceCategory=*ilert                      | 1,2
            _sourceCategory=web*2                       | 3
            _sourceCategory=*e*                         | 1,2,3,4
            _sourceCategory=*                           | 1,2,3,4
            _sourceCategory="webhook/*"                 |
            _sourceCategory="*"                         |
            # the whole value, without other special characters
            _sourceCategory=ilert                       |
            _sourceCategory=webhook/                    |
            _sourceCategory=webhook.ilert               |
            _sourceCategory="other one"                 | 4
            _sourceCategory=other                       |
            # all terms must match
            _sourceCategory=webhook/* _sourceHost=b     | 2,3
            _sourceHost="b"   _sourceCategory="other one" |
            _sourceName=*                               |
            # quoted keywords
            _sourceCategory=* "2"                       | 2
            _sourceCategory=* "x"                       |
            """)
    void scopeSelectsMessagesByMetadata(String scope, String expected) {
        List<LogMessage> messages = List.of(
                message(1, "1", Map.of("_sourceCategory", "webhook/ilert", "_sourceHost", "a")),
                message(2, "2", Map.of("_sourceCategory", "Webhook/iLert", "_sourceHost", "b")),
                message(3, "3", Map.of("_sourceCategory", "webhook/ilert2", "_sourceHost", "b")),
                message(4, "4", Map.of("_sourceCategory", "other one", "_sourceHost", "a")),
                message(5, "5", Map.of("_sourceHost", "a")));

        assertEquals(new TreeSet<>(expected == null ? List.of() : List.of(expected.split(","))),
                new TreeSet<>(Search.parse(scope).run(messages, START, END).column("_raw")));
    }

    @Test
    void messagesAreSortedNewestFirst() {
        Table found = Search.parse("_sourceCategory=test").run(List.of(message(2, "two"), message(3, "three"),
                message(1, "one")), START, END);

        assertEquals(List.of("_messagetime", "_raw"), found.columns());
        assertEquals(List.of(List.of(time(3), "three"), List.of(time(2), "two"), List.of(time(1), "one")),
                found.rows());
    }

    @Test
    void timeRangeIncludesStartAndExcludesEnd() {
        List<LogMessage> messages = new ArrayList<>();
        for (long time : List.of(time(0) - 1, time(0), time(1) - 1, time(1))) {
            messages.add(new LogMessage(time, String.valueOf(time - time(0)), Map.of("_sourceCategory", "test")));
        }

        assertEquals(List.of("59999", "0"), Search.parse("_sourceCategory=test")
                .run(messages, START, START.plusSeconds(60)).column("_raw"));
    }

    @Test
    void searchIsReusable() {
        Search search = Search.parse("_sourceCategory=test | json \"a\" as a | dedup 1 by a | count by a | limit 1");
        List<LogMessage> messages = List.of(message(1, "{\"a\":1}"));

        assertEquals(List.of(List.of("1", 1L)), search.run(messages, START, END).rows());
        assertEquals(List.of(List.of("1", 1L)), search.run(messages, START, END).rows());
        assertEquals(List.of(), search.run(List.of(), START, END).rows());
    }

    // json

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "NULL", textBlock = """
            text                       | {"text":"HIGH"}                        | HIGH
            text                       | {"text":""}                            | ``
            text                       | `{"text":"say \\"\\u00e4\\"|"}`        | `say "ä"|`
            # numbers and truth values as text
            number                     | {"number":2252825}                     | 2252825
            number                     | {"number":0.25}                        | 0.25
            truth                      | {"truth":true}                         | true
            # nested paths
            alertSource.name           | {"alertSource":{"name":"Shop"}}        | Shop
            a.b.c                      | {"a":{"b":{"c":1},"c":2},"c":3}        | 1
            responders[0].name         | {"responders":[{"name":"a"},{"name":"b"}]} | a
            responders[1].name         | {"responders":[{"name":"a"},{"name":"b"}]} | b
            a[1][0]                    | {"a":[[1],[2,3]]}                      | 2
            # objects and arrays as JSON
            alertSource                | {"alertSource":{"id":1, "name":"Shop"}} | {"id":1,"name":"Shop"}
            a                          | {"a":["x",1]}                          | ["x",1]
            a                          | {"a":[]}                               | []
            # values of all elements as a JSON array
            responders[*].name         | {"responders":[{"name":"a"},{"name":"b"}]} | ["a","b"]
            responders[*].user.name    | {"responders":[{"user":{"name":"\\""}},{"user":{}},{},1]} | ["\\""]
            a[*].b                     | {"a":[{"b":1},{"b":true},{"b":{"c":"d"}}]} | [1,true,{"c":"d"}]
            a[*]                       | {"a":["x"]}                            | ["x"]
            a.b[*].c[0]                | {"a":{"b":[{"c":[1,2]},{"c":[3]}]}}    | [1,3]
            # missing
            text                       | {}                                     | NULL
            text                       | {"Text":"HIGH","TEXT":"HIGH"}          | NULL
            text                       | {"text":null}                          | NULL
            text                       | {"a":{"text":"HIGH"}}                  | NULL
            alertSource.name           | {"alertSource":null}                   | NULL
            alertSource.name           | {"alertSource":"name"}                 | NULL
            alertSource.name           | {"alertSource.name":"Shop"}            | NULL
            alertSource.name           | {"alertSource":[{"name":"Shop"}]}      | NULL
            responders[0].name         | {"responders":[]}                      | NULL
            responders[0].name         | {"responders":null}                    | NULL
            responders[1].name         | {"responders":[{"name":"a"}]}          | NULL
            responders[0].name         | {"responders":{"name":"a"}}            | NULL
            responders[*].name         | {}                                     | NULL
            responders[*].name         | {"responders":{"name":"a"}}            | NULL
            # not JSON
            text                       | text                                   | NULL
            text                       | {"text":"HIGH"                         | NULL
            text                       | "text"                                 | NULL
            text                       | ``                                     | NULL
            """)
    void jsonExtractsPathAsText(String path, String json, String expected) {
        List<Object> values = Collections.singletonList(expected);

        assertEquals(values, search("| json \"" + path + "\" as found nodrop | count by found", json).column("found"));
        // nodrop keeps messages without a value
        assertEquals(expected == null ? List.of() : values,
                search("| json \"" + path + "\" as found | count by found", json).column("found"));
    }

    @Test
    void jsonDropsMessageWithoutOneOfItsPaths() {
        String[] messages = { "{\"a\":1,\"b\":2}", "{\"a\":3}", "{\"b\":4}", "{}", "no JSON" };

        assertEquals(Set.of(List.of("1", "2")), keys("| json \"a\", \"b\" as a, b | count by a, b", messages));
        assertEquals(Set.of(Arrays.asList(null, null), Arrays.asList(null, "4"), Arrays.asList("3", null),
                List.of("1", "2")), keys("| json \"a\", \"b\" as a, b nodrop | count by a, b", messages));
    }

    @Test
    void jsonReadsField() {
        String query = """
                | json field=_raw "source" as source nodrop | json field=SOURCE "name" as name | count by name""";

        assertEquals(Set.of(List.of("Shop")), keys(query, """
                {"name":"other","source":{"name":"Shop"}}""", """
                {"name":"other"}"""));
    }

    // conditions

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            # texts are case-sensitive and have no wildcards; unquoted words are fields
            text = "HIGH"                                  | true
            "HIGH" = text                                  | true
            text = same                                    | true
            text = ten                                     | false
            text = "high"                                  | false
            text = " HIGH"                                 | false
            text = "*"                                     | false
            star = "*"                                     | true
            empty = ""                                     | true
            blank = ""                                     | false
            quote = "say \\"x\\""                          | true
            `pipe = "a|b"`                                 | true
            # numeric if one side is a number
            number = 5                                     | true
            5 = number                                     | true
            zeros = 5                                      | true
            zeros = "5"                                    | false
            half = 1 / 2                                   | true
            ten > 9                                        | true
            ten > 10                                       | false
            ten > 11                                       | false
            9 > ten                                        | false
            ten > number                                   | true
            zeros > number                                 | false
            # comparisons with a missing value are false
            none = ""                                      | false
            none = "null"                                  | false
            none = 0                                       | false
            missing = none                                 | false
            "null" = none                                  | false
            none matches "*"                               | false
            none matches ""                                | false
            none in ("", "null")                           | false
            none > 0                                       | false
            5 > none                                       | false
            none - 1 > 0                                   | false
            # in, with one or more values
            text in ("HIGH")                               | true
            text in ("LOW", "HIGH")                        | true
            text in ("HIGH", none, "LOW")                  | true
            text in ("LOW", same)                          | true
            text in ("LOW", "NONE")                        | false
            text in ("high")                               | false
            text in ("H*")                                 | false
            # wildcards
            text matches "HIGH"                            | true
            text matches "H*"                              | true
            text matches "*H"                              | true
            text matches "*IG*"                            | true
            text matches "H*G*"                            | true
            text matches "*HIGH*"                          | true
            text matches "*"                               | true
            empty matches "*"                              | true
            text matches pattern                           | true
            ten matches "1*"                               | true
            number matches "5"                             | true
            lines matches "one*two"                        | true
            lines matches "one*"                           | true
            text matches "high"                            | false
            text matches "h*"                              | false
            text matches "HIG"                             | false
            text matches "IGH"                             | false
            text matches "G*"                              | false
            text matches "*I"                              | false
            text matches "H*X*"                            | false
            # other special characters have no meaning
            text matches "H.GH"                            | false
            text matches "HIG[H]"                          | false
            text matches "HIGH$"                           | false
            `text matches "HIGH|LOW"`                      | false
            `pipe matches "a|*"`                           | true
            regex matches "a.c[1]+(x)"                     | true
            regex matches "*.c[1]+(*)"                     | true
            regex matches ".*"                             | false
            slashes matches "a\\Eb\\Qc" | true
            slashes matches "a\\E*\\Q*" | true
            slashes matches "a\\*c" | true
            slashes matches "*\\Eb*" | true
            slashes matches "*\\E" | false
            # and, or, not
            text = "HIGH" and number = 5                   | true
            text = "HIGH" and number = 6                   | false
            text = "LOW" and number = 5                    | false
            text = "HIGH" and number = 5 and ten = "11"    | false
            text = "HIGH" or number = 6                    | true
            text = "LOW" or number = 5                     | true
            text = "LOW" or number = 6                     | false
            text = "LOW" or number = 6 or ten = "10"       | true
            text = "HIGH" or text = "LOW" and text = "LOW" | true
            text = "LOW" and text = "LOW" or text = "HIGH" | true
            (text = "HIGH" or text = "LOW") and text = "LOW" | false
            text = "LOW" and (text = "LOW" or text = "HIGH") | false
            ((text = "HIGH"))                              | true
            !(text = "HIGH")                               | false
            !(text = "LOW")                                | true
            !(text in ("LOW", "NONE"))                     | true
            !isBlank(text)                                 | true
            !!isBlank(text)                                | false
            !isBlank(text) and isBlank(text)               | false
            isBlank(text) or !isBlank(number)              | true
            # keywords, functions and fields are case-insensitive
            TEXT = "HIGH" AND Number = 5                   | true
            Text Matches "H*" And tEn IN ("10")            | true
            text = "LOW" OR ISBLANK(Missing)               | true
            # without spaces
            text="HIGH"and(number=5)and!isblank(text)      | true
            """)
    void whereFiltersByCondition(String condition, boolean isKept) {
        assertEquals(isKept ? List.of(FIELDS) : List.of(),
                search(READ + "| where " + condition, FIELDS).column("_raw"), condition);
    }

    @ParameterizedTest
    @CsvSource({ "none,true", "missing,true", "empty,true", "blank,true", "text,false", "star,false", "number,false",
            "yes,false", "_messagetime,false", "none - 1,true", "concat(none; none; none),true" })
    void isBlankIsTrueForMissingAndWhiteSpace(String value, String expected) {
        assertEquals(expected, value("if(isBlank(" + value.replace(';', ',') + "), \"true\", \"false\")"));
    }

    @Test
    void whereOperatorsAreChained() {
        assertEquals(List.of("{\"a\":2,\"b\":2}"), search("""
                | json "a", "b" as a, b | where a > 1 | where b = 2""", "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":2}",
                "{\"a\":2,\"b\":1}").column("_raw"));
    }

    // expressions

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            text                                                 | HIGH
            "a text"                                             | a text
            if(text = "HIGH", "yes", "no")                       | yes
            if(text = "LOW", "yes", "no")                        | no
            if(none = "LOW", "yes", "no")                        | no
            if(isBlank(none), "none", none)                      | none
            if(isBlank(text), "none", text)                      | HIGH
            if(text = "LOW", "a", if(number > 4, "b", "c"))      | b
            if(text = "LOW" or number = 5 and ten > 9, ten, text) | 10
            concat(text, " ", ten)                               | HIGH 10
            `concat("|", quote, "\\"")`                          | `|say "x""`
            concat(")", text, "and")                             | )HIGHand
            concat(none, text, missing)                          | HIGH
            concat(text, "-", number)                            | HIGH-5
            replace(text, "H", "")                               | IG
            replace(replace(quote, "\\"", ""), "x", "[y]")        | say [y]
            replace(number, ".", "")                             | 5
            if(isBlank(replace(none, "a", "b")), "no", "yes")    | no
            concat(number - 1, "/", half)                        | 4/0.5
            # in the user's time zone, which is UTC here
            formatDate(_messagetime, "yyyy-MM-dd HH:mm:ss")      | 2026-01-31 23:51:00
            formatDate(_messagetime, "dd.MM.yy, HH 'h'")         | 31.01.26, 23 h
            """)
    void expressionYieldsText(String expression, String expected) {
        assertEquals(expected, value(expression));
    }

    @ParameterizedTest
    @CsvSource({ "5, 5", "number - 1, 4", "10 - 2 - 3, 5", "2 * 3 - 1, 5", "10 - 2 * 3, 4", "(10 - 2) * 3, 24",
            "10 - (2 - 3), 11", "12 / 2 / 3, 2", "12 / (2 / 3), 18", "2 * 3 / 4 * 2, 3", "1 / 2, 0.5", "3 / 2, 1.5",
            "ten * zeros, 50", "half * 2, 1", "half - 1, -0.5", "15 * 60000, 900000", "number-1*2, 3" })
    void expressionYieldsNumber(String expression, double expected) {
        // whole numbers have no decimals
        assertEquals(expected == Math.rint(expected) ? (Object) (long) expected : expected, value(expression));
    }

    @ParameterizedTest
    @ValueSource(strings = { "none", "missing", "none - 1", "1 - none", "2 * none", "none / 2" })
    void expressionOfMissingValueIsNull(String expression) {
        assertEquals(null, value(expression));
    }

    @Test
    void nowIsEndOfTimeRange() {
        assertEquals(END.toEpochMilli(), value("now()"));
        assertEquals(List.of(List.of(59 * MINUTE)),
                values("| Now() - _messagetime as age | max(age) as age", "one"));
    }

    @Test
    void assignmentReplacesFieldInAnyCase() {
        assertEquals(List.of(List.of("none")),
                values("| json \"status\" as status nodrop | if(isBlank(status), \"none\", status) as status "
                        + "| count by status | fields - _count", "{}"));
        assertEquals(List.of(List.of("B", 1L)), values("| \"a\" as Kind | \"B\" as kind | count by KIND", "one"));
        // after an aggregation it adds no column
        Table found = search("| count as Messages by _raw | messages - 1 as messages | 2 as more", "one");
        assertEquals(List.of("_raw", "Messages", "more"), found.columns());
        assertEquals(List.of(List.of("one", 0L, 2L)), found.rows());
    }

    // messages

    @Test
    void dedupKeepsNewestOfEachKey() {
        String[] messages = { "{\"a\":1,\"b\":1,\"c\":\"old\"}", "{\"a\":1,\"b\":2,\"c\":\"old\"}",
                "{\"a\":2,\"b\":1,\"c\":\"new\"}", "{\"a\":1,\"b\":1,\"c\":\"new\"}" };
        String read = "| json \"a\", \"b\", \"c\" as a, b, c ";

        assertEquals(Set.of(List.of("1", "1", "new"), List.of("2", "1", "new")),
                keys(read + "| dedup 1 by a | count by a, b, c", messages));
        assertEquals(Set.of(List.of("1", "1", "new"), List.of("2", "1", "new"), List.of("1", "2", "old")),
                keys(read + "| dedup 1 by A, B | count by a, b, c", messages));
        assertEquals(List.of(List.of(4L)), values("| dedup 1 by _raw | count", messages));
    }

    @Test
    void dedupAfterSortKeepsFirstOfEachKey() {
        String query = "| json \"a\", \"b\" as a, b | count by a, b | sort by b %s | dedup 1 by a";
        String[] messages = { "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", "{\"a\":1,\"b\":1}" };

        assertEquals(List.of(List.of("1", "1", 1L)), values(query.formatted("asc"), messages));
        assertEquals(List.of(List.of("1", "3", 1L)), values(query.formatted("desc"), messages));
    }

    @Test
    void dedupIgnoresFilteredMessages() {
        String[] messages = { "{\"id\":1,\"status\":\"PENDING\"}", "{\"id\":1,\"status\":\"RESOLVED\"}" };
        String read = "| json \"id\", \"status\" as id, status ";

        assertEquals(List.of(List.of(1L)),
                values(read + "| where status = \"PENDING\" | dedup 1 by id | count", messages));
        assertEquals(List.of(), values(read + "| dedup 1 by id | where status = \"PENDING\" | count", messages));
    }

    @ParameterizedTest
    @CsvSource({ "15m, 2026-01-31T23:45:00Z, 2026-02-01T00:00:00Z, 2026-02-01T00:15:00Z",
            "1h, 2026-01-31T23:00:00Z, 2026-02-01T00:00:00Z, 2026-02-01T00:00:00Z",
            "2h, 2026-01-31T22:00:00Z, 2026-02-01T00:00:00Z, 2026-02-01T00:00:00Z" })
    void timesliceIsStartOfSlice(String period, Instant ofFirst, Instant ofSecond, Instant ofThird) {
        List<LogMessage> messages = List.of(
                new LogMessage(Instant.parse("2026-01-31T23:59:59.999Z").toEpochMilli(), "1", Map.of("a", "b")),
                new LogMessage(Instant.parse("2026-02-01T00:00:00Z").toEpochMilli(), "2", Map.of("a", "b")),
                new LogMessage(Instant.parse("2026-02-01T00:29:59.999Z").toEpochMilli(), "3", Map.of("a", "b")));

        Table found = Search.parse("a=b | timeslice " + period + " | count by _timeslice, _raw | sort by _raw asc")
                .run(messages, START, END);

        assertEquals(List.of(ofFirst.toEpochMilli(), ofSecond.toEpochMilli(), ofThird.toEpochMilli()),
                found.column("_timeslice"));
    }

    @Test
    void emptySlicesAreMissing() {
        List<LogMessage> messages = List.of(message(0, "23:50"), message(25, "00:15"), message(39, "00:29"));

        assertEquals(List.of(List.of(time(-5), 1L), List.of(time(25), 2L)),
                Search.parse("_sourceCategory=test | timeslice 15m | count by _timeslice | sort by _timeslice asc")
                        .run(messages, START, END).rows());
    }

    @Test
    void parseRegexFindsFirstMatchOrEachWithMulti() {
        String query = "| parse regex \"(?<name>[a-z]+)=(?<value>\\d+)\"%s | count by name, value";
        String[] messages = { "none", "A=1, =2", "-- a=1, b=2, a=1, c=" };

        assertEquals(Set.of(List.of("a", "1")), keys(query.formatted(""), messages));
        assertEquals(Set.of(List.of("a", "1"), List.of("b", "2")), keys(query.formatted(" multi"), messages));
        // each match is a copy of the message
        assertEquals(List.of(List.of("-- a=1, b=2, a=1, c=", 3L)),
                values("| parse regex \"(?<name>[a-z]+)=\\d+\" multi | count by _raw", messages));
    }

    @Test
    void parseRegexFindsEachNameInJsonArray() {
        String query = "| json \"responders[*].name\" as responders nodrop | "
                + "parse regex field=responders \"\\\"(?<responder>[^\\\"]+)\\\"\" multi | "
                + "count by responder | sort by responder asc";

        assertEquals(List.of(List.of("Ada L.", 1L), List.of("Bob", 2L)), values(query, """
                {"responders":[{"name":"Bob"},{"name":"Ada L."}],"name":"Carl"}""", """
                {"responders":[{"name":"Bob"}]}""", """
                {"responders":[]}""", """
                {"responders":null}""", "{}"));
    }

    // groups

    @Test
    void countCountsMessages() {
        String[] messages = { "{\"a\":1,\"b\":1}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}" };
        String read = "| json \"a\", \"b\" as a, b ";

        assertTable(List.of("_count"), List.of(List.of(3L)), search(read + "| count", messages));
        assertTable(List.of("n"), List.of(List.of(3L)), search(read + "| count as n", messages));
        assertTable(List.of("a", "_count"), List.of(List.of("1", 3L)), search(read + "| Count By a", messages));
        assertTable(List.of("a", "b", "n"), List.of(List.of("1", "2", 2L), List.of("1", "1", 1L)),
                search(read + "| count as n by a, b | sort by n", messages));
        // groups are counted like messages, and have no other fields
        assertTable(List.of("_count"), List.of(List.of(2L)), search(read + "| count by a, b | count", messages));
        assertThrows(IllegalArgumentException.class, () -> search(read + "| count by a | count by b", messages));
    }

    @ParameterizedTest
    @ValueSource(strings = { "count", "count by _raw", "sum(_messagetime)", "count_distinct(_raw), max(_messagetime)",
            "withtime _raw | most_recent(_raw_withtime) as last" })
    void noMessagesYieldNoGroup(String operators) {
        assertEquals(List.of(), search("| " + operators).rows());
    }

    @Test
    void emptyTextIsAValue() {
        assertEquals(List.of(List.of(3L)), values("| json \"a\" as a | count_distinct(a)", "{\"a\":\"\"}",
                "{\"a\":\"x\"}", "{\"a\":\"X\"}", "{\"a\":\"x\"}", "{\"a\":\"\"}"));
    }

    @Test
    void textIsConvertedToNumber() {
        String[] messages = { "{\"a\":9}", "{\"a\":\"10\"}", "{\"a\":0.5}", "{\"a\":null}", "{}" };
        Table found = search("| json \"a\" as a nodrop | sum(a), MAX(a), min(a)", messages);

        assertEquals(List.of("_sum", "_max", "_min"), found.columns());
        assertEquals(List.of(List.of(19.5, 10L, 0.5)), found.rows());
        // max and min of no values are null
        assertEquals(List.of(Arrays.asList(null, null)),
                values("| json \"a\" as a nodrop | max(a) as a, min(a) as b", "{}", "{\"a\":null}"));
    }

    @Test
    void aggregatesArePerGroup() {
        assertEquals(List.of(List.of("b", 5L, 5L, 5L, 1L), List.of("a", 3L, 2L, 1L, 2L)), values("""
                | json "k", "v" as k, v | sum(v) as s, max(v) as m, min(v) as l, count as n by k | sort by s""", """
                {"k":"a","v":1}""", """
                {"k":"b","v":5}""", """
                {"k":"a","v":2}"""));
    }

    @Test
    void mostRecentIsOfNewestMessage() {
        String query = """
                _sourceCategory=test | json "id", "status", "priority" as id, status, priority
                | withtime status | withtime Priority
                | most_recent(status_withtime) as status, most_recent(priority_withtime) as priority,
                  min(_messagetime) as since by id
                | sort by id asc""";
        List<LogMessage> messages = List.of(message(2, "{\"id\":1,\"status\":\"A\",\"priority\":\"LOW\"}"),
                message(9, "{\"id\":1,\"status\":\"B\",\"priority\":7}"),
                message(3, "{\"id\":1,\"status\":\"C\",\"priority\":\"HIGH\"}"),
                message(4, "{\"id\":2,\"status\":\"D\",\"priority\":\"LOW\"}"));

        Table found = Search.parse(query).run(messages, START, END);

        assertEquals(List.of("id", "status", "priority", "since"), found.columns());
        assertEquals(List.of(List.of("1", "B", "7", time(2)), List.of("2", "D", "LOW", time(4))), found.rows());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # descending by default
            number                     | 30a 10B 9B 2a
            number desc                | 30a 10B 9B 2a
            number asc                 | 2a 9B 10B 30a
            Number ASC                 | 2a 9B 10B 30a
            # a text is not a number
            text                       | 9B 30a 2a 10B
            text asc                   | 10B 2a 30a 9B
            # a direction for each column; lower case is greater than upper case
            kind, number               | 30a 2a 10B 9B
            kind asc, number           | 10B 9B 30a 2a
            kind, number asc           | 2a 30a 9B 10B
            kind asc, number asc       | 9B 10B 2a 30a
            kind asc, text asc         | 10B 9B 2a 30a
            kind desc, text desc       | 30a 2a 9B 10B
            both desc                  | 9B 30a 2a 10B
            """)
    void sortOrdersGroups(String columns, String expected) {
        String query = """
                | json "t", "k" as text, kind | concat(text, "", kind) as both
                | max(text) as number by text, kind, both | sort by\s""";

        assertEquals(List.of(expected.split(" ")), search(query + columns, """
                {"t":2,"k":"a"}""", """
                {"t":10,"k":"B"}""", """
                {"t":30,"k":"a"}""", """
                {"t":9,"k":"B"}""").column("both"));
    }

    @Test
    void limitKeepsFirstGroups() {
        String[] messages = { "c", "a", "b" };

        assertEquals(List.of("a", "b"),
                search("| count by _raw | sort by _raw asc | limit 2", messages).column("_raw"));
        assertEquals(List.of("c"), search("| count by _raw | sort by _raw | limit 1", messages).column("_raw"));
        assertEquals(List.of("a", "b", "c"),
                search("| count by _raw | sort by _raw asc | limit 10", messages).column("_raw"));
    }

    @Test
    void transposeSortsColumnsAndKeepsOrderOfRows() {
        Table found = search("""
                | json "t", "k" as time, kind | count as n by time, kind | sort by time asc
                | Transpose Row Time Column Kind""", """
                {"t":3,"k":"b"}""", """
                {"t":1,"k":"c"}""", """
                {"t":2,"k":"a"}""", """
                {"t":1,"k":"b"}""", """
                {"t":1,"k":"b"}""");

        assertEquals(List.of("Time", "a", "b", "c"), found.columns());
        assertEquals(List.of(Arrays.asList("1", null, 2L, 1L), Arrays.asList("2", 1L, null, null),
                Arrays.asList("3", null, 1L, null)), found.rows());
    }

    @Test
    void transposeOfNoRowsIsEmpty() {
        assertTable(List.of("_timeslice"), List.of(),
                search("| timeslice 1h | count by _timeslice, _raw | transpose row _timeslice column _raw"));
    }

    @Test
    void fieldsRemovesColumns() {
        String[] messages = { "one" };

        assertTable(List.of("_raw"), List.of(List.of("one")), search("| count by _raw | fields - _count", messages));
        assertTable(List.of("_raw"), List.of(List.of("one")),
                search("| count as n, max(_messagetime) as m by _raw | fields - N, m", messages));
        // a removed column does not exist for later operators, and its name can be reused
        assertThrows(IllegalArgumentException.class,
                () -> search("| count as n by _raw | fields - n | n - 1 as m", messages));
        assertTable(List.of("_raw", "n"), List.of(List.of("one", 7L)),
                search("| count as n by _raw | fields - n | 7 as n", messages));
    }

    // errors

    @ParameterizedTest
    @CsvSource(delimiterString = "=>", quoteCharacter = '`', textBlock = """
            # operators
            logreduce                          => Expected as, found the end: logreduce
            top 5 a                            => Expected as, found 5: top 5 a
            lookup a from b on c               => Expected as, found a: lookup a from b on c
            total a                            => Expected as, found a: total a
            fillmissing timeslice              => Expected as, found timeslice: fillmissing timeslice
            parse "a*" as b                    => Expected regex, found a*: parse "a*" as b
            ``                                 => Expected a name, found the end
            count | | limit 1                  => Expected a name, found the end
            count |                            => Expected a name, found the end
            # expressions
            a                                  => Expected as, found the end: a
            a as                               => Expected a name, found the end: a as
            a as 1                             => Expected a name, found 1
            a as "b"                           => Expected a name, found b
            a as b c                           => Expected the end, found c
            a + 1 as b                         => Unsupported: + 1 as b
            a % 2 as b                         => Unsupported: % 2 as b
            -a as b                            => Expected a name, found -
            1.5 as a                           => Unsupported: .5 as a
            1d as a                            => Unsupported: 1d as a
            5K as a                            => Unsupported: 5K as a
            15m as a                           => Expected a name, found 15m
            'a' as b                           => Unsupported: 'a' as b
            a ? b : c as d                     => Unsupported: ? b : c as d
            (1 - 2 as a                        => Expected ), found as
            1 - 2) as a                        => Expected as, found )
            1 - as a                           => Expected as, found a
            # functions
            avg(a) by b                        => Unsupported function: avg/1
            toLowerCase(a) as b                => Unsupported function: tolowercase/1
            isBlank(a, b) as c                 => Unsupported function: isblank/2
            if(a, b) as c                      => Unsupported function: if/2
            concat(a, b) as c                  => Unsupported function: concat/2
            concat(a, b, c, d) as e            => Unsupported function: concat/4
            now(a) as b                        => Unsupported function: now/1
            formatDate(_messagetime) as a      => Unsupported function: formatdate/1
            concat(a, b, c as d                => Expected ), found as
            concat(a, , c) as d                => Expected a name, found ,
            # conditions
            where                              => Expected a name, found the end: where
            where a =                          => Expected a name, found the end: where a =
            where a == "b"                     => Expected a name, found =
            where a != "b"                     => Expected the end, found !
            where a <> "b"                     => Unsupported: <> "b"
            where a < 1                        => Unsupported: < 1
            where a >= 1                       => Expected a name, found =
            where a = "b" = "c"                => Expected the end, found =
            where a = "b" c = "d"              => Expected the end, found c
            where a = "b" "and" c = "d"        => Expected the end, found and
            where a = "b" and                  => Expected a name, found the end
            where a = "b" or                   => Expected a name, found the end
            where (a = "b"                     => Expected ), found the end
            where a = "b")                     => Expected the end, found )
            where a = "b                       => Unsupported: "b
            where a = "b\\                     => Unsupported: "b
            where a = "b\\" | count            => Unsupported: "b\\" | count
            where a = b"                       => Unsupported: "
            where not (a = "b")                => Unsupported function: not/1
            where a not in ("b")               => Expected the end, found not
            where a like "b"                   => Expected the end, found like
            where a matches /b/                => Expected a name, found /
            where a in "b"                     => Expected (, found b
            where a in ()                      => Expected a name, found )
            where a in ("b"                    => Expected ), found the end
            where isNull(a)                    => Unsupported function: isnull/1
            # json
            json                               => Expected a text, found the end: json
            json auto                          => Expected a text, found auto
            json a as b                        => Expected a text, found a
            json "a"                           => Expected as, found the end
            json "a" as                        => Expected a name, found the end
            json "a", as b                     => Expected a text, found as
            json "a", "b" as c                 => json has 2 paths, but 1 names
            json "a" as b, c                   => json has 1 paths, but 2 names
            json "a" as b nodrop c             => Expected the end, found c
            json field "a" as b                => Expected =, found a
            json field="a" "b" as c            => Expected a name, found a
            json "" as a                       => Not a path:
            json "a." as a                     => Not a path: a.
            json ".a" as a                     => Not a path: .a
            json "a..b" as a                   => Not a path: a..b
            json "$.a" as a                    => Not a path: $.a
            json "a[]" as a                    => Not a path: a[]
            json "a[b]" as a                   => Not a path: a[b]
            json "a[1:2]" as a                 => Not a path: a[1:2]
            json "a[-1]" as a                  => Not a path: a[-1]
            json "a[0" as a                    => Not a path: a[0
            json "a[0]b" as a                  => Not a path: a[0]b
            json "a.*" as a                    => Not a path: a.*
            json "a b" as a                    => Not a path: a b
            json "a", "['b']" as a, b          => Not a path: ['b']
            # parse regex
            parse regex                        => Expected a text, found the end: parse regex
            parse regex field=a                => Expected a text, found the end
            parse regex "a"                    => Needs capturing groups, each with a name: a
            parse regex "(a)"                  => Needs capturing groups, each with a name: (a)
            parse regex "(?<a>b)(c)"           => Needs capturing groups, each with a name: (?<a>b)(c)
            parse regex "(?<a>b"               => Unclosed group
            parse regex "(?<a>b)" as c         => Expected the end, found as
            parse regex "(?<a>b)" nodrop       => Expected the end, found nodrop
            # other operators
            dedup by a                         => Expected a number, found by
            dedup 2 by a                       => Unsupported: dedup of more than 1
            dedup 1                            => Expected by, found the end
            dedup 1 by                         => Expected a name, found the end
            dedup 1 by a b                     => Expected the end, found b
            dedup consecutive 1 by a           => Expected a number, found consecutive
            timeslice                          => Expected a period, found the end: timeslice
            timeslice 15                       => Expected a period, found 15
            timeslice 15 m                     => Expected a period, found 15
            timeslice 0m                       => Unsupported: 0m
            timeslice 1d                       => Unsupported: 1d
            timeslice 1w                       => Unsupported: 1w
            timeslice 1h as slice              => Expected the end, found as
            timeslice 10 buckets               => Expected a period, found 10
            withtime                           => Expected a name, found the end: withtime
            withtime a, b                      => Expected the end, found ,
            sort a                             => Expected by, found a
            sort by                            => Expected a name, found the end: sort by
            sort by a b                        => Expected the end, found b
            sort by a,                         => Expected a name, found the end
            sort by -a                         => Expected a name, found -
            sort by a asc desc                 => Expected the end, found desc
            limit                              => Expected a number, found the end: limit
            limit a                            => Expected a number, found a
            limit 1 2                          => Expected the end, found 2
            limit 99999999999999999999         => 99999999999999999999
            transpose column a row b           => Expected row, found column
            transpose row a                    => Expected column, found the end
            transpose row a, b column c        => Expected column, found ,
            transpose row a column b as c      => Expected the end, found as
            fields a                           => Expected -, found a
            fields -                           => Expected a name, found the end
            # aggregates
            count(a)                           => Unsupported aggregate: count/1
            sum by a                           => Unsupported aggregate: sum/0
            most_recent as a                   => Unsupported aggregate: most_recent/0
            count, avg(a)                      => Unsupported aggregate: avg/1
            count, pct(a, 95)                  => Expected ), found ,
            sum(a - b)                         => Expected ), found -
            sum("a")                           => Expected a name, found a
            sum(a) / 2                         => Expected the end, found /
            sum(a                              => Expected ), found the end
            count,                             => Expected a name, found the end
            count as                           => Expected a name, found the end
            count by                           => Expected a name, found the end
            count by a,                        => Expected a name, found the end
            count group by a                   => Expected the end, found group
            count by if(a = b, c, d)           => Expected the end, found (
            """)
    void unsupportedSyntaxIsAnError(String operators, String expected) {
        String message = assertThrows(IllegalArgumentException.class,
                () -> Search.parse("_sourceCategory=test | " + operators)).getMessage();

        assertTrue(message.contains(expected), message);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", " ", "| count", "error", "_sourceCategory", "_sourceCategory=", "=test",
            "_sourceCategory = test", "_sourceCategory=test error", "_sourceCategory=a OR _sourceCategory=b",
            "_sourceCategory=a and _sourceHost=b", "NOT _sourceCategory=a", "!_sourceCategory=a", "(_sourceCategory=a)",
            "_sourceCategory=(a OR b)", "_sourceCategory=a?", "_sourceCategory=\"a", "_sourceCategory=a\"",
            "_sourceCategory=\"a\"b=c", "\"_sourceCategory=a\"", "_sourceCategory={{Logsdatasource}}" })
    void invalidScopeIsAnError(String scope) {
        String message = assertThrows(IllegalArgumentException.class, () -> Search.parse(scope)).getMessage();

        assertEquals("Expected terms such as _sourceCategory=webhook/ilert: "
                + scope.replaceFirst("\\|.*", "").strip(), message);
    }

    @ParameterizedTest
    @CsvSource(delimiterString = "=>", quoteCharacter = '`', textBlock = """
            # operators that need an aggregation
            sort by _raw                                   => sort must follow an aggregation
            limit 1                                        => limit must follow an aggregation
            where _raw = "{}" | limit 1 | count            => limit must follow an aggregation
            transpose row _raw column _raw                 => transpose must follow an aggregation
            fields - _raw                                  => fields must follow an aggregation
            # missing fields
            where a = "b"                                  => Field a not found
            if(_raw = "", a, b) as c                       => Field b not found
            json field=a "b" as c                          => Field a not found
            parse regex field=a "(?<b>c)"                  => Field a not found
            dedup 1 by _raw, a                             => Field a not found
            withtime a                                     => Field a not found
            count by a                                     => Field a not found
            count_distinct(a)                              => Field a not found
            sum(a)                                         => Field a not found
            count by _raw | where _messagetime > 1         => Field _messagetime not found
            count by _raw | timeslice 1h                   => Field _messagetime not found
            count by _raw | withtime _raw                  => Field _messagetime not found
            count by _raw | sort by a                      => Field a not found
            count by _raw | transpose row _raw column a    => Field a not found
            count by _raw | transpose row a column _raw    => Field a not found
            # wrong types
            where _raw > 1                                 => {"a":
            where 1 = _raw                                 => {"a":
            _raw - 1 as b                                  => {"a":
            sum(_raw)                                      => {"a":
            formatDate(_raw, "yyyy") as b                  => formatDate needs a Long
            formatDate("1", "yyyy") as b                   => formatDate needs a Long
            max(_messagetime) as b | formatDate(b, "yyyy") as c => formatDate needs a Long
            formatDate(_messagetime, "nonsense") as b      => Illegal pattern character
            most_recent(_raw) as b                         => most_recent needs a field that withtime made, not _raw
            # columns
            count, count                                   => Duplicate column: [_count, _count]
            sum(_messagetime) as A, count as a             => Duplicate column: [A, a]
            count as _raw by _raw                          => Duplicate column: [_raw, _raw]
            count by _raw, _messagetime, _sourceCategory | transpose row _raw column _messagetime => transpose needs one column of values, not [_sourceCategory, _count]
            count by _raw | fields - _count | transpose row _raw column _raw => transpose needs one column of values, not []
            json "a" as a | count by _sourceCategory, a | transpose row _sourceCategory column a => Duplicate column: [_sourceCategory, X, x]
            """)
    void invalidOperandIsAnError(String operators, String expected) {
        String message = assertThrows(IllegalArgumentException.class,
                () -> search("| " + operators, "{\"a\":\"x\"}", "{\"a\":\"X\"}")).getMessage();

        assertTrue(message.contains(expected), message);
    }

    @Test
    void missingColumnIsAnError() {
        Table table = search("| count", "one");

        assertEquals("There is no column n, but [_count]",
                assertThrows(IllegalArgumentException.class, () -> table.column("n")).getMessage());
    }

    private static void assertTable(List<String> columns, List<List<Object>> rows, Table found) {
        assertEquals(columns, found.columns());
        assertEquals(rows, found.rows());
    }

    /** Returns the value of an expression. */
    private static Object value(String expression) {
        return search(READ + "| " + expression + " as value | count by value", FIELDS).column("value").get(0);
    }

    private static List<List<Object>> values(String operators, String... messages) {
        return search(operators, messages).rows();
    }

    /** Returns the keys of the groups: all columns but the last, in any order. */
    private static Set<List<Object>> keys(String operators, String... messages) {
        return values(operators, messages).stream().map(row -> row.subList(0, row.size() - 1))
                .collect(Collectors.toSet());
    }

    /** Runs operators over messages, one per minute. */
    private static Table search(String operators, String... texts) {
        List<LogMessage> messages = new ArrayList<>();
        for (String text : texts) {
            messages.add(message(messages.size() + 1, text));
        }
        return Search.parse("_sourceCategory=test " + operators).run(messages, START, END);
    }

    private static LogMessage message(long minute, String text) {
        return message(minute, text, Map.of("_sourceCategory", "test"));
    }

    private static LogMessage message(long minute, String text, Map<String, String> fields) {
        return new LogMessage(time(minute), text, fields);
    }

    private static long time(long minute) {
        return START.toEpochMilli() + minute * MINUTE;
    }
}
