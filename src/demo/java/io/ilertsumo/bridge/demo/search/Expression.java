package io.ilertsumo.bridge.demo.search;

import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.function.BiPredicate;
import java.util.function.DoubleBinaryOperator;
import java.util.regex.Pattern;

import io.ilertsumo.bridge.demo.search.Tokens.Kind;

/**
 * Computes a value from a row. A comparison with a field without a value is false, which Sumo Logic's documentation does
 * not define.
 */
@FunctionalInterface
interface Expression {

    Object of(Row row, long now);

    default boolean isTrue(Row row, long now) {
        return Boolean.TRUE.equals(of(row, now));
    }

    /** @throws IllegalArgumentException if the expression uses an unsupported function or syntax */
    static Expression parse(Tokens tokens) {
        return or(tokens);
    }

    private static Expression or(Tokens tokens) {
        Expression left = and(tokens);
        while (tokens.take("or")) {
            Expression one = left;
            Expression other = and(tokens);
            left = (row, now) -> one.isTrue(row, now) || other.isTrue(row, now);
        }
        return left;
    }

    private static Expression and(Tokens tokens) {
        Expression left = not(tokens);
        while (tokens.take("and")) {
            Expression one = left;
            Expression other = not(tokens);
            left = (row, now) -> one.isTrue(row, now) && other.isTrue(row, now);
        }
        return left;
    }

    private static Expression not(Tokens tokens) {
        if (tokens.take("!")) {
            Expression negated = not(tokens);
            return (row, now) -> !negated.isTrue(row, now);
        }
        return comparison(tokens);
    }

    private static Expression comparison(Tokens tokens) {
        Expression left = difference(tokens);
        if (tokens.take("matches")) {
            return compared(left, difference(tokens),
                    (value, pattern) -> wildcards(text(pattern)).matcher(text(value)).matches());
        } else if (tokens.take("in")) {
            tokens.expect("(");
            List<Expression> equalities = arguments(tokens).stream()
                    .map(value -> compared(left, value, Expression::areEqual)).toList();
            return (row, now) -> equalities.stream().anyMatch(equality -> equality.isTrue(row, now));
        } else if (tokens.take("=")) {
            return compared(left, difference(tokens), Expression::areEqual);
        } else if (tokens.take(">")) {
            return compared(left, difference(tokens), (one, other) -> number(one) > number(other));
        }
        return left;
    }

    private static Expression compared(Expression left, Expression right, BiPredicate<Object, Object> comparison) {
        return (row, now) -> {
            Object one = left.of(row, now);
            Object other = right.of(row, now);
            return one != null && other != null && comparison.test(one, other);
        };
    }

    private static boolean areEqual(Object one, Object other) {
        return one instanceof Number || other instanceof Number
                ? number(one) == number(other)
                : text(one).equals(text(other));
    }

    private static Expression difference(Tokens tokens) {
        Expression left = product(tokens);
        while (tokens.take("-")) {
            left = computed(left, product(tokens), (one, other) -> one - other);
        }
        return left;
    }

    private static Expression product(Tokens tokens) {
        Expression left = value(tokens);
        while (true) {
            if (tokens.take("*")) {
                left = computed(left, value(tokens), (one, other) -> one * other);
            } else if (tokens.take("/")) {
                left = computed(left, value(tokens), (one, other) -> one / other);
            } else {
                return left;
            }
        }
    }

    private static Expression computed(Expression left, Expression right, DoubleBinaryOperator operation) {
        return (row, now) -> {
            Object one = left.of(row, now);
            Object other = right.of(row, now);
            return one == null || other == null ? null : (Object) operation.applyAsDouble(number(one), number(other));
        };
    }

    private static Expression value(Tokens tokens) {
        if (tokens.isNext(Kind.TEXT)) {
            String text = tokens.expect(Kind.TEXT);
            return (row, now) -> text;
        } else if (tokens.isNext(Kind.NUMBER)) {
            Double number = Double.valueOf(tokens.expect(Kind.NUMBER));
            return (row, now) -> number;
        } else if (tokens.take("(")) {
            Expression inner = parse(tokens);
            tokens.expect(")");
            return inner;
        }
        String name = tokens.expect(Kind.NAME);
        if (!tokens.take("(")) {
            return (row, now) -> row.get(name);
        }
        return function(name, tokens.take(")") ? List.of() : arguments(tokens));
    }

    private static Expression function(String name, List<Expression> arguments) {
        String signature = name.toLowerCase(Locale.ROOT) + "/" + arguments.size();
        return switch (signature) {
            case "isblank/1" -> (row, now) -> arguments.get(0).of(row, now) == null
                    || text(arguments.get(0).of(row, now)).isBlank();
            case "if/3" -> (row, now) -> arguments.get(arguments.get(0).isTrue(row, now) ? 1 : 2).of(row, now);
            case "concat/3" -> (row, now) -> {
                StringBuilder all = new StringBuilder();
                for (Expression argument : arguments) {
                    Object part = argument.of(row, now);
                    all.append(part == null ? "" : text(part));
                }
                return all.toString();
            };
            case "replace/3" -> (row, now) -> {
                Object text = arguments.get(0).of(row, now);
                return text == null
                        ? null
                        : text(text).replace(text(arguments.get(1).of(row, now)), text(arguments.get(2).of(row, now)));
            };
            case "formatdate/2" -> (row, now) -> {
                if (!(arguments.get(0).of(row, now) instanceof Long time)) {
                    throw new IllegalArgumentException("formatDate needs a Long, such as _messagetime");
                }
                SimpleDateFormat format = new SimpleDateFormat(text(arguments.get(1).of(row, now)), Locale.ROOT);
                // Sumo Logic uses the user's time zone
                format.setTimeZone(TimeZone.getTimeZone("UTC"));
                return format.format(new Date(time));
            };
            case "now/0" -> (row, now) -> now;
            default -> throw new IllegalArgumentException("Unsupported function: " + signature);
        };
    }

    /** Reads arguments up to the closing parenthesis. */
    private static List<Expression> arguments(Tokens tokens) {
        List<Expression> arguments = new ArrayList<>();
        do {
            arguments.add(parse(tokens));
        } while (tokens.take(","));
        tokens.expect(")");
        return arguments;
    }

    /** Compiles a pattern in which {@code *} stands for any text. */
    static Pattern wildcards(String pattern) {
        return Pattern.compile(
                Pattern.quote(pattern).replace("*", "\\E.*\\Q"), Pattern.DOTALL);
    }

    static String text(Object value) {
        return String.valueOf(plain(value));
    }

    /** Returns a whole number without decimals, and any other value unchanged. */
    static Object plain(Object value) {
        return value instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1e15
                ? (Object) number.longValue()
                : value;
    }

    /** @throws IllegalArgumentException if it is not a number */
    static double number(Object value) {
        return value instanceof Number number ? number.doubleValue() : Double.parseDouble(text(value));
    }
}
