package io.ilertsumo.bridge.routes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.comments.CommentType;
import org.yaml.snakeyaml.events.CommentEvent;
import org.yaml.snakeyaml.events.Event;

import com.fasterxml.jackson.databind.JsonNode;

/** The route files and Kamelets fit together, and read well in a text editor and in Kaoto. */
class RoutesTest {

    /** What Kaoto shows of a step's label, in characters. */
    private static final int STEP = 18;
    /** What Kaoto shows of the title of a branch, in characters. */
    private static final int BRANCH = 15;
    /** What Kaoto shows of the title of a route without branches, in characters: its switch covers the rest. */
    private static final int NARROW_ROUTE = 10;

    private static final Set<String> BRANCHES = Set.of("when", "otherwise", "doCatch", "doFinally", "onException");
    private static final Set<String> CALLED_FROM_JAVA = Set.of("replay");
    private static final Pattern NAMED = Pattern.compile("@Named\\(\"(\\w+)\"\\)");
    private static final Pattern OWN_EXCEPTION = Pattern.compile("java\\..*|org\\.apache\\.camel\\..*"
            + "|io\\.ilertsumo\\.bridge\\.(event|lane)\\..*");

    /** A step, a branch or an onException. */
    private record Part(String name, JsonNode definition) {

        String description() {
            return definition.path("description").asText();
        }

        boolean isDirect() {
            return definition.path("uri").asText().equals("direct");
        }

        @Override
        public String toString() {
            return name + " " + definition.path("id").asText() + " " + definition.path("description");
        }
    }

    static List<Path> routeFiles() {
        return RouteFiles.routes();
    }

    static List<Path> files() {
        return Stream.concat(RouteFiles.routes().stream(), RouteFiles.kamelets().stream()).toList();
    }

    @ParameterizedTest
    @MethodSource("routeFiles")
    void everyRouteConfigurationAndOnExceptionHasAnIdAndADescription(Path file) {
        List<Part> parts = new ArrayList<>(parts(RouteFiles.read(file), Set.of("onException")));
        for (JsonNode entry : RouteFiles.read(file)) {
            parts.add(new Part(entry.fieldNames().next(), entry.elements().next()));
        }

        assertEquals(List.of(), parts.stream().filter(part -> part.description().isBlank()
                || part.definition().path("id").asText().isBlank()).toList());
        assertEquals(List.of(), parts.stream().filter(part -> part.description().split(" ").length > 9).toList());
    }

    /** What is longer is cut, what has no description reads as the mere kind of step. */
    @ParameterizedTest
    @MethodSource("files")
    void everyStepAndBranchHasALabelThatKaotoShowsInFull(Path file) {
        JsonNode routes = RouteFiles.readAsRoutes(file);
        List<Part> steps = steps(routes);
        List<Part> branches = parts(routes, BRANCHES);

        assertEquals(List.of(), steps.stream().filter(step -> step.description().length() > STEP
                || step.description().isBlank() && !step.isDirect()).toList());
        assertEquals(List.of(), branches.stream().filter(branch -> branch.description().length() > BRANCH
                || branch.description().isBlank()).toList());
    }

    @ParameterizedTest
    @MethodSource("routeFiles")
    void everyRouteHasATitleThatKaotoShowsInFull(Path file) {
        List<Part> narrow = new ArrayList<>();
        RouteFiles.read(file).forEach(entry -> {
            if (entry.has("route") && parts(entry, BRANCHES).isEmpty()) {
                narrow.add(new Part("route", entry.path("route")));
            }
        });

        assertEquals(List.of(), narrow.stream().filter(route -> route.description().length() > NARROW_ROUTE).toList());
    }

    /** Kaoto keeps the lane, and shows the name of a direct endpoint, only in this form. */
    @ParameterizedTest
    @MethodSource("files")
    void endpointsAreWrittenAsASchemeAndParameters(Path file) {
        List<String> uris = RouteFiles.readAsRoutes(file).findValuesAsText("uri");

        assertEquals(List.of(), uris.stream().filter(uri -> !uri.matches("[a-z-]+|kamelet:[a-z-]+")).toList());
    }

