package io.ilertsumo.bridge.search;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;

import io.ilertsumo.bridge.search.Tokens.Kind;

/**
 * A query of Sumo Logic's search language, in the part of it that the dashboards and monitors in {@code sumologic/} use,
 * so that they can be tried without an account. What is not known here is an error, and so is what Sumo Logic does not
 * allow in a dashboard: to sort or limit messages before they are grouped. Names are known in any case. Immutable.
 *
 * @see <a href="https://www.sumologic.com/help/docs/search/search-query-language/">Search query language</a>
 */
public final class Search {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern SCOPE = Pattern
            .compile("(\\w+)=(?:\"([^\"]*)\"|([-\\w:/.+@#$%^*]+))(?:\\s+|$)");
    private static final Pattern PATH = Pattern.compile("\\w+(?:\\.\\w+|\\[(?:\\d{1,9}|\\*)])*");
    private static final Pattern PATH_STEP = Pattern.compile("(\\w+)|\\[(\\d+|\\*)]");
    private static final String TIMESLICE = "_timeslice";

    private final Predicate<Row> scope;
    private final List<Operator> operators = new ArrayList<>();

    /** Messages, or what they were grouped into: that has those columns and no other fields. */
    private record Rows(List<String> columns, List<Row> rows, boolean isGrouped) {

        private Rows {
            Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
            names.addAll(columns);
            if (names.size() < columns.size()) {
                throw new IllegalArgumentException("Two columns have one name: " + columns);
            }
        }

        Rows with(List<Row> other) {
            return new Rows(columns, other, isGrouped);
        }
    }

    private interface Operator {
        Rows apply(Rows rows, long now);
    }

    /** What {@code withtime} makes of a field. */
    private record Timed(Object value, long time) {
    }

    /** Computes a column of a group. */
    private record Aggregate(String column, Function<List<Row>, Object> value) {
    }

    private Search(String query) {
        List<String> stages = stages(query);
        scope = scope(stages.get(0));
        for (String stage : stages.subList(1, stages.size())) {
            Tokens tokens = new Tokens(stage);
            operators.add(operator(tokens));
            tokens.expectEnd();
        }
    }

    /** @throws IllegalArgumentException if it uses what is not known here */
    public static Search parse(String query) {
        return new Search(query);
    }

    /**
     * Runs it over the messages whose time is between.
     *
     * @throws IllegalArgumentException if it comes to a field that no operator before has made, or to a value that an
     *                                  operator cannot take
     */
    public Table run(Collection<LogMessage> messages, Instant from, Instant to) {
        List<Row> found = messages.stream()
                .filter(message -> message.time() >= from.toEpochMilli() && message.time() < to.toEpochMilli())
                .sorted(Comparator.comparingLong(LogMessage::time).reversed())
                .map(Row::of).filter(scope).toList();
        Rows rows = new Rows(List.of("_messagetime", "_raw"), found, false);
        for (Operator operator : operators) {
            rows = operator.apply(rows, to.toEpochMilli());
        }
        List<String> columns = rows.columns;
        return new Table(columns, rows.rows.stream()
                .map(row -> columns.stream().map(row::get).map(Expression::plain).toList()).toList());
    }

    /** The query at its pipes. */
    private static List<String> stages(String query) {
        List<String> stages = new ArrayList<>();
        StringBuilder stage = new StringBuilder();
        boolean isQuoted = false;
        for (int i = 0; i < query.length(); i++) {
            char c = query.charAt(i);
            if (c == '\\' && isQuoted && i + 1 < query.length()) {
                stage.append(c).append(query.charAt(++i));
            } else if (c == '|' && !isQuoted) {
                stages.add(stage.toString());
                stage.setLength(0);
            } else {
                isQuoted ^= c == '"';
                stage.append(c);
            }
        }
        stages.add(stage.toString());
        return stages;
    }

