package io.ilertsumo.bridge.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

/** The pages: their length, and that the links, files, tests and settings in them exist. */
class DocsTest {

    private static final Path README = Path.of("README.md");
    private static final int MAX_LINES_OF_README = 150;
    private static final int MAX_LINES_OF_A_PAGE = 200;
    private static final Path TESTS = Path.of("src", "test", "java");
    private static final Path SETTINGS = Path.of("src", "main", "resources", "application.properties");

    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
    private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^ *```.*?^ *```$");
    private static final Pattern FILE = Pattern
            .compile("(?<![\\w./-])(?:bench|docs|k8s|routes|setup|src)/[\\w./-]*\\w(?![\\w*…])");
    private static final Pattern TEST = Pattern.compile("`([a-zA-Z0-9]+(?:Test|IT))`");
    private static final Pattern CLASS = Pattern.compile("`([a-z]+(?:/[a-z]+)*/[A-Z][a-zA-Z0-9]*)`");
    private static final Pattern SETTING = Pattern.compile("\\bBRIDGE_[A-Z_]*[A-Z]\\b(?!_?…)");
    /** Files that a reader creates. */
    private static final Set<String> CREATED = Set.of("k8s/components/secret-file/secrets.env",
            "k8s/components/edge-connector/secrets.env", "k8s/overlays/mine");
    /** Of the set-up script, and of a group that an edit adds. */
    private static final Set<String> OTHER_VARIABLES = Set.of("BRIDGE_URL", "BRIDGE_CATEGORY_PAYMENTS");

    @Test
    void pagesAreShort() throws IOException {
        assertTrue(Files.readAllLines(README).size() <= MAX_LINES_OF_README, README::toString);
        Set<String> tooLong = new TreeSet<>();
        for (Path page : pages()) {
            if (page.startsWith("docs") && Files.readAllLines(page).size() > MAX_LINES_OF_A_PAGE) {
                tooLong.add(page.toString());
            }
        }

        assertEquals(Set.of(), tooLong);
    }

    @Test
    void eachLinkLeadsToAFileAndAHeading() throws IOException {
        Set<String> links = new TreeSet<>();
        Set<String> dead = new TreeSet<>();
        for (Path page : pages()) {
            for (String link : matches(LINK, text(page), 1)) {
                if (!link.matches("[a-z]+:.*")) {
                    links.add(page + " " + link);
                    if (!leadsSomewhere(page, link)) {
                        dead.add(page + ": " + link);
                    }
                }
            }
        }

        assertEquals(Set.of(), dead);
        assertTrue(links.size() > 50, links::toString);
    }

    private static boolean leadsSomewhere(Path page, String link) throws IOException {
        String[] parts = link.split("#", 2);
        Path target = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
        return Files.exists(target)
                && (parts.length == 1 || matches(HEADING, text(target), 1).stream().map(DocsTest::anchor).toList()
                        .contains(parts[1]));
    }

