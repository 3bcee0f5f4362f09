package io.ilertsumo.bridge.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The words of a query, read from the first to the last. */
final class Tokens {

    private static final Pattern TOKEN = Pattern.compile("\\s*(?:"
            + "\"(?<text>(?:[^\"\\\\]|\\\\.)*)\""
            + "|(?<period>[1-9]\\d{0,3}[hm])\\b"
            + "|(?<number>\\d+)\\b"
            + "|(?<name>[a-zA-Z_]\\w*)"
            + "|(?<symbol>[-*/(),!=>]))");

    enum Kind {
        TEXT, PERIOD, NUMBER, NAME, SYMBOL
    }

    private record Token(Kind kind, String value) {
    }

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int next;

    /** @throws IllegalArgumentException if something is no word of the language */
    Tokens(String source) {
        this.source = source.strip();
        Matcher matcher = TOKEN.matcher(this.source);
        int end = 0;
        while (end < this.source.length()) {
            if (!matcher.find(end) || matcher.start() != end) {
                throw new IllegalArgumentException("Not understood: " + this.source.substring(end).strip());
            }
            end = matcher.end();
            if (matcher.group("text") != null) {
                // a backslash escapes a quote, and is itself elsewhere, as regular expressions need it
                tokens.add(new Token(Kind.TEXT, matcher.group("text").replace("\\\"", "\"")));
            } else if (matcher.group("period") != null) {
                tokens.add(new Token(Kind.PERIOD, matcher.group("period")));
            } else if (matcher.group("number") != null) {
                tokens.add(new Token(Kind.NUMBER, matcher.group("number")));
            } else if (matcher.group("name") != null) {
                tokens.add(new Token(Kind.NAME, matcher.group("name")));
            } else {
                tokens.add(new Token(Kind.SYMBOL, matcher.group("symbol")));
            }
        }
    }

    private boolean isAtEnd() {
        return next == tokens.size();
    }

    /** Whether a word of that kind comes next. */
    boolean isNext(Kind kind) {
        return !isAtEnd() && tokens.get(next).kind == kind;
    }

    /** Takes the next word if it is that one, in any case. */
    boolean take(String word) {
        if (!isAtEnd() && tokens.get(next).kind != Kind.TEXT
                && tokens.get(next).value.toLowerCase(Locale.ROOT).equals(word)) {
            next++;
            return true;
        }
        return false;
    }

    void expect(String word) {
        if (!take(word)) {
            throw unexpected(word);
        }
    }

    String expect(Kind kind) {
        if (!isNext(kind)) {
            throw unexpected("a " + kind.name().toLowerCase(Locale.ROOT));
        }
        return tokens.get(next++).value;
    }

    /** The names in a list, separated by commas. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        do {
            names.add(expect(Kind.NAME));
        } while (take(","));
        return names;
    }

    void expectEnd() {
        if (!isAtEnd()) {
            throw unexpected("the end");
        }
    }

    private IllegalArgumentException unexpected(String expected) {
        return new IllegalArgumentException("Expected " + expected + ", found "
                + (isAtEnd() ? "the end" : tokens.get(next).value) + ": " + source);
    }
}