    /** Kaoto loses any other. */
    @ParameterizedTest
    @MethodSource("files")
    void commentsAreOnlyAtTheHeadOfARouteFile(Path file) throws IOException {
        LoaderOptions options = new LoaderOptions();
        options.setProcessComments(true);
        List<Integer> lines = new ArrayList<>();
        boolean content = file.toString().endsWith(".kamelet.yaml");
        try (Reader reader = Files.newBufferedReader(file)) {
            for (Event event : new Yaml(options).parse(reader)) {
                if (event instanceof CommentEvent comment) {
                    if (content && comment.getCommentType() != CommentType.BLANK_LINE) {
                        lines.add(event.getStartMark().getLine() + 1);
                    }
                } else {
                    content |= event.is(Event.ID.SequenceStart);
                }
            }
        }

        assertEquals(List.of(), lines);
    }

    @ParameterizedTest
    @CsvSource({ "receive,150", "deliver,150" })
    void aFileIsReadInAFewMinutes(String name, int lines) throws IOException {
        try (Stream<String> all = Files.lines(RouteFiles.ROUTES.resolve(name + ".camel.yaml"))) {
            assertTrue(all.count() <= lines, name);
        }
    }

    @Test
    void idsAreUniqueAndThoseOfStepsAreVerbAndObject() {
        List<String> routes = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        List<String> steps = new ArrayList<>();
        for (Path file : routeFiles()) {
            JsonNode content = RouteFiles.read(file);
            content.forEach(entry -> routes.add(entry.elements().next().path("id").asText()));
            parts(content, Set.of("onException")).forEach(part -> failures.add(part.definition().path("id").asText()));
            steps(content).stream().map(step -> step.definition().path("id").asText()).filter(id -> !id.isEmpty())
                    .forEach(steps::add);
        }

        for (List<String> ids : List.of(routes, failures, steps)) {
            assertEquals(ids.stream().sorted().distinct().toList(), ids.stream().sorted().toList());
        }
        assertEquals(List.of(), steps.stream().filter(id -> !id.matches("[a-z]+(-[a-z]+)+")).toList());
    }

    @Test
    void everyDirectEndpointHasOneRouteAndEveryRouteIsCalled() {
        List<String> from = new ArrayList<>();
        Set<String> to = new TreeSet<>(CALLED_FROM_JAVA);
        for (Path file : routeFiles()) {
            JsonNode routes = RouteFiles.read(file);
            steps(routes).stream().filter(Part::isDirect).forEach(step -> to.add(direct(step.definition())));
            routes.findValuesAsText("deadLetterUri").forEach(uri -> to.add(uri.replaceFirst("direct:", "")));
            for (JsonNode entry : routes) {
                JsonNode start = entry.at("/route/from");
                if (start.path("uri").asText().equals("direct")) {
                    from.add(direct(start));
                }
            }
        }

        assertEquals(List.copyOf(to), from.stream().sorted().toList());
    }

    /** Both ends of a lane are routes: one stores, one delivers. */
    @Test
    void everyLaneThatEventsAreStoredInIsDelivered() {
        Map<String, Set<String>> lanes = new TreeMap<>();
        for (Path file : routeFiles()) {
            JsonNode routes = RouteFiles.read(file);
            for (Part step : steps(routes)) {
                if (step.definition().path("uri").asText().equals("lane")) {
                    lanes.computeIfAbsent("to", end -> new TreeSet<>()).add(lane(step.definition()));
                }
            }
            for (JsonNode entry : routes) {
                if (entry.at("/route/from/uri").asText().equals("lane")) {
                    lanes.computeIfAbsent("from", end -> new TreeSet<>()).add(lane(entry.at("/route/from")));
                }
            }
        }

        assertEquals(Set.of("express", "bulk"), lanes.get("to"));
        assertEquals(lanes.get("to"), lanes.get("from"));
    }

