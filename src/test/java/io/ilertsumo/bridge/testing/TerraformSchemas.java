package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.ilertsumo.bridge.testing.Terraform.Block;
import io.ilertsumo.bridge.testing.Terraform.Reference;

/** Compares Terraform with the providers' schemas in {@code terraform-schemas.yaml}. */
public final class TerraformSchemas {

    private static final JsonNode SCHEMAS = schemas();
    /** Terraform's own arguments of a resource. */
    private static final Set<String> META = Set.of("for_each", "count", "depends_on", "lifecycle", "provider");

    private final Terraform terraform;
    private final List<String> misfits = new ArrayList<>();

    private TerraformSchemas(Terraform terraform) {
        this.terraform = terraform;
    }

    /** Returns the kinds of resources and data sources with a schema. */
    public static Set<String> kinds() {
        Set<String> kinds = new TreeSet<>();
        SCHEMAS.fieldNames().forEachRemaining(kinds::add);
        kinds.remove("shared");
        return kinds;
    }

    /** Returns all resources and data sources. */
    public static Stream<Block> resources(Terraform terraform) {
        return Stream.concat(terraform.blocks("resource").stream(), terraform.blocks("data").stream());
    }

    /** Returns the references that cannot be resolved. */
    public static List<String> dangling(Terraform terraform) {
        TerraformSchemas schemas = new TerraformSchemas(terraform);
        return terraform.references().stream().distinct().filter(name -> schemas.typeOf(name).isEmpty())
                .map(name -> name + " cannot be resolved").toList();
    }

    /** Returns the differences from the schemas. */
    public static List<String> misfits(Terraform terraform) {
        TerraformSchemas schemas = new TerraformSchemas(terraform);
        resources(terraform).forEach(block -> {
            String kind = block.type() + " " + block.labels().get(0);
            if (kinds().contains(kind)) {
                schemas.compare(String.join(".", block.labels()), block, SCHEMAS.get(kind));
            } else {
                schemas.misfits.add(kind + " is unknown");
            }
        });
        terraform.blocks("variable").stream().filter(variable -> variable.attributes().containsKey("default"))
                .forEach(variable -> schemas.compare("the variable " + variable.labels().get(0),
                        variable.get("default"), new Attribute(typeOf(variable), "", "")));
        return schemas.misfits;
    }

    private void compare(String where, Block block, JsonNode schema) {
        List<Block> inner = inner(block);
        Set<String> attributes = new HashSet<>(META);
        Set<String> blocks = new HashSet<>(META);
        schema.properties().forEach(line -> {
            String key = line.getKey();
            String name = key.replaceAll("[?!*+]$", "");
            if (key.equals("only")) {
                if (inner.size() != 1) {
                    misfits.add(where + " has " + inner.size() + " of its blocks");
                }
            } else if (key.equals(name)) {
                attributes.add(name);
                compare(where + ": " + name, block.get(name), Attribute.of(line.getValue().asText()));
            } else {
                blocks.add(name);
                List<Block> same = inner.stream().filter(one -> one.type().equals(name)).toList();
                if (same.isEmpty() && key.matches(".*[!+]")) {
                    misfits.add(where + ": " + name + " is missing");
                } else if (same.size() > 1 && key.matches(".*[?!]")) {
                    misfits.add(where + ": there are " + same.size() + " of " + name);
                }
                same.forEach(one -> compare(where + " " + name, one, shared(line.getValue())));
            }
        });
        block.attributes().keySet().stream().filter(name -> !attributes.contains(name))
                .forEach(name -> misfits.add(where + ": " + name + " is unknown"));
        inner.stream().map(Block::type).filter(name -> !blocks.contains(name))
                .forEach(name -> misfits.add(where + ": the block " + name + " is unknown"));
    }

    private void compare(String where, Object value, Attribute attribute) {
        if (value == null) {
            if (attribute.mark.equals("!")) {
                misfits.add(where + " is missing");
            }
        } else if (attribute.mark.equals("=")) {
            misfits.add(where + " is read-only");
        } else if (!isOf(attribute.type, value)) {
            misfits.add(where + " is not a " + attribute.type + ": " + value);
        } else if (!attribute.allows(value)) {
            misfits.add(where + " may not be '" + value + "'");
        }
    }

