package io.ilertsumo.bridge.testing;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The metrics of a scrape. */
public final class Metrics {

    private static final Pattern LABEL = Pattern.compile("[{,](\\w+)=\"");

    private final List<String> lines;

    Metrics(String text) {
        lines = text.lines().filter(line -> !line.startsWith("#")).toList();
    }

    /** Returns the sum of all series with that name and those labels, as {@code name="value"}. */
    public double sum(String name, String... labels) {
        return lines.stream()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .filter(line -> List.of(labels).stream().allMatch(line::contains))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Returns the names of the labels of the series with that name. */
    public Set<String> labels(String name) {
        Set<String> labels = new TreeSet<>();
        lines.stream().filter(line -> line.startsWith(name + "{")).forEach(line -> {
            Matcher label = LABEL.matcher(line);
            while (label.find()) {
                labels.add(label.group(1));
            }
        });
        return labels;
    }

    /** Returns whether there is a series with that name. */
    public boolean has(String name) {
        return lines.stream().anyMatch(line -> line.startsWith(name + "{") || line.startsWith(name + " "));
    }
}
