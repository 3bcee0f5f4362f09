package io.ilertsumo.bridge.webhook;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RawHttp;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;

/**
 * Each malformed call gets the right answer, which quotes nothing of the call, and no error is logged. A body of an
 * authenticated sender is kept if it could be received. Each body contains the word marker where an answer could quote
 * it.
 */
@QuarkusTest
@TestProfile(Programs.Default.class)
class BadInputTest extends RunningBridge {

    private static final int MAX_BODY_SIZE = 1024 * 1024;
    private static final String JSON = "Content-Type: application/json";
    private static final String GZIP = "Content-Encoding: gzip";
    private static final String BYTE_ORDER_MARK = "\uFEFF";
    private static final String BAD_BODY = "marker {{alertId}}";

    private int logged;

    /** A call: its first line and headers, and its body. */
    private record Call(byte[] head, byte[] body) {

        /** A POST of JSON. */
        static Call of(byte[] body, String... headers) {
            return to("POST /webhooks/ilert HTTP/1.1", body,
                    Stream.concat(Stream.of(JSON), Stream.of(headers)).toArray(String[]::new));
        }

        /** With the length, but without a type that is not among the headers. */
        static Call to(String requestLine, byte[] body, String... headers) {
            List<String> all = new ArrayList<>(List.of(headers));
            all.add("Content-Length: " + body.length);
            return new Call(RawHttp.headTo(requestLine, all.toArray(String[]::new)), body);
        }

        Call anonymous() {
            return new Call(new String(head, UTF_8).replaceFirst("(?m)^Authorization: .*\r\n", "").getBytes(UTF_8),
                    body);
        }

        @Override
        public String toString() {
            String text = new String(head, UTF_8).replaceAll("(?m)^(Host|Connection|Authorization): .*\r\n", "")
                    + new String(body, ISO_8859_1);
            return text.substring(0, Math.min(300, text.length()));
        }
    }

    @BeforeEach
    void countTheLinesOfTheLog() {
        logged = log().length();
    }

    @AfterEach
    void validEventsAreStillAcceptedAndNoErrorIsLogged() {
        String id = Events.newId();
        accepted(Events.pretty(Events.express(id)));
        assertEquals(List.of(Events.express(id)), arrived(1, id));
        assertEquals(List.of(), log().substring(logged).lines().filter(line -> line.contains(" ERROR ")).toList());
    }

    // bodies that are no event