    private boolean isOf(String type, Object value) {
        if (value instanceof Reference reference) {
            String known = typeOf(reference.name());
            // Terraform converts a string, such as an ID, to a number
            return known.equals("any") || known.equals(type) || known.equals("string") && type.equals("number");
        }
        return switch (type) {
            case "string" -> value instanceof String;
            case "number" -> value instanceof Number;
            case "bool" -> value instanceof Boolean;
            case "list" -> value instanceof List<?> list && list.stream().allMatch(element -> isOf("string", element));
            case "map" -> value instanceof Map<?, ?> map
                    && map.values().stream().allMatch(element -> isOf("string", element));
            default -> false;
        };
    }

    /** Returns the type of a reference, "any" if it is unknown; "" if the reference cannot be resolved. */
    private String typeOf(String reference) {
        String[] words = reference.split("\\.");
        if (reference.contains("(")) {
            return reference.matches("(coalesce|replace|urlencode|jsonencode)\\(.*") ? "string" : "any";
        } else if (words[0].equals("var")) {
            return terraform.blocks("variable").stream().filter(block -> block.labels().contains(words[1])).findFirst()
                    .map(TerraformSchemas::typeOf).orElse("");
        } else if (words[0].equals("local")) {
            return any(terraform.blocks("locals").stream()
                    .anyMatch(block -> block.attributes().containsKey(words[1])));
        } else if (reference.matches("\\w+\\.(key|value)\\b.*")) {
            return any(terraform.blocks().stream().flatMap(Block::deep)
                    .anyMatch(block -> words[0].equals("each")
                            ? block.attributes().containsKey("for_each")
                            : block.type().equals("dynamic") && block.labels().contains(words[0])));
        }
        boolean isData = words[0].equals("data");
        return typeOf(isData ? "data" : "resource", List.of(words).subList(isData ? 1 : 0, words.length));
    }

    private String typeOf(String kind, List<String> words) {
        List<Block> blocks = terraform.blocks(kind).stream()
                .filter(block -> words.size() > 1 && block.labels().equals(words.subList(0, 2))).toList();
        if (words.size() <= 2) {
            return any(!blocks.isEmpty());
        }
        String line = SCHEMAS.path(kind + " " + words.get(0)).path(words.get(2)).asText();
        // a reference to one of several needs its key
        boolean isOne = blocks.stream()
                .anyMatch(block -> block.get("count") == null && !block.attributes().containsKey("for_each"));
        return line.isEmpty() || !isOne ? "" : Attribute.of(line).type;
    }

    private static String any(boolean isThere) {
        return isThere ? "any" : "";
    }

    private static String typeOf(Block variable) {
        return variable.text("type").replaceAll("\\(.*", "").replace("set", "list");
    }

    /** Returns the inner blocks; a dynamic block counts as one block of its content. */
    private static List<Block> inner(Block block) {
        return block.blocks().stream().map(one -> {
            if (!one.type().equals("dynamic")) {
                return one;
            }
            Block content = one.one("content").orElseThrow();
            return new Block(one.labels().get(0), List.of(), content.attributes(), content.blocks());
        }).toList();
    }

    private static JsonNode schemas() {
        try {
            return YAMLMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build()
                    .readTree(Path.of("src", "test", "resources", "terraform-schemas.yaml").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode shared(JsonNode schema) {
        return schema.isTextual() ? SCHEMAS.required("shared").required(schema.asText()) : schema;
    }

    /** An attribute in a schema. */
    private record Attribute(String type, String mark, String limit) {

        private static final Pattern LINE = Pattern
                .compile("(string|number|bool|list|map)([!=]?)(?: (\\[.+]|/.+/))?");
        private static final Pattern RANGE = Pattern.compile("\\[(\\d+)\\.\\.(\\d+)]");

        static Attribute of(String line) {
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("Not an attribute: " + line);
            }
            return new Attribute(matcher.group(1), matcher.group(2), matcher.group(3) == null ? "" : matcher.group(3));
        }

        boolean allows(Object value) {
            Matcher range = RANGE.matcher(limit);
            if (limit.isEmpty() || value instanceof Reference) {
                return true;
            } else if (value instanceof List<?> list) {
                return list.stream().allMatch(this::allows);
            } else if (range.matches()) {
                long size = value instanceof Number number ? number.longValue() : String.valueOf(value).length();
                return size >= Long.parseLong(range.group(1)) && size <= Long.parseLong(range.group(2));
            }
            String inner = limit.substring(1, limit.length() - 1);
            return limit.startsWith("/")
                    ? String.valueOf(value).matches(inner)
                    : List.of(inner.split(", ")).contains(String.valueOf(value));
        }
    }
}
