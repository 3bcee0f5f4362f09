package io.ilertsumo.bridge.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithName;
import io.smallrye.config.common.utils.StringUtil;

/** Every setting is described, listed, bounded and used. */
class SettingsTest {

    private static final Path PROPERTIES = Path.of("src", "main", "resources", "application.properties");
    private static final Path SOURCES = Path.of("src", "main", "java");
    private static final String END_OF_SETTINGS = "# Below: how the program is assembled";

    private record Setting(String property, String value, String what) {

        /** Its row in docs/settings.md. */
        String row() {
            Method type = types().get(property);
            Range range = type == null ? null : type.getAnnotation(Range.class);
            return "| `%s` | `%s` | %s | %s | %s |".formatted(property,
                    property.replaceAll("[^a-zA-Z0-9]", "_").toUpperCase(Locale.ROOT),
                    value.isEmpty() ? "" : "`" + value + "`", range == null ? "" : range.min() + " to " + range.max(),
                    what.replace("|", "\\|"));
        }
    }

    @Test
    void everySettingIsDescribed() throws IOException {
        List<Setting> settings = settings();

        assertTrue(settings.size() > 30, "settings are found");
        for (Setting setting : settings) {
            assertTrue(setting.what.endsWith("."), () -> setting.property + ": " + setting.what);
        }
    }

    @Test
    void theTableListsAllSettingsAndNoOthers() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("docs", "settings.md")).stream()
                .filter(line -> line.startsWith("| `")).toList();

        assertEquals(settings().stream().map(Setting::row).collect(Collectors.joining("\n")), String.join("\n", rows));
    }

    @Test
    void everySettingIsUsed() throws IOException {
        String users = text(SOURCES) + text(Path.of("routes")) + assembly();
        for (Setting setting : settings()) {
            if (!isForeign(setting)) {
                assertTrue(isUsed(setting.property, users)
                        || types().containsKey(setting.property) && isCalled(setting.property),
                        setting.property + " is used nowhere");
            }
        }
    }

    @Test
    void everySettingOfOursHasAType() throws IOException {
        Set<String> untyped = settings().stream().filter(setting -> !isForeign(setting)).map(Setting::property)
                .filter(property -> !property.startsWith("bridge.category."))
                .collect(Collectors.toCollection(TreeSet::new));

        untyped.removeAll(types().keySet());

        assertEquals(Set.of(), untyped);
    }

    @Test
    void everyNumberDurationAndSizeHasARange() {
        Set<String> unbounded = types().entrySet().stream()
                .filter(type -> Set.of(int.class, long.class, short.class, double.class, Duration.class,
                        MemorySize.class).contains(type.getValue().getReturnType())
                        && !type.getValue().isAnnotationPresent(Range.class))
                .map(Map.Entry::getKey).collect(Collectors.toCollection(TreeSet::new));

        assertEquals(Set.of(), unbounded);
    }

    /** The methods that return the settings, by property. */
    private static Map<String, Method> types() {
        Map<String, Method> types = new TreeMap<>();
        for (Class<?> settings : List.of(BridgeSettings.class, SumoLogicSettings.class, WebhookSettings.class)) {
            String prefix = settings.getAnnotation(ConfigMapping.class).prefix() + ".";
            for (Method method : settings.getDeclaredMethods()) {
                WithName name = method.getAnnotation(WithName.class);
                types.put(prefix + (name != null ? name.value() : StringUtil.skewer(method.getName())), method);
            }
        }
        return types;
    }

    /** Whether it is read by Quarkus or by Kafka's clients. */
    private static boolean isForeign(Setting setting) {
        return setting.property.startsWith("quarkus.") || setting.property.startsWith("kafka.");
    }

    /** Whether something but the check of all settings reads it. */
    private static boolean isCalled(String property) throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                if (!file.endsWith("SettingsCheck.java") && Pattern
                        .compile("(ettings|bridge|sumoLogic|webhook)\\s*\\." + types().get(property).getName()
                                + "\\(\\)")
                        .matcher(Files.readString(file)).find()) {
                    return true;
                }
            }
            return false;
        }
    }

    @Test
    void everySettingNamedInARouteExists() throws IOException {
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
        // a route may put a variable in the place of a word, such as bridge.category.${variable.group}
        Stream<String> names = IntStream.range(0, words.length).mapToObj(i -> IntStream.range(0, words.length)
                .mapToObj(j -> i == j ? "\\$\\{(header|variable)\\.\\w+}" : Pattern.quote(words[j]))
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