    /** As GitHub derives it from a heading. */
    private static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
    }

    @Test
    void eachPageIsReachableFromTheReadme() throws IOException {
        Set<Path> reachable = new TreeSet<>();
        Deque<Path> next = new ArrayDeque<>(List.of(README));
        while (!next.isEmpty()) {
            Path page = next.pop();
            if (reachable.add(page) && page.toString().endsWith(".md")) {
                matches(LINK, text(page), 1).stream().filter(link -> !link.matches("[a-z]+:.*|#.*"))
                        .forEach(link -> next.add(page.resolveSibling(link.replaceFirst("#.*", "")).normalize()));
            }
        }
        Set<Path> unreachable = pages().stream().filter(page -> !page.startsWith("src"))
                .filter(page -> !reachable.contains(page)).collect(Collectors.toCollection(TreeSet::new));

        assertEquals(Set.of(), unreachable);
    }

    @Test
    void pagesAndManifestsNameTheVersionOfTheBuild() throws IOException {
        String version = matches(Pattern.compile("<artifactId>ilert-sumologic-bridge</artifactId>\\s*<version>([^<]+)"),
                Files.readString(Path.of("pom.xml")), 1).get(0);
        Pattern named = Pattern.compile("ilert-sumologic-bridge[:-](\\d+\\.\\d+\\.\\d+(?:-SNAPSHOT)?)|newTag: \"?"
                + "(\\d+\\.\\d+\\.\\d+(?:-SNAPSHOT)?)");
        Set<String> others = new TreeSet<>();
        int count = 0;
        for (Path file : Stream.of("bench", "docs", "k8s", "src/main/docker").map(Path::of).flatMap(DocsTest::walk)
                .filter(Files::isRegularFile).filter(file -> !file.toString().endsWith(".png")).toList()) {
            for (MatchResult found : named.matcher(Files.readString(file)).results().toList()) {
                count++;
                if (!version.equals(found.group(1)) && !version.equals(found.group(2))) {
                    others.add(file + ": " + found.group());
                }
            }
        }

        assertEquals(Set.of(), others);
        assertTrue(count > 10, count + " places");
        assertTrue(matches(Pattern.compile("(?m)^## \\[(.*?)]"), Files.readString(Path.of("CHANGELOG.md")), 1)
                .contains(version), "CHANGELOG.md has no entry for " + version);
    }

    @Test
    void eachAlertHasARunbook() throws IOException {
        String page = Files.readString(Path.of("docs", "troubleshooting.md"));
        Set<String> alerts = new TreeSet<>();
        for (Path file : walk(Path.of("k8s")).filter(file -> file.toString().endsWith(".yaml")).toList()) {
            alerts.addAll(matches(Pattern.compile("(?m)^ +- alert: (\\w+)$"), Files.readString(file), 1));
        }

        assertTrue(alerts.size() > 5, alerts::toString);
        assertEquals(alerts, new TreeSet<>(matches(Pattern.compile("(?m)^### (\\w+)$"), page, 1)));
    }

    @Test
    void filesClassesTestsAndSettingsInTheTextExist() throws IOException {
        String settings = Files.readString(SETTINGS);
        Set<String> properties = matches(Pattern.compile("(?m)^(bridge\\.[^=]+)="), settings, 1).stream()
                .map(name -> name.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT)).collect(Collectors.toSet());
        Set<String> tests = tests();
        Set<String> missing = new TreeSet<>();
        for (Path page : pages()) {
            String text = Files.readString(page);
            matches(FILE, text, 0).stream()
                    .filter(file -> !Files.exists(Path.of(file)) && !Files.exists(page.resolveSibling(file))
                            && !CREATED.contains(file))
                    .forEach(file -> missing.add(page + ": " + file));
            matches(CLASS, text, 1).stream()
                    .filter(name -> Stream.of("main", "otel", "demo").map(root -> Path.of("src", root, "java"))
                            .noneMatch(root -> Files.exists(root.resolve("io/ilertsumo/bridge/" + name + ".java"))))
                    .forEach(name -> missing.add(page + ": " + name));
            matches(TEST, text, 1).stream().filter(test -> !tests.contains(test))
                    .forEach(test -> missing.add(page + ": " + test));
            matches(SETTING, text, 0).stream()
                    .filter(name -> !properties.contains(name) && !OTHER_VARIABLES.contains(name))
                    .forEach(name -> missing.add(page + ": " + name));
        }

        assertEquals(Set.of(), missing);
    }

    private static Set<String> tests() throws IOException {
        try (Stream<Path> files = Files.walk(TESTS)) {
            return files.map(file -> file.getFileName().toString().replaceFirst("\\.java$", ""))
                    .collect(Collectors.toSet());
        }
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> roots = Stream.of("bench", "docs", "setup", "src").map(Path::of);
                Stream<Path> top = Files.list(Path.of(""))) {
            return Stream.concat(top, roots.flatMap(DocsTest::walk)).filter(file -> file.toString().endsWith(".md"))
                    .sorted().toList();
        }
    }

    private static Stream<Path> walk(Path root) {
        try (Stream<Path> files = Files.walk(root)) {
            return files.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The page without its blocks of code, which have no links and no headings. */
    private static String text(Path page) throws IOException {
        return CODE_BLOCK.matcher(Files.readString(page)).replaceAll("");
    }

    private static List<String> matches(Pattern pattern, String text, int group) {
        return pattern.matcher(text).results().map((MatchResult result) -> result.group(group)).toList();
    }
}
