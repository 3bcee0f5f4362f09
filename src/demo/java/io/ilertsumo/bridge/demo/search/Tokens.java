package io.ilertsumo.bridge.demo.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tokens of a query's stage, read once from the first to the last. */
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

    /** @throws IllegalArgumentException if there is something that is not a token */
    Tokens(String source) {
        this.source = source.strip();
        Matcher matcher = TOKEN.matcher(this.source);
        int end = 0;
        while (end < this.source.length()) {
            if (!matcher.find(end) || matcher.start() != end) {
                throw new IllegalArgumentException("Unsupported: " + this.source.substring(end).strip());
            }
            end = matcher.end();
            if (matcher.group("text") != null) {
                // a backslash escapes a quote only: regular expressions need all others
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

    boolean isNext(Kind kind) {
        return !isAtEnd() && tokens.get(next).kind == kind;
    }

    /** Returns whether the next token is that word, in any case. */
    boolean isNext(String word) {
        return !isAtEnd() && tokens.get(next).kind != Kind.TEXT
                && tokens.get(next).value.toLowerCase(Locale.ROOT).equals(word);
    }

    /** Reads the next token if it is that word. */
    boolean take(String word) {
        boolean isNext = isNext(word);
        next += isNext ? 1 : 0;
        return isNext;
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

    /** Reads a list of names, separated by commas. */
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
