package io.ilertsumo.bridge.demo.search;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Messages, or the groups that they were aggregated into. Immutable.
 *
 * @param columns      the names of the columns; distinct, in any case
 * @param rows         the messages or groups
 * @param isAggregated whether these are groups, which have the columns and no other fields
 */
record Rows(List<String> columns, List<Row> rows, boolean isAggregated) {

    Rows {
        Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        names.addAll(columns);
        if (names.size() < columns.size()) {
            throw new IllegalArgumentException("Duplicate column: " + columns);
        }
    }

    /** Returns other rows with the same columns. */
    Rows with(List<Row> other) {
        return new Rows(columns, other, isAggregated);
    }

    /** Returns the names of the columns that are not among those names. */
    List<String> without(List<String> names) {
        return columns.stream().filter(column -> names.stream().noneMatch(column::equalsIgnoreCase)).toList();
    }

    /** @throws IllegalArgumentException unless these are groups, which that operator needs */
    Rows aggregated(String operator) {
        if (!isAggregated) {
            throw new IllegalArgumentException(operator + " must follow an aggregation");
        }
        return this;
    }
}
