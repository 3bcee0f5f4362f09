package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

/**
 * Reads the subset of Terraform's language that this project uses, since Terraform itself needs the providers. Anything
 * else is an error. Variables have their defaults. A "for" expression and an index are known at run time only.
 */
public final class Terraform {

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
    private static final Pattern NAME = Pattern.compile("[a-zA-Z_][\\w-]*");
    private static final Pattern TRAVERSAL = Pattern.compile("[a-zA-Z_][\\w-]*(\\.[a-zA-Z_*][\\w-]*)+");
    private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");
    private static final Pattern HEREDOC = Pattern.compile("<<-(\\w+)\\n(.*?)\\n[ \\t]*\\1(?=\\s)", Pattern.DOTALL);
    private static final Pattern OPERATOR = Pattern.compile("[ \\t]*(==|!=|>=|<=|&&|\\|\\||[<>])");
    private static final Pattern INDEX = Pattern.compile("\\[[^\\]\\n]*](\\.\\w+)*");
    private static final Pattern BLANK = Pattern.compile("(\\s|#[^\\n]*)*");

    private final List<Block> blocks = new ArrayList<>();
    private final List<String> references = new ArrayList<>();

    /** A value that is known at run time only, such as the ID of a resource or a variable without a default. */
    public record Reference(String name) {
        @Override
        public String toString() {
            return "${" + name + "}";
        }
    }

    /** A block with its attributes, in their order, and the blocks in it. */
    public record Block(String type, List<String> labels, Map<String, Supplier<Object>> attributes,
            List<Block> blocks) {

        /**
         * Returns the value of an attribute: a String, a Number, a Boolean, a List, a Map or a {@link Reference};
         * {@code null} if it is missing.
         */
        public Object get(String attribute) {
            return attributes.containsKey(attribute) ? attributes.get(attribute).get() : null;
        }

        public String text(String attribute) {
            return String.valueOf(get(attribute));
        }

        /** Returns the inner blocks of a type. */
        public List<Block> all(String blockType) {
            return blocks.stream().filter(block -> block.type.equals(blockType)).toList();
        }

        /** Returns the first inner block of a type. */
        public Optional<Block> one(String blockType) {
            return all(blockType).stream().findFirst();
        }

        /** Returns this block and its inner blocks at any depth. */
        public Stream<Block> deep() {
            return Stream.concat(Stream.of(this), blocks.stream().flatMap(Block::deep));
        }

        @Override
        public String toString() {
            return type + " " + labels;
        }
    }

