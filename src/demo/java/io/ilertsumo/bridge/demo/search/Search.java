package io.ilertsumo.bridge.demo.search;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Evaluates a query of Sumo Logic's search language, in the subset that the dashboards and monitors in
 * {@code setup/sumologic} use, so that they can be tried without an account. Anything outside that subset is an error,
 * and so is what Sumo Logic does not allow in a dashboard: to sort or limit messages before they are aggregated. Names
 * are case-insensitive. Immutable.
 *
 * @see <a href="https://www.sumologic.com/help/docs/search/search-query-language/">Search query language</a>
 */
public final class Search {

    private static final Pattern SCOPE = Pattern
            .compile("(?:(\\w+)=(?:\"([^\"]*)\"|([-\\w:/.+@#$%^*]+))|\"([^\"]+)\")(?:\\s+|$)");

    private final Predicate<Row> scope;
    private final List<Operator> operators = new ArrayList<>();

    private Search(String query) {
        List<String> stages = stages(query);
        scope = scope(stages.get(0));
        for (String stage : stages.subList(1, stages.size())) {
            Tokens tokens = new Tokens(stage);
            operators.add(Operator.parse(tokens));
            tokens.expectEnd();
        }
    }

    /** @throws IllegalArgumentException if the query uses an unsupported operator, function or syntax */
    public static Search parse(String query) {
        return new Search(query);
    }

    /**
     * Runs the query over the messages of a time range.
     *
     * @param  from the start of the range, inclusive
     * @param  to   the end of the range, exclusive
     * @throws IllegalArgumentException if a field does not exist or an operator does not support a value
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
        List<String> columns = rows.columns();
        return new Table(columns, rows.rows().stream()
                .map(row -> columns.stream().map(row::get).map(Expression::plain).toList()).toList());
    }

    /** Splits the query at its pipes. */
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
        while (term.find() && term.start() == end && (end > 0 || term.group(1) != null)) {
            end = term.end();
            if (term.group(4) != null) {
                // a keyword, anywhere in the message
                Pattern keyword = Pattern.compile(Pattern.quote(term.group(4)), Pattern.CASE_INSENSITIVE);
                scope = scope.and(message -> keyword.matcher((String) message.getOrNull("_raw")).find());
                continue;
            }
            String name = term.group(1);
            // a quoted value has no wildcards
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
}
