package io.ilertsumo.bridge.demo.search;

import java.util.List;

/**
 * The result of a search.
 *
 * @param columns the names of the columns
 * @param rows    a value for each column: a String, a Long, a Double, a Boolean, or {@code null} where there is none
 */
public record Table(List<String> columns, List<List<Object>> rows) {

    /**
     * Returns the values of a column, from the first row to the last.
     *
     * @throws IllegalArgumentException if there is no such column
     */
    public List<Object> column(String name) {
        int index = columns.indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException("There is no column " + name + ", but " + columns);
        }
        return rows.stream().map(row -> row.get(index)).toList();
    }
}
