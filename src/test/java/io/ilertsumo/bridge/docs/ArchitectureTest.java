package io.ilertsumo.bridge.docs;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

/** The packages depend on each other downwards only, as they are drawn, and stay small. */
class ArchitectureTest {

    private static final String ROOT = "io.ilertsumo.bridge";
    /** From the top to the bottom; those in one line do not depend on each other. */
    private static final List<List<String>> LAYERS = List.of(List.of("start"), List.of("store.sqlite", "store.kafka"),
            List.of("deadletter"), List.of("observability"), List.of("delivery"), List.of("lane"), List.of("http"),
            List.of("event"), List.of("settings", "log"));
    private static final Path SOURCES = Path.of("src", "main", "java");
    private static final Path TESTS = Path.of("src", "test", "java");
    private static final int MAX_LINES = 9615;
    private static final int MAX_LINES_OF_A_FILE = 350;

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages(ROOT);

    @Test
    void everyPackageHasALayer() {
        Set<String> packages = CLASSES.stream().map(ArchitectureTest::name)
                .collect(Collectors.toCollection(TreeSet::new));

        assertEquals(LAYERS.stream().flatMap(List::stream).collect(Collectors.toCollection(TreeSet::new)), packages);
    }

    @Test
    void packagesDependDownwardsOnly() {
        Set<String> upwards = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (target.getPackageName().startsWith(ROOT) && !name(type).equals(name(target))
                        && layer(name(type)) <= layer(name(target))) {
                    upwards.add(type.getName() + " -> " + target.getName());
                }
            }
        }

        assertEquals(Set.of(), upwards);
    }

    @Test
    void arrowsInTheDocumentationAreThoseOfTheClasses() throws IOException {
        String drawing = Pattern.compile("(?s)flowchart TD\n(.*?)```")
                .matcher(Files.readString(Path.of("docs", "architecture.md"))).results().findFirst().orElseThrow()
                .group(1);
        Map<String, String> labels = Pattern.compile("(\\w+)\\[\"([^\"]+)\"]").matcher(drawing).results()
                .collect(Collectors.toMap(label -> label.group(1), label -> label.group(2)));
        Set<String> drawn = new TreeSet<>();
        for (String line : drawing.replaceAll("\\[.*?]", "").strip().split("\\s*\n\\s*")) {
            String[] arrow = line.split(" --> ");
            for (String target : arrow[1].split(" & ")) {
                drawn.add(labels.getOrDefault(arrow[0], arrow[0]) + " -> " + labels.getOrDefault(target, target));
            }
        }
        Set<String> real = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (target.getPackageName().startsWith(ROOT) && !name(type).equals(name(target))) {
                    real.add(name(type) + " -> " + name(target));
                }
            }
        }

        assertEquals(String.join("\n", real), String.join("\n", drawn));
    }

    @Test
    void noPackagesDependOnEachOther() {
        slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void theProgramIsSmall() throws IOException {
        int lines = 0;
        for (Path file : files(SOURCES)) {
            int count = Files.readAllLines(file).size();
            assertTrue(count <= MAX_LINES_OF_A_FILE, () -> file + " has " + count + " lines");
            lines += count;
        }

        int all = lines;
        assertTrue(all > 3000 && all <= MAX_LINES, () -> all + " lines");
    }

    /** The tests that a build leaves to the built program. */
    @Test
    void everyTestThatIsNotRunInThisProcessHasATwin() throws IOException {
        Matcher excluded = Pattern.compile("<exclude>\\*\\*/(\\w+)Test\\.java</exclude>")
                .matcher(Files.readString(Path.of("pom.xml")));
        int count = 0;
        for (; excluded.find(); count++) {
            String name = excluded.group(1) + "IT.java";
            Path twin = files(TESTS).stream().filter(file -> file.endsWith(name)).findFirst().orElseThrow();
            assertTrue(Files.readString(twin).contains(" extends " + excluded.group(1) + "Test "), twin.toString());
        }

        assertTrue(count > 10, count + " tests");
    }

    /** The tests that the execution files runs. */
    @Test
    void testsOfFilesRunNoProgramAndNoBroker() throws IOException {
        Pattern running = Pattern
                .compile("\\.(KafkaBroker|Programs|RunningBridge|Quarkus\\w*Test);|Program\\.start\\(");
        Set<String> packages = Pattern.compile("<include>\\*\\*/(\\w+)/\\*Test\\.java</include>")
                .matcher(Files.readString(Path.of("pom.xml"))).results().map(found -> found.group(1))
                .collect(Collectors.toSet());
        List<Path> tests = files(TESTS).stream()
                .filter(file -> packages.contains(file.getParent().getFileName().toString())).toList();
        Set<Path> others = new TreeSet<>();
        for (Path test : tests) {
            if (test.toString().endsWith("IT.java") || running.matcher(Files.readString(test)).find()) {
                others.add(test);
            }
        }

        assertEquals(Set.of(), others);
        assertTrue(tests.size() > 10, tests::toString);
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }

    private static String name(JavaClass type) {
        return type.getPackageName().replaceFirst("^" + ROOT + "\\.?", "");
    }

    /** The number of the package's layer from the bottom. */
    private static int layer(String name) {
        for (int i = 0; i < LAYERS.size(); i++) {
            if (LAYERS.get(i).contains(name)) {
                return LAYERS.size() - i;
            }
        }
        throw new AssertionError("The package " + name + " has no layer");
    }
}
