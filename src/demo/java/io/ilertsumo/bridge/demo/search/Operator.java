package io.ilertsumo.bridge.demo.search;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;

import io.ilertsumo.bridge.demo.search.Aggregate.Timed;
import io.ilertsumo.bridge.demo.search.Tokens.Kind;

/** Turns rows into other rows: a stage of a query, between two pipes. */
@FunctionalInterface
interface Operator {

    ObjectMapper JSON = new ObjectMapper();
    Pattern PATH = Pattern.compile("\\w+(?:\\.\\w+|\\[(?:\\d{1,9}|\\*)])*");
    Pattern PATH_STEP = Pattern.compile("(\\w+)|\\[(\\d+|\\*)]");
    String TIMESLICE = "_timeslice";

    /** @param now the end of the time range, in milliseconds since the epoch */
    Rows apply(Rows rows, long now);

    /** @throws IllegalArgumentException if the operator is not supported */
    static Operator parse(Tokens tokens) {
        if (tokens.take("json")) {
            return json(tokens);
        } else if (tokens.take("parse")) {
            tokens.expect("regex");
            return parseRegex(tokens);
        } else if (tokens.take("where")) {
            Expression condition = Expression.parse(tokens);
            return (rows, now) -> rows.with(rows.rows().stream().filter(row -> condition.isTrue(row, now)).toList());
        } else if (tokens.take("dedup")) {
            return dedup(tokens);
        } else if (tokens.take("timeslice")) {
            return timeslice(tokens);
        } else if (tokens.take("withtime")) {
            String field = tokens.expect(Kind.NAME);
            return (rows, now) -> rows.with(rows.rows().stream().map(row -> row.with(field + "_withtime",
                    new Timed(row.get(field), (Long) row.get("_messagetime")))).toList());
        } else if (tokens.take("sort")) {
            return sort(tokens);
        } else if (tokens.take("limit")) {
            long limit = Long.parseLong(tokens.expect(Kind.NUMBER));
            return (rows, now) -> rows.aggregated("limit").with(rows.rows().stream().limit(limit).toList());
        } else if (tokens.take("transpose")) {
            return transpose(tokens);
        } else if (tokens.take("fields")) {
            tokens.expect("-");
            List<String> hidden = tokens.names();
            return (rows, now) -> {
                List<String> left = rows.aggregated("fields").without(hidden);
                return new Rows(left, rows.rows().stream().map(row -> row.only(left)).toList(), true);
            };
        }
        return Aggregate.NAMES.stream().anyMatch(tokens::isNext) ? Aggregate.parse(tokens) : assignment(tokens);
    }

    private static Operator json(Tokens tokens) {
        String field = field(tokens, "_raw");
        List<String> paths = new ArrayList<>();
        do {
            String path = tokens.expect(Kind.TEXT);
            if (!PATH.matcher(path).matches()) {
                throw new IllegalArgumentException("Not a path: " + path);
            }
            paths.add(path);
        } while (tokens.take(","));
        tokens.expect("as");
        List<String> names = tokens.names();
        if (names.size() != paths.size()) {
            throw new IllegalArgumentException("json has " + paths.size() + " paths, but " + names.size() + " names");
        }
        boolean isKept = tokens.take("nodrop");
        return (rows, now) -> {
            List<Row> read = new ArrayList<>();
            for (Row row : rows.rows()) {
                JsonNode document = document(row.get(field));
                Row with = row;
                boolean isWhole = true;
                for (int i = 0; i < paths.size(); i++) {
                    String value = text(at(paths.get(i), document));
                    isWhole &= value != null;
                    with = with.with(names.get(i), value);
                }
                if (isWhole || isKept) {
                    read.add(with);
                }
            }
            return rows.with(read);
        };
    }

    private static String field(Tokens tokens, String otherwise) {
        if (!tokens.take("field")) {
            return otherwise;
        }
        tokens.expect("=");
        return tokens.expect(Kind.NAME);
    }

