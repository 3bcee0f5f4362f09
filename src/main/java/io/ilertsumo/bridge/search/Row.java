package io.ilertsumo.bridge.search;

import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Fields with their values, by names in any case: a String, a Long, a Double, a Boolean, what {@code withtime} makes, or
 * {@code null}. Immutable: a row with one field more shares all others with the row it was made of.
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

    /** Takes the place of a field of that name. */
    Row with(String field, Object itsValue) {
        return new Row(this, field, itsValue);
    }

    /** A row that has those of its fields only. */
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

    /** The value of the field; {@code null} if there is no such field, either. */
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

    /** The values of those fields: what a group is told by. */
    List<Object> key(Collection<String> fields) {
        return fields.stream().map(this::get).toList();
    }
}