    /** Reads all {@code .tf} files of a folder. */
    public static Terraform read(Path folder) throws IOException {
        Terraform terraform = new Terraform();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".tf")).sorted().toList()) {
                terraform.add(Files.readString(file));
            }
        }
        return terraform;
    }

    /** Reads a text as the only file of a folder. */
    public static Terraform of(String text) {
        Terraform terraform = new Terraform();
        terraform.add(text);
        return terraform;
    }

    private void add(String text) {
        Reader reader = new Reader(text);
        blocks.addAll(reader.body().blocks);
        reader.expectEnd();
    }

    /** Returns the top-level blocks. */
    public List<Block> blocks() {
        return blocks;
    }

    /** Returns the top-level blocks of a type. */
    public List<Block> blocks(String type) {
        return blocks.stream().filter(block -> block.type.equals(type)).toList();
    }

    /** Returns the resources of a type, in their order. */
    public List<Block> resources(String type) {
        return blocks("resource").stream().filter(block -> block.labels.get(0).equals(type)).toList();
    }

    /** Returns the names in expressions: variables, locals, resources and their attributes. */
    public List<String> references() {
        return references;
    }

    private Object resolve(String name) {
        String[] words = name.split("\\.");
        if (words[0].equals("var")) {
            return blocks("variable").stream().filter(block -> block.labels.get(0).equals(words[1])).findFirst()
                    .map(block -> block.get("default")).orElse(new Reference(name));
        } else if (words[0].equals("local")) {
            return blocks("locals").stream().filter(block -> block.attributes.containsKey(words[1])).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("Unknown: " + name)).get(words[1]);
        }
        return new Reference(name);
    }

    private static Object call(String function, List<Object> arguments) {
        if (arguments.stream().anyMatch(Reference.class::isInstance)) {
            return new Reference(
                    function + "(" + arguments.stream().map(String::valueOf).collect(Collectors.joining(", "))
                            + ")");
        }
        Object first = arguments.get(0);
        return switch (function) {
            case "jsonencode" -> json(first);
            case "nonsensitive" -> first;
            case "trimspace" -> String.valueOf(first).strip();
            case "sort" -> ((List<?>) first).stream().sorted().toList();
            case "contains" -> ((List<?>) first).contains(arguments.get(1));
            case "urlencode" -> URLEncoder.encode(String.valueOf(first), StandardCharsets.UTF_8);
            case "replace" -> String.valueOf(first).replace(String.valueOf(arguments.get(1)),
                    String.valueOf(arguments.get(2)));
            // type constraints
            case "list", "set", "map" -> function + "(" + first + ")";
            default -> throw new IllegalArgumentException("Unsupported function: " + function);
        };
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&",
                    "\\u0026");
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Object compute(Object left, String operator, Object right) {
        return left instanceof Reference || right instanceof Reference || !operator.matches("[=!]=")
                ? new Reference("(" + left + " " + operator + " " + right + ")")
                : (Object) (Objects.equals(left, right) == operator.equals("=="));
    }

    /** A recursive descent parser. */
    private final class Reader {

        private final String text;
        private int position;

        Reader(String text) {
            this.text = text;
        }

        Block body() {
            Map<String, Supplier<Object>> attributes = new LinkedHashMap<>();
            List<Block> inner = new ArrayList<>();
            while (!isNext("}") && !isAtEnd()) {
                String name = take(NAME);
                if (takes("=")) {
                    if (attributes.put(name, expression()) != null) {
                        throw unexpected(name + " once");
                    }
                } else {
                    List<String> labels = new ArrayList<>();
                    while (isNext("\"")) {
                        labels.add(String.valueOf(string().get()));
                    }
                    expect("{");
                    Block body = body();
                    expect("}");
                    inner.add(new Block(name, labels, body.attributes, body.blocks));
                }
            }
            return new Block("", List.of(), attributes, inner);
        }

        private Supplier<Object> expression() {
            Supplier<Object> condition = operation();
            if (!isInline("?")) {
                return condition;
            }
            expect("?");
            Supplier<Object> yes = expression();
            expect(":");
            Supplier<Object> no = expression();
            return () -> condition.get() instanceof Boolean known
                    ? (known ? yes : no).get()
                    : new Reference("(" + condition.get() + " ? …)");
        }

        /** Reads operands from left to right: without precedence, which only conditions of unknown values need. */
        private Supplier<Object> operation() {
            Supplier<Object> left = operand();
            while (matches(OPERATOR)) {
                Supplier<Object> one = left;
                String operator = take(OPERATOR).strip();
                Supplier<Object> other = operand();
                left = () -> compute(one.get(), operator, other.get());
            }
            return left;
        }

        private Supplier<Object> operand() {
            if (takes("!")) {
                Supplier<Object> negated = operand();
                return () -> compute(negated.get(), "==", false);
            }
            Supplier<Object> value = primary();
            if (!matches(INDEX)) {
                return value;
            }
            String index = take(INDEX);
            return () -> new Reference("(" + value.get() + index + ")");
        }

        /** Reads a "for" expression to its closing bracket. */
        private Supplier<Object> each(char close) {
            int start = position;
            for (int depth = 0; depth > 0 || text.charAt(position) != close; position++) {
                char c = text.charAt(position);
                depth += "([{".indexOf(c) >= 0 ? 1 : ")]}".indexOf(c) >= 0 ? -1 : 0;
                if (c == '"') {
                    position = text.indexOf('"', position + 1);
                }
            }
            String body = text.substring(start, position++);
            Matcher names = TRAVERSAL.matcher(body.replaceAll("\"[^\"]*\"", ""));
            while (names.find()) {
                references.add(names.group());
            }
            return () -> new Reference("(" + body + ")");
        }

        private Supplier<Object> primary() {
            skipBlank();
            if (isNext("\"")) {
                return string();
            } else if (isNext("<<-")) {
                return heredoc();
            } else if (isNext("[")) {
                return list();
            } else if (isNext("{")) {
                return object();
            } else if (matches(NUMBER)) {
                String number = take(NUMBER);
                return () -> number.contains(".") ? (Object) Double.valueOf(number) : Long.valueOf(number);
            } else if (matches(TRAVERSAL)) {
                String name = take(TRAVERSAL);
                references.add(name);
                return () -> resolve(name);
            }
            String word = take(NAME);
            if (takes("(")) {
                List<Supplier<Object>> arguments = new ArrayList<>();
                while (!takes(")")) {
                    arguments.add(expression());
                    takes(",");
                }
                return () -> call(word, arguments.stream().map(Supplier::get).toList());
            }
            return switch (word) {
                case "true", "false" -> () -> Boolean.valueOf(word);
                case "string", "number", "bool" -> () -> word;
                case "null" -> () -> null;
                // an attribute's name, such as of ignore_changes
                default -> () -> new Reference(word);
            };
        }

        private Supplier<Object> list() {
            expect("[");
            if (isNext("for ")) {
                return each(']');
            }
            List<Supplier<Object>> elements = new ArrayList<>();
            while (!takes("]")) {
                elements.add(expression());
                takes(",");
            }
            return () -> elements.stream().map(Supplier::get).toList();
        }

        private Supplier<Object> object() {
            expect("{");
            Map<String, Supplier<Object>> elements = new LinkedHashMap<>();
            while (!takes("}")) {
                String key = isNext("\"") ? String.valueOf(string().get()) : take(NAME);
                expect("=");
                elements.put(key, expression());
                takes(",");
            }
            return () -> {
                Map<String, Object> values = new LinkedHashMap<>();
                elements.forEach((key, value) -> values.put(key, value.get()));
                return values;
            };
        }

        private Supplier<Object> heredoc() {
            Matcher heredoc = HEREDOC.matcher(text).region(position, text.length());
            if (!heredoc.lookingAt()) {
                throw unexpected("a heredoc");
            }
            position = heredoc.end();
            List<String> lines = Arrays.asList(heredoc.group(2).split("\n", -1));
            int indent = lines.stream().filter(line -> !line.isBlank())
                    .mapToInt(line -> line.length() - line.stripLeading().length()).min().orElse(0);
            return template(lines.stream().map(line -> line.substring(Math.min(indent, line.length())) + "\n")
                    .collect(Collectors.joining()));
        }

        private Supplier<Object> string() {
            expect("\"");
            StringBuilder content = new StringBuilder();
            int depth = 0;
            while (text.charAt(position) != '"' || depth > 0) {
                char c = text.charAt(position++);
                if (c == '$' && text.charAt(position) == '{') {
                    depth++;
                } else if (c == '}' && depth > 0) {
                    depth--;
                } else if (c == '\\' && depth == 0) {
                    c = switch (text.charAt(position++)) {
                        case 'n' -> '\n';
                        case '"' -> '"';
                        case '\\' -> '\\';
                        default -> throw unexpected("a supported escape");
                    };
                }
                content.append(c);
            }
            position++;
            return template(content.toString());
        }

        private Supplier<Object> template(String content) {
            List<Supplier<Object>> parts = new ArrayList<>();
            int end = 0;
            for (int start = content.indexOf("${"); start >= 0; start = content.indexOf("${", end)) {
                String literal = content.substring(end, start);
                parts.add(() -> literal);
                Reader inner = new Reader(content.substring(start + 2));
                parts.add(inner.expression());
                inner.expect("}");
                end = start + 2 + inner.position;
            }
            String rest = content.substring(end);
            parts.add(() -> rest);
            return () -> parts.stream().map(Supplier::get).map(String::valueOf).collect(Collectors.joining());
        }

        private void skipBlank() {
            Matcher blank = BLANK.matcher(text).region(position, text.length());
            if (blank.lookingAt()) {
                position = blank.end();
            }
        }

        private boolean isAtEnd() {
            skipBlank();
            return position == text.length();
        }

        private void expectEnd() {
            if (!isAtEnd()) {
                throw unexpected("the end");
            }
        }

        private boolean isNext(String symbol) {
            skipBlank();
            return text.startsWith(symbol, position);
        }

        /** Whether a symbol is next on the same line. */
        private boolean isInline(String symbol) {
            return matches(Pattern.compile("[ \\t]*" + Pattern.quote(symbol)));
        }

        private boolean takes(String symbol) {
            boolean isNext = isNext(symbol);
            position += isNext ? symbol.length() : 0;
            return isNext;
        }

        private void expect(String symbol) {
            if (!takes(symbol)) {
                throw unexpected(symbol);
            }
        }

        private boolean matches(Pattern pattern) {
            return pattern.matcher(text).region(position, text.length()).lookingAt();
        }

        private String take(Pattern pattern) {
            skipBlank();
            Matcher matcher = pattern.matcher(text).region(position, text.length());
            if (!matcher.lookingAt()) {
                throw unexpected(pattern.pattern());
            }
            position = matcher.end();
            return matcher.group();
        }

        private IllegalArgumentException unexpected(String expected) {
            int line = text.substring(0, position).split("\n", -1).length;
            return new IllegalArgumentException("Line " + line + ": expected " + expected + ", found "
                    + text.substring(position, Math.min(text.length(), position + 40)));
        }
    }
}