    private static JsonNode document(Object text) {
        try {
            return text == null ? MissingNode.getInstance() : JSON.readTree(text.toString());
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    private static JsonNode at(String path, JsonNode document) {
        JsonNode node = document;
        Matcher step = PATH_STEP.matcher(path);
        while (step.find()) {
            if ("*".equals(step.group(2))) {
                return atEach(path.substring(step.end()), node);
            }
            node = step.group(1) != null ? node.path(step.group(1)) : node.path(Integer.parseInt(step.group(2)));
        }
        return node;
    }

    private static JsonNode atEach(String path, JsonNode array) {
        if (!array.isArray()) {
            return MissingNode.getInstance();
        }
        ArrayNode values = JSON.createArrayNode();
        for (JsonNode element : array) {
            JsonNode value = at(path, element);
            if (!value.isMissingNode()) {
                values.add(value);
            }
        }
        return values;
    }

    /** Returns {@code null} for a JSON null, too, which Sumo Logic's documentation does not define. */
    private static String text(JsonNode node) {
        return node.isMissingNode() || node.isNull() ? null : node.isValueNode() ? node.asText() : node.toString();
    }

    private static Operator parseRegex(Tokens tokens) {
        String field = field(tokens, "_raw");
        Pattern pattern = Pattern.compile(tokens.expect(Kind.TEXT));
        Set<String> groups = new TreeSet<>();
        Matcher group = Pattern.compile("\\(\\?<(\\w+)>").matcher(pattern.pattern());
        while (group.find()) {
            groups.add(group.group(1));
        }
        if (groups.isEmpty() || groups.size() < pattern.matcher("").groupCount()) {
            throw new IllegalArgumentException("Needs capturing groups, each with a name: " + pattern);
        }
        boolean isEach = tokens.take("multi");
        return (rows, now) -> {
            List<Row> parsed = new ArrayList<>();
            for (Row row : rows.rows()) {
                Object text = row.get(field);
                Matcher match = pattern.matcher(text == null ? "" : text.toString());
                while (match.find()) {
                    Row with = row;
                    for (String name : groups) {
                        with = with.with(name, match.group(name));
                    }
                    parsed.add(with);
                    if (!isEach) {
                        break;
                    }
                }
            }
            return rows.with(parsed);
        };
    }

    /** Keeps the first row of each key: the newest, unless the rows were sorted otherwise. */
    private static Operator dedup(Tokens tokens) {
        if (!"1".equals(tokens.expect(Kind.NUMBER))) {
            throw new IllegalArgumentException("Unsupported: dedup of more than 1");
        }
        tokens.expect("by");
        List<String> fields = tokens.names();
        return (rows, now) -> {
            Set<List<Object>> seen = new HashSet<>();
            return rows.with(rows.rows().stream().filter(row -> seen.add(row.key(fields))).toList());
        };
    }

    private static Operator timeslice(Tokens tokens) {
        long millis = Duration.parse("PT" + tokens.expect(Kind.PERIOD)).toMillis();
        return (rows, now) -> rows.with(rows.rows().stream()
                .map(row -> row.with(TIMESLICE, (Long) row.get("_messagetime") / millis * millis)).toList());
    }

    private static Operator sort(Tokens tokens) {
        tokens.expect("by");
        Comparator<Row> order = null;
        do {
            String column = tokens.expect(Kind.NAME);
            Comparator<Row> next = Comparator.comparing(row -> row.get(column), Operator::compare);
            if (!tokens.take("asc")) {
                tokens.take("desc");
                next = next.reversed();
            }
            order = order == null ? next : order.thenComparing(next);
        } while (tokens.take(","));
        Comparator<Row> whole = order;
        return (rows, now) -> rows.aggregated("sort").with(rows.rows().stream().sorted(whole).toList());
    }

    private static int compare(Object one, Object other) {
        return one instanceof Number && other instanceof Number
                ? Double.compare(Expression.number(one), Expression.number(other))
                : Expression.text(one).compareTo(Expression.text(other));
    }

    /** Makes a row of each value of one field, a column of each value of another, and cells of the third. */
    private static Operator transpose(Tokens tokens) {
        tokens.expect("row");
        String rowField = tokens.expect(Kind.NAME);
        tokens.expect("column");
        String columnField = tokens.expect(Kind.NAME);
        return (rows, now) -> {
            List<String> left = rows.aggregated("transpose").without(List.of(rowField, columnField));
            if (left.size() != 1) {
                throw new IllegalArgumentException("transpose needs one column of values, not " + left);
            }
            Set<String> columns = new TreeSet<>();
            rows.rows().forEach(row -> columns.add(Expression.text(row.get(columnField))));
            Row empty = Row.EMPTY;
            for (String column : columns) {
                empty = empty.with(column, null);
            }
            Map<Object, Row> results = new LinkedHashMap<>();
            for (Row row : rows.rows()) {
                Object key = row.get(rowField);
                results.put(key, results.getOrDefault(key, empty.with(rowField, key))
                        .with(Expression.text(row.get(columnField)), row.get(left.get(0))));
            }
            List<String> all = new ArrayList<>(List.of(rowField));
            all.addAll(columns);
            return new Rows(all, List.copyOf(results.values()), true);
        };
    }

    private static Operator assignment(Tokens tokens) {
        Expression expression = Expression.parse(tokens);
        tokens.expect("as");
        String name = tokens.expect(Kind.NAME);
        return (rows, now) -> {
            List<String> columns = new ArrayList<>(rows.columns());
            if (rows.isAggregated() && columns.stream().noneMatch(name::equalsIgnoreCase)) {
                columns.add(name);
            }
            return new Rows(columns, rows.rows().stream().map(row -> row.with(name, expression.of(row, now))).toList(),
                    rows.isAggregated());
        };
    }
}
