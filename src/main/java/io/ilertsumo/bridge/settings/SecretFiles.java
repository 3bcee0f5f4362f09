package io.ilertsumo.bridge.settings;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.smallrye.config.EnvConfigSource;

/**
 * The settings that are files. The values of secrets can be replaced while the bridge runs, all others are those of the
 * start. Thread-safe.
 */
public final class SecretFiles extends EnvConfigSource {

    /** Between environment variables (300) and system properties (400). */
    private static final int ORDINAL = 350;
    /** The property {@code camel.kamelet.…} is the URL or token of a route's own HTTP source. */
    private static final Pattern SECRET = Pattern
            .compile("SUMOLOGIC_(URL|TOKEN|PROXY)|ILERT_WEBHOOK_(USERNAME|PASSWORD)"
                    + "|BRIDGE_MANAGEMENT_(USERNAME|PASSWORD)|camel\\.kamelet\\..+");

    private volatile Map<String, String> values;
    private volatile EnvConfigSource source;

    SecretFiles(Map<String, String> values) {
        super(values, ORDINAL);
        replace(values);
    }

    @Override
    public String getValue(String property) {
        // the constructor of the superclass calls it
        return source == null ? super.getValue(property) : source.getValue(property);
    }

    /** The values by the names of their files. */
    public Map<String, String> values() {
        return values;
    }

    /** Replaces all values. */
    public void replace(Map<String, String> files) {
        values = Map.copyOf(files);
        source = new EnvConfigSource(files, ORDINAL);
    }

    /**
     * Returns the present values with those of the files that are secrets, less the ones that have an error.
     *
     * @param errors gets the errors, without a secret
     */
    public Map<String, String> merge(Map<String, String> files, Set<String> errors) {
        Map<String, String> merged = new TreeMap<>(values);
        Set<String> names = new TreeSet<>(values.keySet());
        names.addAll(files.keySet());
        names.removeIf(name -> !SECRET.matcher(name).matches() || Objects.equals(files.get(name), values.get(name)));
        for (String name : names) {
            String value = files.get(name);
            String error = value == null || value.isEmpty()
                    ? name + (files.containsKey(name) ? " is empty or can't be read" : " is missing")
                    : SettingsCheck.error(name, value);
            if (error != null) {
                errors.add(error);
            } else {
                merged.put(name, value);
            }
        }
        return merged;
    }

    /** Returns the values of the files of a directory, {@code null} for one that can't be read or is not UTF-8. */
    public static Map<String, String> read(Path directory) {
        Map<String, String> values = read(directory, name -> true);
        // the last line may end with a line break
        values.replaceAll((name, text) -> text == null ? null : text.replaceAll("\\R+\\z", ""));
        return values;
    }

    /** Returns the texts of files by their names, {@code null} for one that can't be read; empty without the directory. */
    public static Map<String, String> read(Path directory, Predicate<String> names) {
        Map<String, String> texts = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            files.filter(file -> names.test(file.getFileName().toString()) && Files.isRegularFile(file))
                    .forEach(file -> texts.put(file.getFileName().toString(), SettingsCheck.text(file).orElse(null)));
        } catch (IOException | UncheckedIOException e) {
            // reported by the check of the directory
        }
        return texts;
    }
}
