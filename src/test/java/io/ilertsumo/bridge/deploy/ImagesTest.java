package io.ilertsumo.bridge.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that the container images fit the program, and that the Dockerfiles and Jib build them alike. */
class ImagesTest {

    private static final String JVM = "Dockerfile.jvm";
    private static final String NATIVE = "Dockerfile.native-micro";
    private static final Path DOCKER = Path.of("src", "main", "docker");

    /** An instruction of a Dockerfile on one line, with the values of its ARGs. */
    private record Instruction(String name, String value) {
    }

    @ParameterizedTest
    @ValueSource(strings = { JVM, NATIVE })
    void baseImagesArePinned(String dockerfile) throws IOException {
        for (String from : values(dockerfile, "FROM")) {
            assertTrue(from.matches("[\\w./-]+:\\d[\\w.-]*( AS \\w+)?"), from);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { JVM, NATIVE })
    void userIsNumericAndNotRoot(String dockerfile) throws IOException {
        List<Instruction> instructions = instructions(dockerfile);

        assertEquals("1001", last(instructions, "USER"));
        assertEquals(List.of(), instructions.stream().skip(instructions.indexOf(new Instruction("USER", "1001")))
                .filter(instruction -> instruction.name.equals("RUN")).toList(), "RUN as root only");
    }

    @ParameterizedTest
    @ValueSource(strings = { JVM, NATIVE })
    void entrypointHasNoShell(String dockerfile) throws IOException {
        String entrypoint = last(instructions(dockerfile), "ENTRYPOINT");

        assertTrue(entrypoint.startsWith("[\"java\",") || entrypoint.equals("[\"./application\"]"), entrypoint);
        assertEquals(List.of(), values(dockerfile, "CMD"));
    }

    @ParameterizedTest
    @ValueSource(strings = { JVM, NATIVE })
    void portsAreTheProgramsPorts(String dockerfile) throws IOException {
        assertEquals(ports(" "), last(instructions(dockerfile), "EXPOSE"));
        assertTrue(last(instructions(dockerfile), "HEALTHCHECK").contains(
                "${QUARKUS_MANAGEMENT_PORT:-" + application().getProperty("quarkus.management.port") + "}"));
    }

    @ParameterizedTest
    @ValueSource(strings = { JVM, NATIVE })
    void outboxIsInVolume(String dockerfile) throws IOException {
        String volume = last(instructions(dockerfile), "VOLUME");

        assertEquals("BRIDGE_OUTBOX_DIRECTORY=" + volume, last(instructions(dockerfile), "ENV"));
        assertTrue(values(dockerfile, "RUN").contains(
                "[\"install\", \"-d\", \"-o\", \"1001\", \"-g\", \"0\", \"-m\", \"0775\", \"" + volume + "\"]"),
                "writable for the user");
    }

    @ParameterizedTest
    @ValueSource(strings = { JVM, NATIVE })
    void copiedFilesExistAndAreInBuildContext(String dockerfile) throws IOException {
        List<String> sent = Files.readAllLines(Path.of(".dockerignore"));
        assertEquals("*", sent.get(0), "excludes all files that are not listed");
        List<String> sources = values(dockerfile, "COPY").stream().filter(copy -> !copy.contains("--from="))
                .map(copy -> copy.replaceAll("--\\S+ ", "")).flatMap(copy -> {
                    String[] paths = copy.split(" ");
                    return Stream.of(paths).limit(paths.length - 1);
                }).toList();

        assertFalse(sources.isEmpty());
        for (String source : sources) {
            Path example = Path.of(source.replace("*-runner", "x-runner"), source.endsWith("/") ? "x" : "");
            assertTrue(sent.stream().filter(pattern -> pattern.startsWith("!")).map(pattern -> pattern.substring(1))
                    .anyMatch(pattern -> FileSystems.getDefault().getPathMatcher("glob:" + pattern).matches(example)),
                    () -> source + " is not in .dockerignore");
            // the build may not have created target
            assertTrue(source.startsWith("target/") || Files.exists(Path.of(source)), source);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { JVM, NATIVE })
    void imageHasTheSbom(String dockerfile) throws IOException {
        assertTrue(values(dockerfile, "COPY").stream().filter(copy -> copy.contains("sbom.cdx.json"))
                .anyMatch(copy -> copy.matches(".* /(deployments|work)/")), () -> dockerfile);
    }

    @Test
    void imageOfJibHasTheSbomInItsWorkingDirectory() throws IOException {
        String pom = Files.readString(Path.of("pom.xml"));
        String jib = pom.substring(pom.indexOf("<id>jib</id>"), pom.indexOf("<id>native</id>"));

        assertEquals(List.of("/deployments", "src/main/jib${quarkus.jib.working-directory}", "prepare-package"),
                List.of(property(jib, "quarkus.jib.working-directory"), property(jib, "outputDirectory"),
                        property(jib, "phase")));
        assertTrue(Files.readAllLines(Path.of(".gitignore")).contains("/src/main/jib/"), "generated");
    }

    @Test
    void jibHasSameImagesPortsUserAndOutbox() throws IOException {
        String pom = Files.readString(Path.of("pom.xml"));

        assertEquals(values(JVM, "FROM").get(1), property(pom, "quarkus.jib.base-jvm-image"));
        assertEquals(values(NATIVE, "FROM").get(0), property(pom, "quarkus.jib.base-native-image"));
        assertEquals(ports(","), property(pom, "quarkus.jib.ports"));
        assertEquals(last(instructions(JVM), "USER"), property(pom, "quarkus.jib.user"));
        assertEquals(last(instructions(JVM), "VOLUME"),
                property(pom, "quarkus.jib.environment-variables.BRIDGE_OUTBOX_DIRECTORY"));
    }

    @Test
    void imagesHaveSameLabels() throws IOException {
        String labels = last(instructions(JVM), "LABEL");

        assertTrue(labels.startsWith("org.opencontainers.image.title=\"ilert-sumologic-bridge\""), labels);
        assertEquals(labels, last(instructions(NATIVE), "LABEL"));
    }

    private static String ports(String separator) throws IOException {
        return application().getProperty("quarkus.http.port") + separator
                + application().getProperty("quarkus.management.port");
    }

    private static Properties application() throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newInputStream(Path.of("src", "main", "resources", "application.properties"))) {
            properties.load(in);
        }
        return properties;
    }

