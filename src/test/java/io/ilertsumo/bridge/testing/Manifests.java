package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assumptions;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.deser.BeanDeserializerBuilder;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.LogicalType;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.ilertsumo.bridge.testing.CustomResources.ExternalSecret;
import io.ilertsumo.bridge.testing.CustomResources.HttpRoute;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;

/** The output of {@code kubectl kustomize}, validated by {@link Schemas} and by Java models without unknown fields. */
public final class Manifests {

    /** The content of {@code secrets.env}. */
    public static final Map<String, String> SECRETS = Map.of(
            "SUMOLOGIC_URL", "https://collectors.example.com/receiver/v1/http/" + SumoLogic.TOKEN,
            "ILERT_WEBHOOK_PASSWORD", SumoLogicResource.PASSWORD);

    private static final Map<String, Class<? extends HasMetadata>> KINDS = Stream.<Class<? extends HasMetadata>>of(
            ConfigMap.class, Deployment.class, ExternalSecret.class, HttpRoute.class, Ingress.class, KafkaTopic.class,
            KafkaUser.class, NetworkPolicy.class, PersistentVolumeClaim.class, PodDisruptionBudget.class,
            PrometheusRule.class, Keda.ScaledObject.class, Secret.class, Service.class, ServiceAccount.class,
            ServiceMonitor.class, StatefulSet.class,
            Keda.TriggerAuthentication.class)
            .collect(Collectors.toMap(kind -> HasMetadata.getApiVersion(kind) + " " + HasMetadata.getKind(kind),
                    Function.identity()));

    private static final YAMLMapper YAML = strict();

    private static final Pattern COMPONENT = Pattern.compile("(?m)^  (?:# )?(- ../../components/(\\S+))$");

    private final List<JsonNode> documents;
    private final List<HasMetadata> resources;

    private Manifests(List<JsonNode> documents) {
        this.documents = documents;
        resources = documents.stream().map(Manifests::read).toList();
    }

    /** Rejects unknown fields, which the models would otherwise collect in a map. */
    private static YAMLMapper strict() {
        YAMLMapper mapper = YAMLMapper.builder().disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .addModule(new SimpleModule().setDeserializerModifier(new BeanDeserializerModifier() {

                    private static final long serialVersionUID = 1L;

                    @Override
                    public BeanDeserializerBuilder updateBuilder(DeserializationConfig config,
                            BeanDescription description,
                            BeanDeserializerBuilder builder) {
                        builder.setAnySetter(null);
                        return builder;
                    }
                })).build();
        for (CoercionInputShape shape : List.of(CoercionInputShape.Integer, CoercionInputShape.Float,
                CoercionInputShape.Boolean)) {
            mapper.coercionConfigFor(LogicalType.Textual).setCoercion(shape, CoercionAction.Fail);
        }
        return mapper;
    }

    /** Renders a folder of {@code k8s}. Skips the test without kubectl. */
    public static Manifests of(String folder) {
        return of(Path.of("").toAbsolutePath(), folder);
    }