    @Test
    void aBodyThatIsNoJsonObjectIsAnswered400AndKept() throws Exception {
        List<String> bodies = new ArrayList<>(List.of(
                // nothing
                "", " ", "\n", "\r\n\t ", BYTE_ORDER_MARK, BYTE_ORDER_MARK + " ", " ".repeat(MAX_BODY_SIZE),
                // something else
                "[]", "[{\"a\":\"marker\"}]", "\"marker\"", "1", "-1.5", "1e400", "true", "false", "null", "marker",
                "<marker/>", "a=marker&b=1", "}", ",", ":", "\u0000", "\u0000".repeat(1000), "--\nmarker: 1\n",
                // byte order marks where none belongs
                BYTE_ORDER_MARK + BYTE_ORDER_MARK + "{}", "{}" + BYTE_ORDER_MARK, "{" + BYTE_ORDER_MARK + "\"a\":1}",
                // templates that were not filled in
                "{{alertId}}", "{{{marker}}}", "{\"id\":{{alertId}},\"a\":\"marker\"}", "{\"id\":{{{marker}}}}",
                "{{#alert}}{\"a\":\"marker\"}{{/alert}}", "{\"a\":1{{#marker}},\"b\":2{{/marker}}}",
                "{\"a\":${marker}}", "{\"a\":<%= marker %>}", "{% marker %}",
                // nearly JSON
                "{\"marker\":1,}", "{,\"marker\":1}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1 2]}",
                "{\"a\":1 \"b\":2}",
                "{'marker':1}", "{\"a\":'marker'}", "{marker:1}", "{\"a\":marker}", "{\"a\":`marker`}", "{\"marker\"}",
                "{\"marker\":}", "{\"marker\" 1}", "{\"a\"=1}", "{\"a\":1;\"b\":2}", "{1:1}", "{null:1}", "{\"a\":1]",
                "{\"a\":[1}", "{{\"a\":\"marker\"}}", "{[\"marker\"]}", "{\"a\":\"b\":\"marker\"}",
                "// marker\n{}", "{/* marker */}", "{} // marker", "{\"a\":1 # marker\n}", "#!marker\n{}",
                "{\"a\":True}", "{\"a\":NULL}", "{\"a\":undefined}", "{\"a\":nul}", "{\"a\":truee}",
                "callback({\"a\":\"marker\"})", ")]}',\n{\"a\":\"marker\"}", "data: {\"a\":\"marker\"}\n\n",
                // numbers
                "{\"a\":NaN}", "{\"a\":-NaN}", "{\"a\":Infinity}", "{\"a\":-Infinity}", "{\"a\":01}", "{\"a\":-01}",
                "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1.e5}", "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":-}",
                "{\"a\":0x10}", "{\"a\":1_000}", "{\"a\":1f}", "{\"a\":1,5\"marker\"}", "{\"a\":" + "1".repeat(100_000),
                // strings
                "{\"a\":\"marker", "{\"a\":\"marker\\", "{\"a\":\"marker\\\"}", "{\"a\":\"\\x41marker\"}",
                "{\"a\":\"\\u12g4marker\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\'\"}", "{\"a\":\"line\nmarker\"}",
                "{\"a\":\"\\\nmarker\"}",
                // more than one
                "{}{}", "{\"a\":\"marker\"}{\"a\":\"marker\"}", "{\"a\":\"marker\"}\n{\"a\":\"marker\"}\n", "{},{}",
                "{}[]", "{}\"marker\"", "{} 1", "{} null", "{}}", "{}]", "{} marker", "{}\u0000",
                "\u001E{\"a\":\"marker\"}\n",
                // white space of other kinds
                "\u00A0{}", "{}\u00A0", "{\u000B}", "{\f}", "{\u2028\"a\":1}", "{\u3000}",
                // too deep
                nested("[", "]", 201), nested("{\"a\":", "}", 201), nested("[", "]", 100_000),
                "{\"marker\":" + "[".repeat(500_000), "{\"marker\":".repeat(90_000), "[".repeat(MAX_BODY_SIZE)));
        for (char control = 0; control < ' '; control++) {
            bodies.add("{\"a\":\"marker" + control + "\"}");
            bodies.add("{\"marker" + control + "\":1}");
            if ("\t\n\r".indexOf(control) < 0) {
                bodies.add("{\"a\":" + control + "\"marker\"}");
            }
        }

