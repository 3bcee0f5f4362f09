package io.ilertsumo.bridge.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Tests that the list of the program's libraries is complete, and that their licenses are permitted and documented. */
class SbomIT {

    /** A library needs one of them: several licenses of a library are a choice. */
    private static final Set<String> PERMITTED = Set.of("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0",
            "EPL-2.0", "MIT");
    private static final Path PAGE = Path.of("THIRD-PARTY.md");
    private static final Path APP = Path.of("target", "quarkus-app");
    private static final String FILE = "sbom.cdx.json";

    private record Library(String group, String name, String version, Set<String> licenses) {
    }

    @Test
    void eachJarIsListed() throws IOException {
        assumeTrue(Files.exists(APP.resolve("lib")), "a native build has no jars");
        Set<String> listed = libraries().stream()
                .map(library -> library.group + "." + library.name + "-" + library.version).collect(Collectors.toSet());
        try (Stream<Path> files = Files.walk(APP.resolve("lib"))) {
            Set<String> unlisted = files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".jar")).map(file -> file.substring(0, file.length() - 4))
                    .filter(file -> !listed.contains(file)).collect(Collectors.toCollection(TreeSet::new));

            assertEquals(Set.of(), unlisted);
        }
    }

    @Test
    void licensesArePermitted() throws IOException {
        List<Library> libraries = libraries();

        assertTrue(libraries.size() > 100, libraries.size() + " libraries");
        assertEquals(List.of(), libraries.stream()
                .filter(library -> library.licenses.stream().noneMatch(PERMITTED::contains)).toList());
    }

    @Test
    void licensesAreDocumented() throws IOException {
        Map<String, Map<String, Set<String>>> byLicense = new TreeMap<>();
        // of the builder's processor
        for (Library library : libraries().stream().filter(one -> !one.name.startsWith("native-")).toList()) {
            byLicense.computeIfAbsent(String.join(" or ", library.licenses), license -> new TreeMap<>())
                    .computeIfAbsent(library.group, group -> new TreeSet<>()).add(library.name);
        }
        List<String> sections = new ArrayList<>();
        byLicense.forEach((license, groups) -> {
            sections.addAll(List.of("## " + license, ""));
            groups.forEach((group, names) -> sections.add("- " + group + ": " + String.join(", ", names)));
            sections.add("");
        });
        String page = Files.readString(PAGE);
        String expected = page.substring(0, page.indexOf("\n## ") + 1) + String.join("\n", sections);
        if (Boolean.getBoolean("licenses.write")) {
            Files.writeString(PAGE, expected);
        }

        assertEquals(expected, Files.readString(PAGE), PAGE + " is written with -Dlicenses.write=true");
    }

    private static List<Library> libraries() throws IOException {
        Path file = Stream.of(APP.resolve(FILE), Path.of("target", FILE)).filter(Files::exists).findFirst()
                .orElseThrow();
        List<Library> libraries = new ArrayList<>();
        for (JsonNode component : new ObjectMapper().readTree(file.toFile()).get("components")) {
            Set<String> licenses = new TreeSet<>();
            for (JsonNode entry : component.path("licenses")) {
                JsonNode license = entry.path("license");
                licenses.add(Stream.of(license.path("id"), license.path("name"), entry.path("expression"))
                        .filter(JsonNode::isTextual).findFirst().orElseThrow().textValue());
            }
            libraries.add(new Library(component.get("group").textValue(), component.get("name").textValue(),
                    component.get("version").textValue(), licenses));
        }
        return libraries;
    }
}