    private static String property(String pom, String name) {
        Matcher element = Pattern.compile("<" + Pattern.quote(name) + ">([^<]*)<").matcher(pom);
        assertTrue(element.find(), name);
        return element.group(1);
    }

    private static List<String> values(String dockerfile, String name) throws IOException {
        return instructions(dockerfile).stream().filter(instruction -> instruction.name.equals(name))
                .map(Instruction::value).toList();
    }

    private static String last(List<Instruction> instructions, String name) {
        List<Instruction> named = instructions.stream().filter(instruction -> instruction.name.equals(name)).toList();
        assertFalse(named.isEmpty(), name);
        return named.get(named.size() - 1).value;
    }

    private static List<Instruction> instructions(String dockerfile) throws IOException {
        String text = Files.readString(DOCKER.resolve(dockerfile)).replaceAll("\\\\\n\\s*", "");
        Matcher arg = Pattern.compile("(?m)^ARG (\\w+)=(.*)$").matcher(text);
        while (arg.find()) {
            text = text.replace("${" + arg.group(1) + "}", arg.group(2));
        }
        List<Instruction> instructions = new ArrayList<>();
        for (String line : text.split("\n")) {
            if (!line.isEmpty() && !line.startsWith("#")) {
                String[] parts = line.split(" ", 2);
                instructions.add(new Instruction(parts[0], parts[1]));
            }
        }
        return instructions;
    }
}