        kept(400, bodies.stream().map(body -> Call.of(bytes(body))).toList());
    }

    @Test
    void anEventCutOffAnywhereIsAnswered400AndKept() throws Exception {
        for (String sample : List.of("alert-created.json", "alert-auto-escalated.json")) {
            byte[] event = bytes(Events.sample(sample).strip());
            kept(400, IntStream.range(0, event.length).mapToObj(length -> Call.of(Arrays.copyOf(event, length)))
                    .toList());
        }
    }

    @Test
    void anEventWithANulInsteadOfAnyByteIsAnswered400AndKept() throws Exception {
        byte[] event = bytes(Events.sample("alert-created.json").strip());

        kept(400, IntStream.range(0, event.length).mapToObj(i -> {
            byte[] changed = event.clone();
            changed[i] = 0;
            return Call.of(changed);
        }).toList());
    }

    @Test
    void aBodyThatIsNotUtf8IsAnswered400AndKept() throws Exception {
        List<byte[]> bodies = new ArrayList<>();
        for (String name : List.of("UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE")) {
            Charset charset = Charset.forName(name);
            for (String body : List.of("{\"summary\":\"marker\"}", " {}", Events.sample("alert-created.json"))) {
                bodies.add(body.getBytes(charset));
                bodies.add((BYTE_ORDER_MARK + body).getBytes(charset));
            }
        }
        for (char letter = 0x80; letter <= 0xFF; letter++) {
            bodies.add(("{\"summary\":\"marker " + letter + " marker\"}").getBytes(ISO_8859_1));
        }
        for (String hex : List.of(
                // overlong
                "C0AF", "C080", "C1BF", "E080AF", "E08080", "F08282AC", "F08080AF",
                // surrogates, alone and as a pair
                "EDA080", "EDBFBF", "EDA0BDEDB4A5",
                // beyond Unicode
                "F4908080", "F5808080", "F8888080", "FC8480808080", "FE", "FF",
                // a lone or missing continuation
                "80", "BF", "C3", "C3C3A9", "E282", "E28228", "F09F94", "F09F9428", "E282ACAC")) {
            byte[] bad = HexFormat.of().parseHex(hex);
            bodies.add(join(bytes("{\"eventId\":\"marker"), bad, bytes("\"}")));
            bodies.add(join(bytes("{\"marker"), bad, bytes("\":\"é\"}")));
            bodies.add(join(bytes("{\"marker\":"), bad, bytes("}")));
            bodies.add(join(bytes("{}"), bad));
            bodies.add(join(bad, bytes("{}")));
        }

        kept(400, bodies.stream().map(body -> Call.of(body)).toList());
    }

    // odd bodies that are events

    @Test
    void anUnusualJsonObjectIsAcceptedUnchanged() throws Exception {
        List<String> values = List.of("{}", "[[],{},\"\"]", "\"{{alertId}}\"", "\"\\ud83d\"", "\"\\udd25\\ud83d\"",
                "\"\\u0000\\u001F\"", "\"\u007F \uFEFF \uFFFE \uFFFF\"", "\"// no comment\"", "1e400", "-0", "1E-99999",
                "9".repeat(10_000), "0." + "3".repeat(10_000), "\"" + "x".repeat(900_000) + "\"",
                nested("[", "]", 199), nested("{\"a\":", "}", 199));
        List<String> events = new ArrayList<>();
        for (String value : values) {
            events.add("{\"eventId\":\"" + Events.newId() + "\",\"value\":" + value + "}");
        }
        events.add("{\"eventId\":\"" + Events.newId() + "\",\"a\":1,\"a\":2,\"\":3,\"a\":null}");
        events.add("{\"id\":{\"id\":[]},\"priority\":7,\"eventType\":[\"x\"],\"eventId\":\"" + Events.newId() + "\"}");

        acceptedAll(events.stream().map(event -> Call.of(bytes(event))).toList());

        for (String event : events) {
            assertEquals(List.of(event), arrived(1, event));
        }
    }

    @Test
    void aByteOrderMarkAndWhiteSpaceAreRemoved() throws Exception {
        String event = Events.express(Events.newId());

        acceptedAll(List.of(Call.of(bytes(BYTE_ORDER_MARK + " \r\n\t" + event + "\n".repeat(100_000)))));

        assertEquals(List.of(event), arrived(1, event));
    }

    @Test
    void ofDuplicateKeysTheLastCounts() throws Exception {
        String first = Events.newId();
        String last = Events.newId();

        acceptedAll(List.of(Call.of(bytes("{\"eventId\":\"" + first + "\",\"eventId\":\"" + last + "\"}"))));

        send(Events.express(last)).then().statusCode(200);
        send(Events.express(first)).then().statusCode(202);
    }

    // compression

    @Test
    void aBodyThatDoesNotMatchItsEncodingIsAnswered400AndKept() throws Exception {
        byte[] event = bytes(Events.sample("alert-created.json"));
        byte[] gzip = Events.compressed("gzip", event);
        byte[] deflate = Events.compressed("deflate", event);
        List<Call> calls = new ArrayList<>();
        for (int length = 0; length < gzip.length; length++) {
            calls.add(Call.of(Arrays.copyOf(gzip, length), GZIP));
        }
        for (int length = 0; length < deflate.length; length++) {
            calls.add(Call.of(Arrays.copyOf(deflate, length), "Content-Encoding: deflate"));
        }
        calls.add(Call.of(event, GZIP));
        calls.add(Call.of(event, "Content-Encoding: deflate"));
        calls.add(Call.of(deflate, GZIP));
        calls.add(Call.of(gzip, "Content-Encoding: deflate"));
        calls.add(Call.of(gzip));
        calls.add(Call.of(gzip, "Content-Encoding: identity"));
        calls.add(Call.of(Events.compressed("gzip", gzip), GZIP));
        calls.add(Call.of(Events.compressed("gzip", bytes(BAD_BODY)), GZIP));
        calls.add(Call.of(Events.compressed("gzip", new byte[0]), GZIP));
        calls.add(Call.of(join(gzip, gzip), GZIP));
        // a wrong method, reserved flags, a wrong checksum, a wrong length, a name without end
        calls.add(Call.of(changed(gzip, 2, 7), GZIP));
        calls.add(Call.of(changed(gzip, 3, 0xFF), GZIP));
        calls.add(Call.of(changed(gzip, gzip.length - 8, gzip[gzip.length - 8] + 1), GZIP));
        calls.add(Call.of(changed(gzip, gzip.length - 4, gzip[gzip.length - 4] + 1), GZIP));
        calls.add(Call.of(join(changed(Arrays.copyOf(gzip, 10), 3, 8), bytes("marker".repeat(100_000))), GZIP));

        kept(400, calls);
    }

    @Test
    void aDecompressionBombIsAnswered413() throws Exception {
        byte[] spaces = new byte[64 * MAX_BODY_SIZE];
        Arrays.fill(spaces, (byte) ' ');
        refused(413, List.of(
                Call.of(Events.compressed("gzip", spaces), GZIP),
                Call.of(Events.compressed("deflate", spaces), "Content-Encoding: deflate"),
                Call.of(Events.compressed("gzip", bytes("[".repeat(10 * MAX_BODY_SIZE))), "Content-Encoding: x-gzip")));

        // members within members of nothing
        byte[] empty = Events.compressed("gzip", new byte[0]);
        kept(400, List.of(Call.of(repeated(empty, MAX_BODY_SIZE / empty.length), GZIP)));
    }

    @Test
    void contentEncodingsAreAcceptedInAnyCaseAndByTheirOldNames() throws Exception {
        List<String> events = new ArrayList<>();
        List<Call> calls = new ArrayList<>();
        for (String coding : List.of("gzip", "GZIP", "Gzip", "x-gzip", "X-GZip", "deflate", "DEFLATE", "identity",
                "Identity")) {
            String event = Events.express(Events.newId());
            events.add(event);
            byte[] body = coding.equalsIgnoreCase("identity")
                    ? bytes(event)
                    : Events.compressed(coding.equalsIgnoreCase("deflate") ? "deflate" : "gzip", bytes(event));
            calls.add(Call.of(body, "Content-Encoding: " + coding));
        }
        // in members, some of them empty, and with something behind that is no member
        byte[] empty = Events.compressed("gzip", new byte[0]);
        byte[] space = Events.compressed("gzip", bytes(" "));
        String event = Events.express(Events.newId());
        events.add(event);
        calls.add(Call.of(join(repeated(empty, 50), Events.compressed("gzip", bytes(event.substring(0, 20))),
                repeated(empty, 50), Events.compressed("gzip", bytes(event.substring(20))), repeated(space, 10_000),
                bytes("marker")), GZIP));

        acceptedAll(calls);

        for (String sent : events) {
            assertEquals(List.of(sent), arrived(1, sent));
        }
    }

    @Test
    void unsupportedContentEncodingsAreAnswered415AndKept() throws Exception {
        kept(415, Stream.of("br", "zstd", "compress", "", " ", ",", "*", "marker", "gzip, gzip", "gzip,identity",
                "identity, gzip", "deflate, gzip", "gzip;q=1", "\"gzip\"", "gzip gzip", "xgzip", "gzip\u00e9",
                "gzip\r\nContent-Encoding: gzip", "identity\r\nContent-Encoding: br")
                .map(coding -> Call.of(Events.compressed("gzip", bytes(Events.express(Events.newId()))),
                        "Content-Encoding: " + coding))
                .toList());
    }

    // types

    @Test
    void aBodyOfAnotherTypeIsAnswered415AndKept() throws Exception {
        List<Call> calls = new ArrayList<>();
        for (String type : List.of("", ";", " ; charset=utf-8", "text/plain", "TEXT/PLAIN", "text/html; charset=utf-8",
                "application/xml", "application/octet-stream", "*/*", "marker", "a".repeat(5000), "\"", "text/plain;\"",
                "text/plain; charset=\"", "text/plain; charset=marker", "text/plain; charset=utf-16",
                "application/javascript", "application/yaml", "application/cbor", "text/\u00e9", "/", "application/",
                "text/plain\r\nContent-Type: text/html")) {
            calls.add(Call.to("POST /webhooks/ilert HTTP/1.1", bytes("{\"a\":\"marker\"}"), "Content-Type: " + type));
        }

        kept(415, calls);
    }

    @Test
    void anyJsonTypeIsAcceptedWithAnyParameters() throws Exception {
        List<Call> calls = new ArrayList<>();
        for (String type : List.of("application/json", "APPLICATION/JSON", "text/json", "json", "application/jsonc",
                "application/json;", "application/json;;;=", "application/json; charset=utf-8",
                "application/json; charset=utf-16", "application/json; charset=marker", "application/json; charset=",
                "application/json; charset=\"", "application/json; a=\"\\", "application/json; q=7",
                "application/json; q=marker", "application/json; charset=utf-8; charset=utf-16",
                "application/vnd.ilert+json", "application/json, application/json", "application/json, text/plain",
                "application/json\r\nContent-Type: application/json")) {
            calls.add(Call.to("POST /webhooks/ilert HTTP/1.1", bytes(Events.express(Events.newId())),
                    "Content-Type: " + type));
        }

        acceptedAll(calls);
    }

    @Test
    void aFormIsAnswered415AndKeptAsReceived() throws Exception {
        String url = "Content-Type: application/x-www-form-urlencoded";
        String multipart = "Content-Type: multipart/form-data; boundary=b";
        String part = "--b\r\nContent-Disposition: form-data; name=\"a\"";
        List<Call> calls = new ArrayList<>();
        for (String body : List.of("", "a=marker&b=1", "{\"a\":\"marker\"}", "marker=%zz&b", "%".repeat(100),
                "a=marker&".repeat(2000), "a=" + "marker".repeat(10_000), "\u0000=&&&=", "=".repeat(100_000),
                part + "\r\n\r\nmarker\r\n--b--\r\n", part + "; filename=\"marker\"\r\n\r\nmarker\r\n--b--\r\n",
                part + ";filename*=UTF-8''%zz\r\nContent-Type: marker/\"\r\n\r\nmarker\r\n--b--\r\n",
                part, "--b\r\nmarker\r\n\r\n", "--b", "--b--", "--b\r\n\r\n".repeat(10_000), "marker",
                "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".repeat(100))) {
            String own = Events.newId() + body;
            for (String type : List.of(url, multipart, url.toUpperCase(), url + "; charset=marker",
                    "Content-Type: multipart/form-data", "Content-Type: multipart/form-data; boundary=\"",
                    "Content-Type: multipart/form-data; boundary=json", "Content-Type: multipart/mixed; boundary=b",
                    url + "\r\n" + JSON)) {
                calls.add(Call.to("POST /webhooks/ilert HTTP/1.1", bytes(own), type));
            }
        }

        kept(415, calls);

        Map<String, Integer> attempts = attempts();
        for (Call call : calls) {
            assertEquals(9, attempts.get(new String(call.body, UTF_8)), call::toString);
        }
    }

    // length and framing

    @Test
    void aBodyOverTheLimitIsAnswered413InAnyEncoding() throws Exception {
        byte[] spaces = bytes(" ".repeat(10 * MAX_BODY_SIZE));
        refused(413, List.of(
                Call.of(spaces),
                Call.of(bytes(" ".repeat(MAX_BODY_SIZE + 1))),
                Call.of(spaces, "Content-Encoding: br"),
                Call.to("POST /webhooks/ilert HTTP/1.1", spaces, "Content-Type: text/plain"),
                Call.to("POST /webhooks/ilert HTTP/1.1", spaces, "Content-Type: multipart/form-data; boundary=b"),
                Call.to("POST /webhooks/ilert HTTP/1.1", spaces, "Content-Type: application/x-www-form-urlencoded"),
                framed("Content-Length: 1048577", ""),
                framed("Content-Length: 9223372036854775807", ""),
                framed("Transfer-Encoding: chunked", "a00000\r\n" + " ".repeat(10 * MAX_BODY_SIZE) + "\r\n0\r\n\r\n"),
                framed("Transfer-Encoding: chunked",
                        ("10000\r\n" + " ".repeat(0x10000) + "\r\n").repeat(17) + "0\r\n\r\n")));
    }

    @Test
    void anInvalidContentLengthIsAnswered400() throws Exception {
        refusedBare(400, Stream
                .of("-1", "+7", "marker", "", " ", "7,7", "7, 7", "7.0", "0x7", "1e3", "7 7", "7;", "٧",
                        "7\r\nContent-Length: 7", "7\r\nContent-Length: 8", "9223372036854775808",
                        "99999999999999999999999")
                .map(length -> framed("Content-Length: " + length, "{\"a\":1}")).toList());
    }

    @Test
    void aLengthThatIsWrongIsAnswered400AndWhatThereWasIsKept() throws Exception {
        kept(400, List.of(
                framed("Content-Length: 0", "{\"a\":\"marker\"}"),
                framed("Content-Length: 3", "{\"a\":\"marker\"}"),
                framed("Content-Length: 13", "{\"a\":\"marker\"}"),
                // no length at all, or none that is known, is no body
                framed("X-Marker: marker", "{\"a\":\"marker\"}"),
                framed("Transfer-Encoding: identity", "{\"a\":\"marker\"}"),
                framed("Transfer-Encoding: gzip", "{\"a\":\"marker\"}"),
                framed("Transfer-Encoding: xchunked", "{\"a\":\"marker\"}"),
                framed("Transfer-Encoding: chunked", "0\r\n\r\n"),
                framed("Transfer-Encoding: chunked", "3\r\n{\"a\r\n0\r\n\r\n")));
    }

    @Test
    void aChunkedBodyIsAcceptedAndItsContentLengthIgnored() throws Exception {
        List<Call> calls = new ArrayList<>();
        for (String header : List.of("Transfer-Encoding: chunked", "Transfer-Encoding: CHUNKED",
                "Transfer-Encoding: chunked\r\nContent-Length: 7",
                "Content-Length: 99\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTrailer: X")) {
            calls.add(framed(header, chunked(Events.express(Events.newId()))));
        }
        calls.add(framed("Transfer-Encoding: chunked", chunked(Events.express(Events.newId()))
                .replaceFirst("\r\n", ";marker=\"x\"\r\n").replace("\r\n0\r\n", "\r\n0\r\nX-Trailer: marker\r\n")));
        // a chunk for every byte
        StringBuilder single = new StringBuilder();
        Events.express(Events.newId()).chars().forEach(c -> single.append("1\r\n").append((char) c).append("\r\n"));
        calls.add(framed("Transfer-Encoding: chunked", single + "0\r\n\r\n"));

        acceptedAll(calls);
    }

    @Test
    void brokenChunksEndTheConnectionWithoutAnAnswer() throws Exception {
        List<Call> calls = Stream.of("zz\r\nmarker\r\n0\r\n\r\n", "-7\r\nmarker1\r\n0\r\n\r\n", "marker\r\n",
                "ffffffffffffffff\r\nmarker", "7\r\nmarker10\r\n\r\n", "7\nmarker1\n0\n\n",
                "0".repeat(9000) + "6\r\nmarker\r\n0\r\n\r\n").map(body -> framed("Transfer-Encoding: chunked", body))
                .toList();

        refusedBare(0, calls);
    }

    // headers

    @Test
    void anUnknownExpectationIsAnswered417() throws Exception {
        refused(417, Stream.of("200-ok", "marker", "", "100-continue, marker", "100")
                .map(expected -> Call.of(bytes(Events.express(Events.newId())), "Expect: " + expected)).toList());
    }

    @Test
    void headersWithoutAMeaningHereChangeNothing() throws Exception {
        acceptedAll(Stream.of("Expect: 100-continue", "Expect: 100-Continue", "X-A: " + "a".repeat(5_000),
                "X-A: a\r\n".repeat(500) + "X-B: b", "Accept: text/html", "Accept: \"", "Accept: ;q=marker",
                "Accept-Encoding: marker", "Accept-Charset: \"", "Accept-Language: ;;;", "Origin: http://marker",
                "Cookie: ;=;\u00e9", "Range: bytes=0-1", "If-None-Match: *", "Upgrade: websocket", "TE: trailers",
                "X-HTTP-Method-Override: GET", "X-Forwarded-For: marker", "X-Forwarded-Proto: marker",
                "Forwarded: marker", "Host: marker", "Authorization: Basic marker", "CamelHttpResponseCode: 500",
                "CamelHttpPath: /", "eventId: marker", "lane: none", "group: marker", "result: marker")
                .map(header -> Call.of(bytes(Events.express(Events.newId())), header)).toList());
    }

    @Test
    void headersThatAreNotHttpAreAnswered400() throws Exception {
        refusedBare(400, Stream
                .of("X A: marker", "X-A", "X-A : marker", "X-\u00e9: marker", "X-A: \u0000", "X-A: marker\u0001",
                        "X-A: marker\u007F", "X-A: a\nX-B: marker", "X-A: a\rX-B: marker", "Content-Type : marker")
                .map(header -> Call.of(bytes("{\"a\":\"marker\"}"), header)).toList());
    }

    @Test
    void tooManyHeadersAreAnswered431() throws Exception {
        refusedBare(431, List.of(
                Call.of(bytes("{\"a\":\"marker\"}"), "X-A: " + "marker".repeat(12_000)),
                Call.of(bytes("{\"a\":\"marker\"}"), "X-Marker: marker\r\n".repeat(5000) + "X-A: a")));
    }

    @Test
    void aCallWithoutAHostIsAnswered400() throws Exception {
        Call call = Call.of(bytes(Events.express(Events.newId())));
        Call elsewhere = Call.to("POST / HTTP/1.1", bytes(BAD_BODY));

        refused(400, Stream.of(call, call.anonymous(), elsewhere, elsewhere.anonymous())
                .map(one -> new Call(bytes(new String(one.head, UTF_8).replace("Host: localhost\r\n", "")), one.body))
                .toList());
    }

    // first lines

    @Test
    void theWebhookIsFoundHoweverItsPathIsWritten() throws Exception {
        acceptedAll(calls("POST ", " HTTP/1.1", "/webhooks/ilert", "/webhooks/ilert/", "/webhooks//ilert",
                "//webhooks/ilert", "/webhooks/%69lert", "/webhooks/./ilert", "/webhooks/../webhooks/ilert",
                "/webhooks/%2e%2e/webhooks/ilert",
                "/webhooks/ilert?", "/webhooks/ilert?a=marker&CamelHttpResponseCode=500&eventId=x",
                "/webhooks/ilert?" + "a".repeat(3000), "http://marker/webhooks/ilert"));
    }

    @Test
    void anyOtherPathIsAnswered404() throws Exception {
        refusedBare(404, calls("POST ", " HTTP/1.1", "/", "/marker", "/webhooks", "/webhooks/", "/webhooks/marker",
                "/webhooks/iler", "/webhooks/ilertt", "/webhooks/ilert/marker", "/webhooks/ilert;marker",
                "/webhooks%2filert", "/webhooks/ilert%2f", "/webhooks/..%2fwebhooks/ilert", "/webhooks/%2569lert",
                "/webhooks/ilert%00", "/webhooks/ilert%20", "/webhooks/ilert/..", "/webhooks/ilert/../../etc/passwd",
                "/WEBHOOKS/ILERT", "/webhooks/ilert\u00e9", "/webhooks/ilert#marker", "/webhooks/" + "a".repeat(3000),
                "/webhooks/" + "../".repeat(500) + "ilert", "/q/health", "/q/metrics", "*", "webhooks/ilert",
                "marker"));
    }

    @Test
    void anInvalidPathIsAnswered400() throws Exception {
        refusedBare(400, calls("POST ", " HTTP/1.1", "/webhooks/ilert%", "/webhooks/ilert%zz", "/webhooks/ilert?%zz",
                "/webhooks/ilert?a=%", "/webhooks\\ilert"));
    }

    @Test
    void aPathThatIsTooLongIsAnswered414() throws Exception {
        refusedBare(414, calls("POST ", " HTTP/1.1", "/webhooks/" + "marker".repeat(1000),
                "/webhooks/ilert?" + "marker".repeat(1000)));
    }

    @Test
    void anyMethodButPostIsAnswered405() throws Exception {
        refused(405, calls("", " /webhooks/ilert HTTP/1.1", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE",
                "CONNECT", "PROPFIND", "post", "Post", "MARKER", "P".repeat(300)));
        // its answer has no body
        refusedBare(405, calls("", " /webhooks/ilert HTTP/1.1", "HEAD"));
    }

    @Test
    void dataThatIsNotHttpIsAnswered400() throws Exception {
        refusedBare(400, calls("POST /webhooks/ilert", "", "", " ", " HTTP", " HTTP/3", " marker"));
        refusedBare(400, calls("", " /webhooks/ilert HTTP/1.1", "P,Q", "(POST)", "\"POST\"", "{\"a\":\"marker\"}"));
    }

    // who it comes from

    @Test
    void nothingOfAnUnauthenticatedSenderIsKept() throws Exception {
        refused(401, Stream.of(Call.of(bytes(BAD_BODY)), Call.of(new byte[0]), Call.of(bytes("[".repeat(100_000))),
                Call.of(bytes("{\"a\":\"marker\"}"), "Content-Encoding: br"), Call.of(bytes("marker"), GZIP),
                Call.to("POST /webhooks/ilert HTTP/1.1", bytes("a=marker&%zz"),
                        "Content-Type: application/x-www-form-urlencoded"),
                Call.to("POST /webhooks/ilert HTTP/1.1", bytes("marker"), "Content-Type: text/plain"),
                Call.to("PUT /webhooks/ilert HTTP/1.1", bytes("marker")),
                Call.to("POST /webhooks/marker HTTP/1.1", bytes("marker")),
                framed("Transfer-Encoding: chunked", "0\r\n\r\n")).map(Call::anonymous).toList());
    }

    // how they are checked

    /** Each is answered so, and is a dead letter now. */
    private void kept(int status, List<Call> calls) throws Exception {
        check(calls, answer -> isProblem(answer, status), calls.size());
    }

    /** Each is answered so, and nothing is kept. */
    private void refused(int status, List<Call> calls) throws Exception {
        check(calls, answer -> isProblem(answer, status), 0);
    }

    /** The same, by what stands before the routes; 0 for no answer at all. */
    private void refusedBare(int status, List<Call> calls) throws Exception {
        check(calls, answer -> has(answer, status), 0);
    }

    private void acceptedAll(List<Call> calls) throws Exception {
        check(calls, answer -> has(answer, 202), 0);
    }

    private void check(List<Call> calls, Predicate<String> right, int deadLetters) throws Exception {
        double before = deadLetters();
        ExecutorService senders = Executors.newFixedThreadPool(8);
        List<Future<String>> answers;
        try {
            answers = senders
                    .invokeAll(calls.stream().map(call -> (Callable<String>) () -> answer(call)).toList());
        } finally {
            senders.shutdown();
        }
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            String answer = answers.get(i).get();
            if (!right.test(answer) || answer.contains("marker")) {
                wrong.add(calls.get(i) + "\n\nwas answered " + answer);
            }
        }
        assertTrue(wrong.isEmpty(), () -> wrong.size() + " of " + calls.size() + ":\n" + String.join("\n\n", wrong));
        assertEquals(deadLetters, deadLetters() - before, "dead letters");
    }

    private static String answer(Call call) throws Exception {
        try {
            return RawHttp.send(call.head, call.body);
        } catch (EOFException e) {
            return "";
        }
    }

    private static boolean has(String answer, int status) {
        return status == 0 ? answer.isEmpty() : answer.matches("(?s)HTTP/1\\.[01] " + status + " .*");
    }

    private static boolean isProblem(String answer, int status) {
        return has(answer, status) && answer.contains("\r\ncontent-type: application/problem+json\r\n")
                && answer.contains("\"status\":" + status + ",\"detail\":\"");
    }

    private static double deadLetters() {
        return metrics().sum("bridge_dead_letters_total", "reason=\"unreadable\"");
    }

    /** How often each body has become a dead letter. */
    private static Map<String, Integer> attempts() throws IOException {
        Map<String, Integer> attempts = new HashMap<>();
        for (String letter : management("/dead-letters/export").asString().lines().toList()) {
            JsonNode json = new ObjectMapper().readTree(letter);
            attempts.put(json.path("body").asText(), json.path("attempts").asInt());
        }
        return attempts;
    }

    // how they are made

    private static List<Call> calls(String before, String after, String... between) {
        return Stream.of(between)
                .map(part -> Call.to(before + part + after, bytes(Events.express(Events.newId())), JSON)).toList();
    }

    /** With that header in place of the length. */
    private static Call framed(String header, String body) {
        return new Call(RawHttp.head("POST", JSON, header), bytes(body));
    }

    private static String chunked(String body) {
        return Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n";
    }

    private static String nested(String open, String close, int depth) {
        return "{\"a\":" + open.repeat(depth - 1) + (open.endsWith(":") ? "1" : "") + close.repeat(depth - 1) + "}";
    }

    private static byte[] changed(byte[] bytes, int at, int value) {
        byte[] changed = bytes.clone();
        changed[at] = (byte) value;
        return changed;
    }

    private static byte[] repeated(byte[] bytes, int times) {
        ByteArrayOutputStream repeated = new ByteArrayOutputStream();
        IntStream.range(0, times).forEach(i -> repeated.writeBytes(bytes));
        return repeated.toByteArray();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
