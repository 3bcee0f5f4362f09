package io.ilertsumo.bridge.demo.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

import io.ilertsumo.bridge.demo.search.Tokens.Kind;

/** Computes a column of a group from the group's rows. */
record Aggregate(String column, Function<List<Row>, Object> value) {

    static final Set<String> NAMES = Set.of("count", "count_distinct", "sum", "max", "min", "most_recent");

    /** The value that {@code withtime} makes of a field. */
    record Timed(Object value, long time) {
    }

    /** Parses aggregates and the fields to group by, such as {@code sum(events) as events by lane}. */
    static Operator parse(Tokens tokens) {
        List<Aggregate> aggregates = new ArrayList<>();
        do {
            aggregates.add(aggregate(tokens.expect(Kind.NAME).toLowerCase(Locale.ROOT), tokens));
        } while (tokens.take(","));
        List<String> keys = tokens.take("by") ? tokens.names() : List.of();
        List<String> columns = new ArrayList<>(keys);
        aggregates.forEach(aggregate -> columns.add(aggregate.column));
        return (rows, now) -> {
            Map<List<Object>, List<Row>> groups = new LinkedHashMap<>();
            rows.rows().forEach(row -> groups.computeIfAbsent(row.key(keys), key -> new ArrayList<>()).add(row));
            List<Row> results = new ArrayList<>();
            groups.forEach((key, members) -> {
                Row result = members.get(0).only(keys);
                for (Aggregate aggregate : aggregates) {
                    result = result.with(aggregate.column, aggregate.value.apply(members));
                }
                results.add(result);
            });
            return new Rows(columns, results, true);
        };
    }

    private static Aggregate aggregate(String name, Tokens tokens) {
        String field = null;
        if (tokens.take("(")) {
            field = tokens.expect(Kind.NAME);
            tokens.expect(")");
        }
        Function<List<Row>, Object> value = value(name, field);
        return new Aggregate(tokens.take("as") ? tokens.expect(Kind.NAME) : "_" + name, value);
    }

    private static Function<List<Row>, Object> value(String name, String field) {
        String signature = name + (field == null ? "/0" : "/1");
        return switch (signature) {
            case "count/0" -> rows -> (double) rows.size();
            case "count_distinct/1" -> rows -> (double) rows.stream().map(row -> row.get(field)).distinct().count();
            case "sum/1" -> rows -> numbers(rows, field).stream().mapToDouble(Double::doubleValue).sum();
            case "max/1" -> rows -> numbers(rows, field).stream().max(Double::compare).orElse(null);
            case "min/1" -> rows -> numbers(rows, field).stream().min(Double::compare).orElse(null);
            case "most_recent/1" -> rows -> rows.stream().map(row -> timed(row, field))
                    .max(Comparator.comparingLong(Timed::time)).orElseThrow().value;
            default -> throw new IllegalArgumentException("Unsupported aggregate: " + signature);
        };
    }

    private static Timed timed(Row row, String field) {
        if (!(row.get(field) instanceof Timed timed)) {
            throw new IllegalArgumentException("most_recent needs a field that withtime made, not " + field);
        }
        return timed;
    }

    private static List<Double> numbers(List<Row> rows, String field) {
        return rows.stream().map(row -> row.get(field)).filter(value -> value != null).map(Expression::number).toList();
    }
}
