package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.ilertsumo.bridge.testing.Terraform.Block;
import io.ilertsumo.bridge.testing.Terraform.Reference;

/**
 * Compares Terraform with the schemas that the providers print, and with {@code limits.yaml}, which has what a schema can't
 * express.
 */
public final class TerraformSchemas {

    private static final Path FOLDER = Path.of("src", "test", "resources", "terraform");
    // JSON is YAML, too
    private static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();
    private static final JsonNode LIMITS = read("limits.yaml");
    /** The schema of a block by kind and name, such as {@code resource sumologic_field}. */
    private static final Map<String, JsonNode> SCHEMAS = schemas();
    private static final Pattern RANGE = Pattern.compile("\\[(\\d+)\\.\\.(\\d+)]");
    /** Terraform's own arguments of a resource. */
    private static final Set<String> META = Set.of("for_each", "count", "depends_on", "lifecycle", "provider");

    private final Terraform terraform;
    private final List<String> misfits = new ArrayList<>();

    private TerraformSchemas(Terraform terraform) {
        this.terraform = terraform;
    }

    /** Returns the kinds of resources and data sources with a schema. */
    public static Set<String> kinds() {
        return SCHEMAS.keySet();
    }

    /** Returns the kinds with a limit. */
    public static List<String> limited() {
        return LIMITS.properties().stream().map(Map.Entry::getKey).filter(kind -> !kind.equals("shared")).toList();
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

    /** Returns the differences from the schemas and limits. */
    public static List<String> misfits(Terraform terraform) {
        TerraformSchemas schemas = new TerraformSchemas(terraform);
        resources(terraform).forEach(block -> {
            String kind = block.type() + " " + block.labels().get(0);
            if (SCHEMAS.containsKey(kind)) {
                schemas.compare(String.join(".", block.labels()), block, SCHEMAS.get(kind), LIMITS.path(kind), true);
            } else {
                schemas.misfits.add(kind + " is unknown");
            }
        });
        terraform.blocks("variable").stream().filter(variable -> variable.attributes().containsKey("default"))
                .filter(variable -> !schemas.isOf(typeOf(variable), variable.get("default")))
                .forEach(variable -> schemas.misfits.add("the variable " + variable.labels().get(0) + " is not a "
                        + typeOf(variable) + ": " + variable.get("default")));
        return schemas.misfits;
    }

    private void compare(String where, Block block, JsonNode schema, JsonNode limits, boolean isResource) {
        List<Block> inner = inner(block).stream().filter(one -> !isResource || !META.contains(one.type())).toList();
        if (limits.has("only") && inner.size() != 1) {
            misfits.add(where + " has " + inner.size() + " of its blocks");
        }
        limits.properties().stream().map(limit -> limit.getKey().replace("!", "")).filter(name -> !name.equals("only"))
                .filter(name -> !schema.path("attributes").has(name) && !schema.path("block_types").has(name))
                .forEach(name -> misfits.add(where + ": the limit of " + name + " is of nothing in the schema"));
        schema.path("attributes").properties().forEach(attribute -> compare(where + ": " + attribute.getKey(),
                block.get(attribute.getKey()), attribute.getValue(),
                limits.path(attribute.getKey()).asText(), isResource && attribute.getKey().equals("id")));
        schema.path("block_types").properties().forEach(type -> {
            String name = type.getKey();
            List<Block> same = inner.stream().filter(one -> one.type().equals(name)).toList();
            int least = limits.has(name + "!") ? 1 : type.getValue().path("min_items").asInt();
            int most = type.getValue().path("max_items").asInt(Integer.MAX_VALUE);
            if (same.size() < least) {
                misfits.add(where + ": " + name + " is missing");
            } else if (same.size() > most) {
                misfits.add(where + ": there are " + same.size() + " of " + name);
            }
            JsonNode limit = limits.path(limits.has(name + "!") ? name + "!" : name);
            same.forEach(one -> compare(where + " " + name, one, type.getValue().path("block"),
                    limit.isTextual() ? LIMITS.required("shared").required(limit.asText()) : limit, false));
        });
        block.attributes().keySet().stream().filter(name -> !schema.path("attributes").has(name))
                .filter(name -> !isResource || !META.contains(name))
                .forEach(name -> misfits.add(where + ": " + name + " is unknown"));
        inner.stream().map(Block::type).filter(name -> !schema.path("block_types").has(name))
                .forEach(name -> misfits.add(where + ": the block " + name + " is unknown"));
    }

    private void compare(String where, Object value, JsonNode attribute, String limit, boolean isId) {
        if (value == null) {
            if (attribute.path("required").asBoolean() || limit.startsWith("!")) {
                misfits.add(where + " is missing");
            }
        } else if (isId || !attribute.has("required") && !attribute.has("optional")) {
            misfits.add(where + " is read-only");
        } else if (attribute.path("deprecated").asBoolean()) {
            misfits.add(where + " is deprecated");
        } else if (!isOf(type(attribute), value)) {
            misfits.add(where + " is not a " + type(attribute) + ": " + value);
        } else if (!allows(limit.replaceFirst("^! *", ""), value)) {
            misfits.add(where + " may not be '" + value + "'");
        }
    }

    private static String type(JsonNode attribute) {
        JsonNode type = attribute.path("type");
        return (type.isArray() ? type.path(0) : type).asText().replace("set", "list");
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
            return reference.matches("(coalesce|replace|urlencode|jsonencode|trimspace)\\(.*") ? "string" : "any";
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
        JsonNode attribute = SCHEMAS.getOrDefault(kind + " " + words.get(0), MissingNode.getInstance())
                .path("attributes").path(words.get(2));
        // a reference to one of several needs its key
        boolean isOne = blocks.stream()
                .anyMatch(block -> block.get("count") == null && !block.attributes().containsKey("for_each"));
        return attribute.isMissingNode() || !isOne ? "" : type(attribute);
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

    private static Map<String, JsonNode> schemas() {
        Map<String, JsonNode> schemas = new TreeMap<>();
        Map<String, String> kinds = Map.of("resource", "resource_schemas", "data", "data_source_schemas");
        for (String file : List.of("sumologic-schema.json", "ilert-schema.json")) {
            for (JsonNode provider : read(file).path("provider_schemas")) {
                kinds.forEach((kind, field) -> provider.path(field).properties()
                        .forEach(line -> schemas.put(kind + " " + line.getKey(), line.getValue().path("block"))));
            }
        }
        return schemas;
    }

    private static JsonNode read(String file) {
        try {
            return YAML.readTree(FOLDER.resolve(file).toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean allows(String limit, Object value) {
        Matcher range = RANGE.matcher(limit);
        if (limit.isEmpty() || value instanceof Reference) {
            return true;
        } else if (value instanceof List<?> list) {
            return list.stream().allMatch(element -> allows(limit, element));
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
