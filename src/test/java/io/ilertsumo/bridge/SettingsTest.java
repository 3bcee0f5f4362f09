package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Program;

/** Every setting is explained, listed and used. */
class SettingsTest {

    private static final Path PROPERTIES = Path.of("src", "main", "resources", "application.properties");
    private static final String END_OF_SETTINGS = "# Below: how the program is put together";

    private record Setting(String property, String value, String what) {

        /** Its row in docs/settings.md. */
        String row() {
            return "| `%s` | `%s` | %s | %s |".formatted(property, Program.environmentVariable(property),
                    value.isEmpty() ? "" : "`" + value + "`", what.replace("|", "\\|"));
        }
    }

    @Test
    void everySettingSaysWhatItIsFor() throws IOException {
        List<Setting> settings = settings();

        assertTrue(settings.size() > 30, "settings are found");
        for (Setting setting : settings) {
            assertTrue(setting.what.endsWith("."), () -> setting.property + ": " + setting.what);
        }
    }

    @Test
    void theTableOfSettingsHasThemAllAndNoOthers() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("docs", "settings.md")).stream()
                .filter(line -> line.startsWith("| `")).toList();

        assertEquals(settings().stream().map(Setting::row).collect(Collectors.joining("\n")), String.join("\n", rows));
    }

    @Test
    void everySettingIsUsed() throws IOException {
        String users = text(Path.of("src", "main", "java")) + text(Path.of("routes")) + assembly();
        for (Setting setting : settings()) {
            if (!setting.property.startsWith("quarkus.")) {
                assertTrue(isUsed(setting.property, users), setting.property + " is used nowhere");
            }
        }
    }

    @Test
    void everySettingThatARouteNamesIsThere() throws IOException {
        Set<String> named = new TreeSet<>();
        Matcher placeholder = Pattern.compile("\\{\\{\\??((?:bridge|sumologic|ilert)\\.[\\w.-]+)")
                .matcher(text(Path.of("routes")));
        while (placeholder.find()) {
            named.add(placeholder.group(1));
        }

        assertFalse(named.isEmpty());
        named.removeAll(settings().stream().map(Setting::property).toList());
        assertEquals(Set.of(), named);
    }

    private static boolean isUsed(String property, String users) {
        String[] words = property.split("\\.");
        // a route may put a header in the place of a word, such as bridge.category.${header.group}
        Stream<String> names = IntStream.range(0, words.length).mapToObj(i -> IntStream.range(0, words.length)
                .mapToObj(j -> i == j ? "\\$\\{header\\.\\w+}" : Pattern.quote(words[j]))
                .collect(Collectors.joining("\\.")));
        return users.contains(property) || names.anyMatch(name -> Pattern.compile(name).matcher(users).find());
    }

    private static List<Setting> settings() throws IOException {
        List<Setting> settings = new ArrayList<>();
        StringBuilder comment = new StringBuilder();
        for (String line : Files.readAllLines(PROPERTIES)) {
            if (line.startsWith(END_OF_SETTINGS)) {
                return settings;
            } else if (line.isBlank() || line.startsWith("# ---")) {
                comment.setLength(0);
            } else if (line.startsWith("#")) {
                comment.append(line.substring(1).trim()).append(' ');
            } else {
                String[] parts = line.split("=", 2);
                settings.add(new Setting(parts[0], parts[1], comment.toString().trim()));
                comment.setLength(0);
            }
        }
        throw new AssertionError("There is no line " + END_OF_SETTINGS);
    }

    /** The properties that put the program together of its settings. */
    private static String assembly() throws IOException {
        String text = Files.readString(PROPERTIES);
        return text.substring(text.indexOf(END_OF_SETTINGS));
    }

    private static String text(Path directory) throws IOException {
        StringBuilder text = new StringBuilder();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile).sorted()::iterator) {
                text.append(Files.readString(file));
            }
        }
        return text.toString();
    }
}