    @Test
    void everyNamedRouteConfigurationExistsAndEveryOneIsUsed() {
        Set<String> there = new TreeSet<>();
        Set<String> named = new TreeSet<>();
        for (Path file : routeFiles()) {
            for (JsonNode entry : RouteFiles.read(file)) {
                if (entry.has("routeConfiguration")) {
                    there.add(entry.at("/routeConfiguration/id").asText());
                }
                named.addAll(entry.findValuesAsText("routeConfigurationId"));
            }
        }

        assertEquals(there, named);
    }

    @Test
    void everyNamedBeanExists() throws IOException {
        Set<String> beans = new TreeSet<>();
        for (Path source : RouteFiles.files(Path.of("src", "main", "java"), ".java")) {
            Matcher name = NAMED.matcher(Files.readString(source));
            while (name.find()) {
                beans.add(name.group(1));
            }
        }
        Set<String> named = new TreeSet<>();
        for (Path file : files()) {
            for (JsonNode name : RouteFiles.readAsRoutes(file).findValues("ref")) {
                // the language of that name has it one level deeper
                named.add(name.isTextual() ? name.asText() : name.path("expression").asText());
            }
        }

        assertTrue(named.size() >= 3, named.toString());
        named.removeAll(beans);
        assertEquals(Set.of(), named);
    }

    @Test
    void everyNamedKameletExistsAndEveryKameletIsUsed() {
        Set<String> named = new TreeSet<>();
        for (Path file : routeFiles()) {
            RouteFiles.read(file).findValuesAsText("uri").stream().filter(uri -> uri.startsWith("kamelet:"))
                    .map(uri -> uri.substring("kamelet:".length())).forEach(named::add);
        }
        // of the Pipe, which runs without the bridge
        named.add("ilert-webhook-source");

        assertEquals(named, new TreeSet<>(RouteFiles.kamelets().stream()
                .map(file -> file.getFileName().toString().replace(".kamelet.yaml", "")).toList()));
    }

    /** Failures are named by what they mean: no route depends on the store behind the lanes. */
    @ParameterizedTest
    @MethodSource("routeFiles")
    void noRouteNamesTheExceptionOfAStore(Path file) {
        List<String> exceptions = new ArrayList<>();
        RouteFiles.read(file).findValues("exception").forEach(
                names -> names.forEach(name -> exceptions.add(name.asText())));

        assertEquals(List.of(), exceptions.stream()
                .filter(exception -> !OWN_EXCEPTION.matcher(exception).matches()).toList());
    }

    private static String direct(JsonNode endpoint) {
        return endpoint.at("/parameters/name").asText();
    }

    private static String lane(JsonNode endpoint) {
        return endpoint.at("/parameters/lane").asText();
    }

    private static List<Part> steps(JsonNode routes) {
        List<Part> steps = new ArrayList<>();
        routes.findValues("steps").forEach(list -> list.forEach(step -> {
            String name = step.fieldNames().next();
            steps.add(new Part(name, step.path(name)));
            steps.addAll(steps(step.path(name)));
        }));
        return steps;
    }

    /** Returns what these fields hold, be it one or a list, an onException without its wrapper. */
    private static List<Part> parts(JsonNode node, Set<String> fields) {
        List<Part> parts = new ArrayList<>();
        node.properties().forEach(field -> {
            if (fields.contains(field.getKey())) {
                Iterable<JsonNode> found = field.getValue().isArray() ? field.getValue() : List.of(field.getValue());
                found.forEach(part -> parts.add(new Part(field.getKey(),
                        part.path(field.getKey()).isObject() ? part.path(field.getKey()) : part)));
            }
        });
        node.forEach(child -> parts.addAll(parts(child, fields)));
        return parts.stream().distinct().toList();
    }
}