    /** Renders a folder of {@code k8s} in a copy of the repository, such as {@link #checkout()}. */
    public static Manifests of(Path checkout, String folder) {
        try {
            Path output = Files.createTempFile(Path.of("target"), "manifests-", ".yaml");
            Path errors = Files.createTempFile(Path.of("target"), "manifests-", ".err");
            Process kubectl = tool("kubectl", "kustomize", checkout.resolve("k8s").resolve(folder).toString())
                    .redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
            if (kubectl.waitFor() != 0) {
                throw new AssertionError("kubectl kustomize k8s/" + folder + ": " + Files.readString(errors));
            }
            return new Manifests(YAML.readerFor(JsonNode.class).<JsonNode>readValues(output.toFile()).readAll());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Prepares a command of the machine. Skips the test if it is missing. */
    public static ProcessBuilder tool(String... command) {
        boolean isThere = Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, command[0])));
        Assumptions.assumeTrue(isThere, "The command " + command[0] + " is missing");
        return new ProcessBuilder(command);
    }

    /** Copies the manifests and routes, with a {@code secrets.env}, to be edited. */
    public static Path checkout() {
        Path checkout = SumoLogicResource.newDirectory("checkout");
        try {
            for (String folder : List.of("k8s", "routes")) {
                try (Stream<Path> files = Files.walk(Path.of(folder))) {
                    for (Path file : (Iterable<Path>) files::iterator) {
                        // not the secrets of a developer
                        if (Files.isRegularFile(file) && !file.endsWith("secrets.env")) {
                            Path copy = checkout.resolve(file);
                            Files.createDirectories(copy.getParent());
                            Files.copy(file, copy);
                        }
                    }
                }
            }
            Files.write(checkout.resolve("k8s/components/secret-file/secrets.env"),
                    SECRETS.entrySet().stream().map(secret -> secret.getKey() + "=" + secret.getValue()).toList());
            return checkout;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Copies the manifests as {@link #checkout()} does, with other components in the overlays production and kafka. */
    public static Path checkout(String... components) {
        Path checkout = checkout();
        Set<String> chosen = Set.of(components);
        try {
            for (String overlay : List.of("production", "kafka")) {
                Path file = checkout.resolve("k8s/overlays/" + overlay + "/kustomization.yaml");
                Files.writeString(file, COMPONENT.matcher(Files.readString(file)).replaceAll(line -> chosen
                        .contains(line.group(2)) || line.group(2).equals("labels")
                                ? "  " + line.group(1)
                                : "  # " + line.group(1)));
            }
            return checkout;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads a document into the type of its kind.
     *
     * @throws IllegalArgumentException if a field of it, at any depth, is unknown or wrong
     */
    public static HasMetadata read(JsonNode document) {
        String kind = document.path("apiVersion").asText() + " " + document.path("kind").asText();
        Class<? extends HasMetadata> type = KINDS.get(kind);
        if (type == null) {
            throw new IllegalArgumentException("Unknown kind: " + kind);
        }
        Set<String> errors = Schemas.validate(document);
        if (!errors.isEmpty()) {
            throw new IllegalArgumentException(kind + ": " + errors);
        }
        try {
            return YAML.readerFor(type).readValue(document);
        } catch (IOException e) {
            throw new IllegalArgumentException(kind + ": " + e.getMessage(), e);
        }
    }

    /** Returns the rendered documents. */
    public List<JsonNode> documents() {
        return documents;
    }

    public List<HasMetadata> all() {
        return resources;
    }

    public <T extends HasMetadata> List<T> all(Class<T> kind) {
        return resources.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** Returns the only object of its kind. */
    public <T extends HasMetadata> T only(Class<T> kind) {
        List<T> found = all(kind);
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " of the kind " + kind.getSimpleName());
        }
        return found.get(0);
    }

    public <T extends HasMetadata> T named(Class<T> kind, String name) {
        return all(kind).stream().filter(one -> one.getMetadata().getName().equals(name)).findFirst()
                .orElseThrow(() -> new AssertionError("There is no " + kind.getSimpleName() + " " + name));
    }

    public StatefulSet statefulSet() {
        return only(StatefulSet.class);
    }

    /** Returns the StatefulSet or Deployment. */
    public HasMetadata workload() {
        return all(StatefulSet.class).isEmpty() ? only(Deployment.class) : statefulSet();
    }

    /** Returns the workload's pod. */
    public PodTemplateSpec pod() {
        return workload() instanceof Deployment deployment
                ? deployment.getSpec().getTemplate()
                : statefulSet().getSpec().getTemplate();
    }

    public Container container() {
        List<Container> containers = pod().getSpec().getContainers();
        if (containers.size() != 1) {
            throw new AssertionError(containers.size() + " containers");
        }
        return containers.get(0);
    }

    /** Returns the container's environment variables. */
    public Map<String, String> environment() {
        Map<String, String> environment = new TreeMap<>();
        container().getEnvFrom().forEach(from -> environment
                .putAll(named(ConfigMap.class, from.getConfigMapRef().getName()).getData()));
        container().getEnv().forEach(variable -> environment.put(variable.getName(), plain(variable)));
        return environment;
    }

    private static String plain(EnvVar variable) {
        if (variable.getValue() == null) {
            throw new AssertionError("Not a plain value: " + variable);
        }
        return variable.getValue();
    }

    public Volume volume(String name) {
        return pod().getSpec().getVolumes().stream()
                .filter(volume -> volume.getName().equals(name)).findFirst()
                .orElseThrow(() -> new AssertionError("There is no volume " + name));
    }

    /** Returns the files of a volume that is a ConfigMap, by name. */
    public Map<String, String> files(Volume volume) {
        if (!volume.getConfigMap().getItems().isEmpty()) {
            throw new AssertionError("Not all keys: " + volume);
        }
        return new TreeMap<>(named(ConfigMap.class, volume.getConfigMap().getName()).getData());
    }

    /**
     * Writes files to an empty directory as the kubelet mounts a ConfigMap: into a directory with a time stamp, with a symbolic
     * link {@code ..data} to it, and one for each file.
     */
    public static Path mount(Map<String, String> files, Path directory) {
        try {
            Path data = Files.createDirectory(directory.resolve("..2026_01_31_12_00_00.123456789"));
            for (Map.Entry<String, String> file : files.entrySet()) {
                Path path = data.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.writeString(path, file.getValue());
            }
            Files.createSymbolicLink(directory.resolve("..data"), data.getFileName());
            for (String top : files.keySet().stream().map(path -> path.split("/")[0]).distinct().toList()) {
                Files.createSymbolicLink(directory.resolve(top), Path.of("..data", top));
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
