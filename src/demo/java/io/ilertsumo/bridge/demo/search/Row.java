package io.ilertsumo.bridge.demo.search;

import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The fields of a message or group, by case-insensitive names. A value is a String, a Long, a Double, a Boolean, the result
 * of {@code withtime}, or {@code null}. Immutable: a row with one more field shares all others with the original.
 */
final class Row {

    static final Row EMPTY = new Row(null, "", null);

    private final Row others;
    private final String name;
    private final Object value;

    private Row(Row others, String name, Object value) {
        this.others = others;
        this.name = name;
        this.value = value;
    }

    static Row of(LogMessage message) {
        Row row = EMPTY.with("_raw", message.raw()).with("_messagetime", message.time());
        for (Map.Entry<String, String> field : message.fields().entrySet()) {
            row = row.with(field.getKey(), field.getValue());
        }
        return row;
    }

    /** Returns a row with that field added or replaced. */
    Row with(String field, Object newValue) {
        return new Row(this, field, newValue);
    }

    /** Returns a row with only those fields. */
    Row only(Collection<String> fields) {
        Row row = EMPTY;
        for (String field : fields) {
            row = row.with(field, get(field));
        }
        return row;
    }

    /** @throws IllegalArgumentException if there is no such field */
    Object get(String field) {
        Row found = find(field);
        if (found == null) {
            throw new IllegalArgumentException("Field " + field + " not found");
        }
        return found.value;
    }

    /** Returns the value of the field, or {@code null} if there is no such field. */
    Object getOrNull(String field) {
        Row found = find(field);
        return found == null ? null : found.value;
    }

    private Row find(String field) {
        Row row = this;
        while (row != null && !row.name.equalsIgnoreCase(field)) {
            row = row.others;
        }
        return row;
    }

    /** Returns the values of those fields, which identify a group. */
    List<Object> key(Collection<String> fields) {
        return fields.stream().map(this::get).toList();
    }
}
