package io.ilertsumo.bridge.search;

import java.util.List;

/**
 * What a search found.
 *
 * @param columns the names of the columns
 * @param rows    a value for each column: a String, a Long, a Double, a Boolean, or {@code null} where there is none
 */
public record Table(List<String> columns, List<List<Object>> rows) {

    /** The values of the column with that name, from the first row to the last. */
    public List<Object> column(String name) {
        int index = columns.indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException("There is no column " + name + ", but " + columns);
        }
        return rows.stream().map(row -> row.get(index)).toList();
    }
}