    private static Predicate<Row> scope(String text) {
        Predicate<Row> scope = message -> true;
        Matcher term = SCOPE.matcher(text.strip());
        int end = 0;
        while (term.find() && term.start() == end) {
            end = term.end();
            String name = term.group(1);
            // in quotes there are no wildcards
            Pattern value = Pattern.compile(term.group(2) != null
                    ? Pattern.quote(term.group(2))
                    : Expression.wildcards(term.group(3)).pattern(), Pattern.CASE_INSENSITIVE);
            scope = scope.and(message -> message.getOrNull(name) instanceof String found
                    && value.matcher(found).matches());
        }
        if (end < text.strip().length() || end == 0) {
            throw new IllegalArgumentException("Expected terms such as _sourceCategory=webhook/ilert: " + text.strip());
        }
        return scope;
    }

    private static Operator operator(Tokens tokens) {
        if (tokens.take("json")) {
            return json(tokens);
        } else if (tokens.take("parse")) {
            tokens.expect("regex");
            return parseRegex(tokens);
        } else if (tokens.take("where")) {
            Expression condition = Expression.parse(tokens);
            return (rows, now) -> rows.with(rows.rows.stream().filter(row -> condition.isTrue(row, now)).toList());
        } else if (tokens.take("dedup")) {
            return dedup(tokens);
        } else if (tokens.take("timeslice")) {
            return timeslice(tokens);
        } else if (tokens.take("withtime")) {
            String field = tokens.expect(Kind.NAME);
            return (rows, now) -> rows.with(rows.rows.stream().map(row -> row.with(field + "_withtime",
                    new Timed(row.get(field), (Long) row.get("_messagetime")))).toList());
        } else if (tokens.take("sort")) {
            return sort(tokens);
        } else if (tokens.take("limit")) {
            long limit = Long.parseLong(tokens.expect(Kind.NUMBER));
            return (rows, now) -> grouped(rows, "limit").with(rows.rows.stream().limit(limit).toList());
        } else if (tokens.take("transpose")) {
            return transpose(tokens);
        } else if (tokens.take("fields")) {
            tokens.expect("-");
            List<String> hidden = tokens.names();
            return (rows, now) -> {
                List<String> left = without(hidden, grouped(rows, "fields"));
                return new Rows(left, rows.rows.stream().map(row -> row.only(left)).toList(), true);
            };
        }
        for (String aggregate : List.of("count", "count_distinct", "sum", "max", "min", "most_recent")) {
            if (tokens.take(aggregate)) {
                return group(aggregate, tokens);
            }
        }
        return assignment(tokens);
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
            throw new IllegalArgumentException("json has " + paths.size() + " paths and " + names.size() + " names");
        }
        boolean isKept = tokens.take("nodrop");
        return (rows, now) -> {
            List<Row> read = new ArrayList<>();
            for (Row row : rows.rows) {
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

    /** A JSON null is as if nothing was there, though Sumo Logic's documentation does not say so. */
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
            throw new IllegalArgumentException("Each group must have a name, and there must be one: " + pattern);
        }
        boolean isEach = tokens.take("multi");
        return (rows, now) -> {
            List<Row> parsed = new ArrayList<>();
            for (Row row : rows.rows) {
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

    /** Keeps the first of each kind: the newest, unless something has sorted them otherwise. */
    private static Operator dedup(Tokens tokens) {
        if (!"1".equals(tokens.expect(Kind.NUMBER))) {
            throw new IllegalArgumentException("dedup keeps one of each here");
        }
        tokens.expect("by");
        List<String> fields = tokens.names();
        return (rows, now) -> {
            Set<List<Object>> seen = new HashSet<>();
            return rows.with(rows.rows.stream().filter(row -> seen.add(row.key(fields))).toList());
        };
    }

    private static Operator timeslice(Tokens tokens) {
        long millis = Duration.parse("PT" + tokens.expect(Kind.PERIOD)).toMillis();
        return (rows, now) -> rows.with(rows.rows.stream()
                .map(row -> row.with(TIMESLICE, (Long) row.get("_messagetime") / millis * millis)).toList());
    }

    private static Operator sort(Tokens tokens) {
        tokens.expect("by");
        Comparator<Row> order = null;
        do {
            String column = tokens.expect(Kind.NAME);
            Comparator<Row> next = Comparator.comparing(row -> row.get(column), Search::compare);
            if (!tokens.take("asc")) {
                tokens.take("desc");
                next = next.reversed();
            }
            order = order == null ? next : order.thenComparing(next);
        } while (tokens.take(","));
        Comparator<Row> whole = order;
        return (rows, now) -> grouped(rows, "sort").with(rows.rows.stream().sorted(whole).toList());
    }

    private static int compare(Object one, Object other) {
        return one instanceof Number && other instanceof Number
                ? Double.compare(Expression.number(one), Expression.number(other))
                : Expression.text(one).compareTo(Expression.text(other));
    }

    private static Rows grouped(Rows rows, String operator) {
        if (!rows.isGrouped) {
            throw new IllegalArgumentException(operator + " must come after messages are grouped");
        }
        return rows;
    }

    private static Operator group(String first, Tokens tokens) {
        List<Aggregate> aggregates = new ArrayList<>(List.of(aggregate(first, tokens)));
        while (tokens.take(",")) {
            aggregates.add(aggregate(tokens.expect(Kind.NAME).toLowerCase(Locale.ROOT), tokens));
        }
        List<String> keys = tokens.take("by") ? tokens.names() : List.of();
        List<String> columns = new ArrayList<>(keys);
        aggregates.forEach(aggregate -> columns.add(aggregate.column));
        return (rows, now) -> {
            Map<List<Object>, List<Row>> groups = new LinkedHashMap<>();
            rows.rows.forEach(row -> groups.computeIfAbsent(row.key(keys), key -> new ArrayList<>()).add(row));
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
            default -> throw new IllegalArgumentException("The aggregate " + signature + " is not known here");
        };
    }

    private static Timed timed(Row row, String field) {
        if (!(row.get(field) instanceof Timed timed)) {
            throw new IllegalArgumentException("most_recent takes what withtime makes, and " + field + " is none");
        }
        return timed;
    }

    private static List<Double> numbers(List<Row> rows, String field) {
        return rows.stream().map(row -> row.get(field)).filter(value -> value != null).map(Expression::number).toList();
    }

    /** A row for each value of the one field, a column for each value of the other, of the one that is left. */
    private static Operator transpose(Tokens tokens) {
        tokens.expect("row");
        String rowField = tokens.expect(Kind.NAME);
        tokens.expect("column");
        String columnField = tokens.expect(Kind.NAME);
        return (rows, now) -> {
            List<String> left = without(List.of(rowField, columnField), grouped(rows, "transpose"));
            if (left.size() != 1) {
                throw new IllegalArgumentException("transpose needs one column of values, there are " + left);
            }
            Set<String> columns = new TreeSet<>();
            rows.rows.forEach(row -> columns.add(Expression.text(row.get(columnField))));
            Row empty = Row.EMPTY;
            for (String column : columns) {
                empty = empty.with(column, null);
            }
            Map<Object, Row> results = new LinkedHashMap<>();
            for (Row row : rows.rows) {
                Object key = row.get(rowField);
                results.put(key, results.getOrDefault(key, empty.with(rowField, key))
                        .with(Expression.text(row.get(columnField)), row.get(left.get(0))));
            }
            List<String> all = new ArrayList<>(List.of(rowField));
            all.addAll(columns);
            return new Rows(all, List.copyOf(results.values()), true);
        };
    }

    private static List<String> without(List<String> names, Rows rows) {
        return rows.columns.stream().filter(column -> names.stream().noneMatch(column::equalsIgnoreCase)).toList();
    }

    private static Operator assignment(Tokens tokens) {
        Expression expression = Expression.parse(tokens);
        tokens.expect("as");
        String name = tokens.expect(Kind.NAME);
        return (rows, now) -> {
            List<String> columns = new ArrayList<>(rows.columns);
            if (rows.isGrouped && columns.stream().noneMatch(name::equalsIgnoreCase)) {
                columns.add(name);
            }
            return new Rows(columns, rows.rows.stream().map(row -> row.with(name, expression.of(row, now))).toList(),
                    rows.isGrouped);
        };
    }
}
