package io.ilertsumo.bridge.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

/** Tests that the packaged program contains nothing of the demo. */
class PackageIT {

    private static final Path APP = Path.of("target", "quarkus-app");
    private static final Pattern DEMO = Pattern.compile("io.ilertsumo.bridge.demo|stand-in/|application-demo");

    @Test
    void jarContainsNothingOfTheDemo() throws IOException {
        assumeTrue(Files.exists(APP), "a native build has no jar");
        List<String> entries = Stream.concat(entries(APP.resolve("app")), entries(APP.resolve("quarkus"))).toList();

        assertTrue(entries.contains("io/ilertsumo/bridge/start/Main.class"), "the program is found");
        assertEquals(List.of(), entries.stream().filter(entry -> DEMO.matcher(entry).find()).toList());
    }

    @Test
    void nativeExecutableContainsNothingOfTheDemo() throws IOException {
        Path executable = Path.of(System.getProperty("native.image.path"));
        assumeTrue(Files.exists(executable), "a JVM build has no native executable");
        String bytes = Files.readString(executable, StandardCharsets.ISO_8859_1);

        assertTrue(bytes.contains("io.ilertsumo.bridge.start"), "the program is found");
        assertFalse(DEMO.matcher(bytes).find());
    }

    private static Stream<String> entries(Path directory) throws IOException {
        List<Path> jars;
        try (Stream<Path> files = Files.list(directory)) {
            jars = files.filter(file -> file.toString().endsWith(".jar")).toList();
        }
        Stream<String> entries = Stream.empty();
        for (Path jar : jars) {
            try (JarFile file = new JarFile(jar.toFile())) {
                entries = Stream.concat(entries, file.stream().map(entry -> entry.getName()).toList().stream());
            }
        }
        return entries;
    }
}
