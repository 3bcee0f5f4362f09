package io.ilertsumo.bridge.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.kafka.clients.admin.AdminClientConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressServiceBackend;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.Rule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.ilertsumo.bridge.testing.CustomResources.ExternalSecret;
import io.ilertsumo.bridge.testing.CustomResources.HttpRoute;
import io.ilertsumo.bridge.testing.Keda.TriggerAuthentication;
import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.Schemas;

/** Tests that the Kubernetes manifests are valid, and that they fit the program. */
class KubernetesTest {

    private static final Path SETTINGS = Path.of("docs", "settings.md");
    private static final Path PROPERTIES = Path.of("src", "main", "resources", "application.properties");
    private static final Path EXAMPLE = Path.of("k8s", "components", "secret-file", "secrets.env.example");
    /** Fields with arbitrary keys. */
    private static final Set<String> FREE = Set.of("annotations", "config", "data", "labels", "limits", "matchLabels",
            "requests", "selector");

    /** The overlays with different components. */
    enum Variant {
        BASE("base"), DEV("overlays/dev"), PRODUCTION("overlays/production", "secret-file", "ingress",
                "monitoring"), PRODUCTION_ON_THE_JVM("overlays/production", "secret-file", "ingress",
                        "jvm"), PRODUCTION_BEHIND_A_GATEWAY("overlays/production", "external-secret", "gateway"), KAFKA(
                                "overlays/kafka", "secret-file", "ingress", "monitoring",
                                "keda"), KAFKA_ON_THE_JVM("overlays/kafka", "external-secret", "gateway", "jvm");

        private static final Map<Variant, Manifests> MADE = new EnumMap<>(Variant.class);

        private final String folder;
        private final List<String> components;

        Variant(String folder, String... components) {
            this.folder = folder;
            this.components = List.of(components);
        }

        Manifests manifests() {
            return MADE.computeIfAbsent(this, one -> Manifests.of(checkout(), folder));
        }

        Path checkout() {
            return Manifests.checkout(components.toArray(String[]::new));
        }

        boolean has(String component) {
            return components.contains(component);
        }

        boolean hasKafka() {
            return name().startsWith("KAFKA");
        }
    }

    // --- validity

    @ParameterizedTest
    @EnumSource
    void documentsAreValidAndUnique(Variant variant) {
        List<HasMetadata> all = variant.manifests().all();

        assertTrue(all.size() >= 7, "documents");
        Set<String> names = new TreeSet<>();
        all.forEach(one -> assertTrue(names.add(one.getKind() + " " + one.getMetadata().getName()), "duplicate"));
    }

    @ParameterizedTest
    @EnumSource
    void misspeltFieldIsFound(Variant variant) {
        for (JsonNode document : variant.manifests().documents()) {
            JsonNode copy = document.deepCopy();
            List<ObjectNode> objects = new ArrayList<>();
            collect(copy, objects);
            for (ObjectNode object : objects) {
                object.put("misspelt", "x");
                Exception found = assertThrows(IllegalArgumentException.class, () -> Manifests.read(copy),
                        object::toString);
                assertTrue(found.getMessage().contains("misspelt"), found::getMessage);
                object.remove("misspelt");
            }
            Manifests.read(copy);
        }
    }

    private static void collect(JsonNode node, List<ObjectNode> objects) {
        if (node instanceof ObjectNode object) {
            objects.add(object);
            object.properties().stream()
                    .filter(field -> !FREE.contains(field.getKey()) || field.getValue().has("matchLabels"))
                    .forEach(field -> collect(field.getValue(), objects));
        } else {
            node.forEach(element -> collect(element, objects));
        }
    }

    /** Each edit is of another definition: a wrong type, value or format, or a field that is missing. */
    @ParameterizedTest
    @CsvSource({
            "PRODUCTION,StatefulSet,/spec/replicas,'\"1\"'",
            "PRODUCTION,StatefulSet,/spec/template/spec/containers/0/env/0/value,15",
            "PRODUCTION,StatefulSet,/spec/template/spec/containers/0/name,",
            "PRODUCTION,Service,/spec/ports/0/port,'\"http\"'",
            "PRODUCTION,Ingress,/spec/rules/0/http/paths/0/pathType,",
            "PRODUCTION,NetworkPolicy,/spec/policyTypes,'\"Egress\"'",
            "PRODUCTION,PodDisruptionBudget,/spec/maxUnavailable,[]",
            "PRODUCTION,PrometheusRule,/spec/groups/0/rules/0/expr,",
            "PRODUCTION,PrometheusRule,/spec/groups/0/rules/0/for,'\"3 minutes\"'",
            "PRODUCTION,ServiceMonitor,/spec/endpoints/0/interval,'\"30\"'",
            "PRODUCTION,ServiceMonitor,/spec/endpoints/0/relabelings/0/action,'\"rename\"'",
            "PRODUCTION_BEHIND_A_GATEWAY,HTTPRoute,/spec/rules/0/matches/0/path/type,'\"Equal\"'",
            "PRODUCTION_BEHIND_A_GATEWAY,HTTPRoute,/spec/rules/0/backendRefs/0/port,0",
            "PRODUCTION_BEHIND_A_GATEWAY,ExternalSecret,/spec/target/creationPolicy,'\"Owned\"'",
            "KAFKA,Deployment,/spec/strategy/rollingUpdate/maxSurge,true",
            "KAFKA,ScaledObject,/spec/triggers,",
            "KAFKA,TriggerAuthentication,/spec/secretTargetRef/0/key," })
    void wrongOrMissingValueIsFound(Variant variant, String kind, String at, String value) throws IOException {
        JsonNode document = variant.manifests().documents().stream()
                .filter(one -> kind.equals(one.path("kind").asText())).findFirst().orElseThrow().deepCopy();
        JsonPointer pointer = JsonPointer.compile(at);
        ObjectNode parent = (ObjectNode) document.at(pointer.head());
        String field = pointer.last().getMatchingProperty();
        if (value == null) {
            assertNotNull(parent.remove(field));
        } else {
            parent.set(field, new ObjectMapper().readTree(value));
        }

        assertFalse(Schemas.validate(document).isEmpty());
    }

    @ParameterizedTest
    @EnumSource
    void referencedObjectsExist(Variant variant) {
        Manifests manifests = variant.manifests();
        PodSpec pod = pod(manifests);

        manifests.named(ServiceAccount.class, pod.getServiceAccountName());
        assertFalse(manifests.environment().isEmpty(), "settings");
        assertFalse(manifests.files(manifests.volume("routes")).isEmpty(), "files");
        Volume secrets = manifests.volume("secrets");
        String secret = variant.hasKafka()
                ? secrets.getProjected().getSources().get(0).getSecret().getName()
                : secrets.getSecret().getSecretName();
        if (variant.has("secret-file")) {
            manifests.named(Secret.class, secret);
        } else if (variant.has("external-secret")) {
            assertEquals(secret, manifests.only(ExternalSecret.class).getMetadata().getName());
        } else {
            assertEquals(variant == Variant.DEV ? true : null, secrets.getSecret().getOptional());
        }
        if (manifests.workload() instanceof StatefulSet statefulSet) {
            Service headless = manifests.named(Service.class, statefulSet.getSpec().getServiceName());
            assertEquals("None", headless.getSpec().getClusterIP());
        }
        Set<String> namespaces = manifests.all().stream().map(one -> String.valueOf(one.getMetadata().getNamespace()))
                .collect(Collectors.toSet());
        assertEquals(1, namespaces.size(), namespaces::toString);
    }

    /** Deleting an overlay must not delete the volumes, which a namespace contains, or Kafka's topics. */
    @ParameterizedTest
    @EnumSource
    void nothingIsRenderedWhoseDeletionLosesEvents(Variant variant) {
        for (JsonNode document : variant.manifests().documents()) {
            assertFalse(Set.of("Namespace", "PersistentVolumeClaim", "KafkaTopic")
                    .contains(document.path("kind").asText()), document::toString);
        }
    }

    @ParameterizedTest
    @EnumSource(names = { "BASE", "PRODUCTION_ON_THE_JVM" })
    void noOperatorIsRequired(Variant variant) {
        for (JsonNode document : variant.manifests().documents()) {
            assertTrue(document.path("apiVersion").asText().matches("v1|(apps|policy|networking\\.k8s\\.io)/v1"),
                    document::toString);
        }
    }

    @ParameterizedTest
    @EnumSource
    void selectorsMatchThePodByNameAndInstance(Variant variant) {
        Manifests manifests = variant.manifests();
        Map<String, String> pod = manifests.pod().getMetadata().getLabels();

        for (Map<String, String> selector : selectors(manifests)) {
            assertEquals(Set.of("app.kubernetes.io/name", "app.kubernetes.io/instance"), selector.keySet());
            assertTrue(pod.entrySet().containsAll(selector.entrySet()), selector::toString);
        }
    }

    static List<Map<String, String>> selectors(Manifests manifests) {
        List<Map<String, String>> selectors = new ArrayList<>();
        selectors.add(manifests.workload() instanceof Deployment deployment
                ? deployment.getSpec().getSelector().getMatchLabels()
                : manifests.statefulSet().getSpec().getSelector().getMatchLabels());
        manifests.all(Service.class).forEach(service -> selectors.add(service.getSpec().getSelector()));
        selectors.add(manifests.only(PodDisruptionBudget.class).getSpec().getSelector().getMatchLabels());
        selectors.add(manifests.only(NetworkPolicy.class).getSpec().getPodSelector().getMatchLabels());
        pod(manifests).getTopologySpreadConstraints()
                .forEach(spread -> selectors.add(spread.getLabelSelector().getMatchLabels()));
        if (pod(manifests).getAffinity() != null) {
            pod(manifests).getAffinity().getPodAntiAffinity().getRequiredDuringSchedulingIgnoredDuringExecution()
                    .forEach(term -> selectors.add(term.getLabelSelector().getMatchLabels()));
        }
        return selectors;
    }

    @ParameterizedTest
    @EnumSource
    void resourcesHaveTheRecommendedLabels(Variant variant) {
        Manifests manifests = variant.manifests();
        Map<String, String> expected = new TreeMap<>();
        for (String name : List.of("name", "instance", "part-of")) {
            expected.put("app.kubernetes.io/" + name, "ilert-sumologic-bridge");
        }
        Map<String, String> ofVolumes = new TreeMap<>(expected);
        ofVolumes.remove("app.kubernetes.io/part-of");
        expected.put("app.kubernetes.io/version", version());
        expected.put("app.kubernetes.io/managed-by", "kustomize");

        manifests.all().forEach(one -> assertTrue(
                one.getMetadata().getLabels().entrySet().containsAll(expected.entrySet()), one::toString));
        assertEquals(expected, manifests.pod().getMetadata().getLabels());
        if (!variant.hasKafka()) {
            // an upgrade can't change them
            assertEquals(ofVolumes, manifests.statefulSet().getSpec().getVolumeClaimTemplates().get(0).getMetadata()
                    .getLabels());
        }
    }

    /** Server-side apply cannot merge ports without a protocol. */
    @ParameterizedTest
    @EnumSource
    void portsHaveAProtocol(Variant variant) {
        for (JsonNode document : variant.manifests().documents()) {
            for (JsonNode ports : document.findValues("ports")) {
                for (JsonNode port : ports) {
                    assertTrue(port.path("protocol").asText().matches("TCP|UDP"), document::toString);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void portsAreTheProgramsPorts(Variant variant) {
        Manifests manifests = variant.manifests();
        Container container = manifests.container();
        Map<String, Integer> ports = container.getPorts().stream()
                .collect(Collectors.toMap(ContainerPort::getName, ContainerPort::getContainerPort));

        assertEquals(Map.of("http", Integer.valueOf(standard("quarkus.http.port")), "management",
                Integer.valueOf(standard("quarkus.management.port"))), ports);
        assertFalse(manifests.environment().keySet().stream().anyMatch(name -> name.endsWith("_PORT")));
        Set<String> served = new TreeSet<>();
        for (Service service : manifests.all(Service.class)) {
            for (ServicePort port : service.getSpec().getPorts()) {
                assertEquals(port.getName(), port.getTargetPort().getStrVal());
                assertEquals(ports.get(port.getName()), port.getPort());
                served.add(service.getMetadata().getName() + " " + port.getName());
            }
        }
        String service = manifests.workload().getMetadata().getName();
        // the Service of the webhook does not expose the dead letters
        assertEquals(Set.of(service + " http", service + "-pods management"), served);
        for (var probe : List.of(container.getStartupProbe(), container.getLivenessProbe(),
                container.getReadinessProbe())) {
            assertEquals("management", probe.getHttpGet().getPort().getStrVal());
        }
        Set<String> open = manifests.only(NetworkPolicy.class).getSpec().getIngress().stream()
                .flatMap(rule -> rule.getPorts().stream()).map(NetworkPolicyPort::getPort).map(IntOrString::getStrVal)
                .collect(Collectors.toSet());
        assertEquals(ports.keySet(), open);
    }

    // --- the pod

    @ParameterizedTest
    @EnumSource
    void imageHasVersionOfTheProject(Variant variant) {
        assertEquals(switch (variant) {
            case BASE -> "ilert-sumologic-bridge:" + version();
            case DEV -> "ilert-sumologic-bridge:" + version() + "-demo";
            default -> "registry.example.com/ilert-sumologic-bridge:" + version() + (variant.has("jvm") ? "-jvm" : "");
        }, variant.manifests().container().getImage());
    }

    private static String version() {
        return first("<artifactId>ilert-sumologic-bridge</artifactId>\\s*<version>([^<]+)", Path.of("pom.xml"));
    }

    @ParameterizedTest
    @EnumSource
    void heapIsHalfOfTheMemoryLimit(Variant variant) {
        Manifests manifests = variant.manifests();
        Container container = manifests.container();
        String native_ = String.join(" ", container.getArgs());

        if (variant != Variant.DEV && !variant.has("jvm")) {
            assertEquals("-XX:MaximumHeapSizePercent=50 -XX:+ExitOnOutOfMemoryError", native_);
        } else {
            // set by its image
            assertEquals("", native_);
            assertTrue(first("(?m)^ENTRYPOINT (.*)", Path.of("src", "main", "docker", "Dockerfile.jvm"))
                    .contains("\"-XX:MaxRAMPercentage=50\", \"-XX:+ExitOnOutOfMemoryError\""));
        }
        Map<String, Quantity> limits = container.getResources().getLimits();
        Map<String, Quantity> requests = container.getResources().getRequests();
        assertEquals(Set.of("memory"), limits.keySet());
        assertEquals(Set.of("cpu", "memory"), requests.keySet());
        assertTrue(bytes(requests.get("memory")) <= bytes(limits.get("memory")));
    }

    @ParameterizedTest
    @EnumSource
    void podConformsToRestrictedPodSecurity(Variant variant) {
        Manifests manifests = variant.manifests();
        PodSpec pod = pod(manifests);
        PodSecurityContext all = pod.getSecurityContext();
        SecurityContext container = manifests.container().getSecurityContext();

        assertEquals(true, all.getRunAsNonRoot());
        assertEquals(1001, all.getRunAsUser());
        assertEquals("RuntimeDefault", all.getSeccompProfile().getType());
        assertEquals(false, container.getAllowPrivilegeEscalation());
        assertEquals(true, container.getReadOnlyRootFilesystem());
        assertEquals(List.of("ALL"), container.getCapabilities().getDrop());
        assertEquals(List.of(), container.getCapabilities().getAdd());
        assertTrue(container.getPrivileged() == null && container.getRunAsUser() == null
                && container.getRunAsNonRoot() == null && container.getSeccompProfile() == null, "nothing weaker");
        assertTrue(pod.getHostNetwork() == null && pod.getHostPID() == null && pod.getHostIPC() == null);
        assertEquals(List.of(), pod.getInitContainers());
        assertTrue(manifests.container().getPorts().stream().allMatch(port -> port.getHostPort() == null));
        for (Volume volume : pod.getVolumes()) {
            assertTrue(volume.getConfigMap() != null || volume.getProjected() != null || volume.getSecret() != null,
                    volume::toString);
        }
        assertEquals(false, pod.getAutomountServiceAccountToken());
        assertEquals(false, manifests.only(ServiceAccount.class).getAutomountServiceAccountToken());
        // the user owns the files of the volumes
        assertEquals(1001, all.getFsGroup());
    }

    @ParameterizedTest
    @EnumSource
    void gracePeriodIsLongerThanShutdown(Variant variant) {
        Map<String, String> environment = variant.manifests().environment();
        Duration delay = seconds(environment.get("QUARKUS_SHUTDOWN_DELAY"));
        Duration timeout = seconds(
                environment.getOrDefault("QUARKUS_SHUTDOWN_TIMEOUT", standard("quarkus.shutdown.timeout")));
        Duration batch = seconds(standard("camel.main.shutdown-timeout") + "s");

        assertTrue(delay.toSeconds() >= 10, "longer than the removal of endpoints");
        Duration needed = delay.plus(timeout).plus(batch);
        Duration given = Duration.ofSeconds(pod(variant.manifests()).getTerminationGracePeriodSeconds());
        assertTrue(given.compareTo(needed) > 0, given + " for " + needed);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_NONE, names = "KAFKA.*")
    void volumesAreRetained(Variant variant) {
        Manifests manifests = variant.manifests();
        StatefulSet statefulSet = manifests.statefulSet();

        assertEquals("Retain", statefulSet.getSpec().getPersistentVolumeClaimRetentionPolicy().getWhenDeleted());
        assertEquals("Retain", statefulSet.getSpec().getPersistentVolumeClaimRetentionPolicy().getWhenScaled());
        assertEquals(1, statefulSet.getSpec().getVolumeClaimTemplates().size());
        PersistentVolumeClaim claim = statefulSet.getSpec().getVolumeClaimTemplates().get(0);
        VolumeMount mount = manifests.container().getVolumeMounts().stream()
                .filter(one -> one.getName().equals(claim.getMetadata().getName())).findFirst().orElseThrow();
        assertEquals(mount.getMountPath(), manifests.environment().get("BRIDGE_OUTBOX_DIRECTORY"));
        assertNotEquals(true, mount.getReadOnly());
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.MATCH_NONE, names = "KAFKA.*")
    void boundsFitIntoTheVolume(Variant variant) {
        Manifests manifests = variant.manifests();
        long bounds = Stream.of("bridge.outbox.max-bytes", "bridge.dead-letters.max-bytes",
                "bridge.outbox.min-free-disk").mapToLong(setting -> size(setting(manifests, setting))).sum();
        long volume = bytes(manifests.statefulSet().getSpec().getVolumeClaimTemplates().get(0).getSpec().getResources()
                .getRequests().get("storage"));

        // SQLite needs a quarter more
        assertTrue(volume >= bounds * 1.25, volume + " bytes for " + bounds);
    }

    @ParameterizedTest
    @EnumSource
    void directoriesInSettingsAreMounted(Variant variant) {
        Manifests manifests = variant.manifests();
        List<VolumeMount> mounts = manifests.container().getVolumeMounts();
        Set<String> volumes = pod(manifests).getVolumes().stream().map(Volume::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        if (manifests.workload() instanceof StatefulSet statefulSet) {
            statefulSet.getSpec().getVolumeClaimTemplates()
                    .forEach(claim -> volumes.add(claim.getMetadata().getName()));
        }

        assertEquals(volumes, mounts.stream().map(VolumeMount::getName).collect(Collectors.toCollection(TreeSet::new)));
        Set<String> paths = mounts.stream().map(VolumeMount::getMountPath).collect(Collectors.toSet());
        Map<String, String> directories = new TreeMap<>(manifests.environment());
        directories.keySet().removeIf(name -> !name.matches(".*_(DIR|DIRECTORY)"));
        assertEquals(variant.hasKafka()
                ? Set.of("BRIDGE_ROUTES_DIR", "BRIDGE_SECRETS_DIR")
                : Set.of("BRIDGE_OUTBOX_DIRECTORY", "BRIDGE_ROUTES_DIR", "BRIDGE_SECRETS_DIR"), directories.keySet());
        assertTrue(paths.containsAll(directories.values()), () -> directories + " in " + paths);
    }

    // --- the routes

    @ParameterizedTest
    @EnumSource
    void allRouteFilesAreMounted(Variant variant) throws IOException {
        Map<String, String> expected = new TreeMap<>();
        Path routes = Path.of("routes");
        try (Stream<Path> files = Files.list(routes)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                if (file.toString().matches(".*\\.(camel|kamelet)\\.yaml")) {
                    expected.put(routes.relativize(file).toString(), Files.readString(file));
                }
            }
        }

        Manifests manifests = variant.manifests();
        assertEquals(expected, manifests.files(manifests.volume("routes")));
        assertEquals("/etc/ilert-sumologic-bridge/routes", manifests.environment().get("BRIDGE_ROUTES_DIR"));
    }

    @Test
    void editedRouteOrSettingOrSecretRestartsThePods() {
        Path checkout = Manifests.checkout();
        List<JsonNode> pods = new ArrayList<>();
        pods.add(podTemplate(checkout));
        assertEquals(pods.get(0), podTemplate(checkout), "no edit, no restart");

        edit(checkout.resolve("routes/lane.camel.yaml"), "description: ", "description: Edited. ");
        pods.add(podTemplate(checkout));
        edit(checkout.resolve("k8s/base/settings.env"), "webhook/ilert", "edited");
        pods.add(podTemplate(checkout));
        edit(checkout.resolve("k8s/components/secret-file/secrets.env"), "URL=https", "URL=http");
        pods.add(podTemplate(checkout));

        assertEquals(4, Set.copyOf(pods).size());
    }

    private static JsonNode podTemplate(Path checkout) {
        return Manifests.of(checkout, "overlays/production").documents().stream()
                .filter(document -> "StatefulSet".equals(document.path("kind").asText()))
                .map(document -> document.at("/spec/template")).findFirst().orElseThrow();
    }

    // --- settings and secrets

    @ParameterizedTest
    @EnumSource
    void settingsExist(Variant variant) {
        Set<String> set = new TreeSet<>(variant.manifests().environment().keySet());
        variant.manifests().all(Secret.class).forEach(secret -> set.addAll(secret.getData().keySet()));

        set.removeAll(settings().keySet());
        set.removeIf(name -> name.startsWith("KAFKA_") && AdminClientConfig.configNames()
                .contains(name.substring("KAFKA_".length()).toLowerCase(Locale.ROOT).replace('_', '.')));
        variant.manifests().all(TriggerAuthentication.class)
                .forEach(keda -> keda.getSpec().env().forEach(one -> set.remove(one.name())));
        assertEquals(Set.of(), set);
    }

    @ParameterizedTest
    @EnumSource
    void secretsAreInTheSecretOnly(Variant variant) {
        Manifests manifests = variant.manifests();
        Set<String> secret = new TreeSet<>(secrets());
        secret.retainAll(manifests.environment().keySet());
        assertEquals(Set.of(), secret);

        if (variant.has("secret-file")) {
            Map<String, String> kept = new TreeMap<>();
            manifests.only(Secret.class).getData().forEach((name, value) -> kept.put(name,
                    new String(Base64.getMimeDecoder().decode(value), StandardCharsets.UTF_8)));
            assertEquals(new TreeMap<>(Manifests.SECRETS), kept);
        } else {
            assertEquals(List.of(), manifests.all(Secret.class));
        }
        for (JsonNode document : manifests.documents()) {
            if (!"Secret".equals(document.path("kind").asText())) {
                Manifests.SECRETS.values().forEach(value -> assertFalse(document.toString().contains(value)));
            }
        }
    }

    @Test
    void exampleListsAllSecretsWithoutValues() throws IOException {
        List<String> lines = Files.readAllLines(EXAMPLE).stream().filter(line -> line.matches("#?[A-Z_]+=.*"))
                .map(line -> line.replaceFirst("^#", "")).toList();

        assertTrue(lines.stream().allMatch(line -> line.endsWith("=")), lines::toString);
        assertEquals(secrets(), lines.stream().map(line -> line.replace("=", ""))
                .collect(Collectors.toCollection(TreeSet::new)));
        assertTrue(Files.readAllLines(Path.of(".gitignore")).contains("secrets.env"));
    }

    // --- production

    @Test
    void replicasAreOnDifferentNodesAndEvictedOneAtATime() {
        Manifests manifests = Variant.PRODUCTION.manifests();

        assertTrue(manifests.statefulSet().getSpec().getReplicas() >= 2);
        var never = pod(manifests).getAffinity().getPodAntiAffinity()
                .getRequiredDuringSchedulingIgnoredDuringExecution();
        assertEquals(List.of("kubernetes.io/hostname"),
                never.stream().map(PodAffinityTerm::getTopologyKey).toList());
        assertEquals(manifests.statefulSet().getSpec().getSelector().getMatchLabels(),
                never.get(0).getLabelSelector().getMatchLabels());
        assertEquals(1, manifests.only(PodDisruptionBudget.class).getSpec().getMaxUnavailable().getIntVal());
    }

    @ParameterizedTest
    @EnumSource(names = { "PRODUCTION", "KAFKA" })
    void ingressHasTlsAndServesTheWebhookOnly(Variant variant) {
        Manifests manifests = variant.manifests();
        Ingress ingress = manifests.only(Ingress.class);

        assertEquals(1, ingress.getSpec().getRules().size());
        var rule = ingress.getSpec().getRules().get(0);
        assertEquals(List.of(rule.getHost()), ingress.getSpec().getTls().get(0).getHosts());
        assertNotNull(ingress.getSpec().getTls().get(0).getSecretName());
        assertEquals(1, rule.getHttp().getPaths().size());
        var path = rule.getHttp().getPaths().get(0);
        assertEquals("Exact", path.getPathType());
        assertEquals("/" + first("default: (webhooks/\\S+)",
                Path.of("routes", "ilert-webhook-source.kamelet.yaml")), path.getPath());
        IngressServiceBackend backend = path.getBackend().getService();
        assertTrue(manifests.named(Service.class, backend.getName()).getSpec().getPorts().stream()
                .anyMatch(port -> port.getName().equals(backend.getPort().getName())));
    }

    @ParameterizedTest
    @EnumSource(names = { "PRODUCTION_BEHIND_A_GATEWAY", "KAFKA_ON_THE_JVM" })
    void routeOfTheGatewayServesTheWebhookOnly(Variant variant) {
        Manifests manifests = variant.manifests();
        JsonNode route = manifests.only(HttpRoute.class).getSpec();

        assertEquals(List.of(), manifests.all(Ingress.class));
        assertEquals(1, route.path("hostnames").size());
        assertEquals(1, route.path("rules").size());
        assertEquals(1, route.at("/rules/0/matches").size());
        assertEquals("Exact", route.at("/rules/0/matches/0/path/type").asText());
        assertEquals("/" + first("default: (webhooks/\\S+)",
                Path.of("routes", "ilert-webhook-source.kamelet.yaml")),
                route.at("/rules/0/matches/0/path/value").asText());
        Service service = manifests.named(Service.class, route.at("/rules/0/backendRefs/0/name").asText());
        assertEquals(List.of(route.at("/rules/0/backendRefs/0/port").asInt()),
                service.getSpec().getPorts().stream().map(ServicePort::getPort).toList());
    }

    @ParameterizedTest
    @EnumSource(names = { "PRODUCTION", "KAFKA" })
    void prometheusScrapesEachPodOnce(Variant variant) {
        Manifests manifests = variant.manifests();
        ServiceMonitor monitor = manifests.only(ServiceMonitor.class);

        List<Service> watched = manifests.all(Service.class).stream().filter(service -> service.getMetadata()
                .getLabels().entrySet().containsAll(monitor.getSpec().getSelector().getMatchLabels().entrySet()))
                .toList();
        assertEquals(1, watched.size());
        assertEquals(1, monitor.getSpec().getEndpoints().size());
        assertTrue(watched.get(0).getSpec().getPorts().stream()
                .anyMatch(port -> port.getName().equals(monitor.getSpec().getEndpoints().get(0).getPort())));
        assertEquals(true, watched.get(0).getSpec().getPublishNotReadyAddresses(), "also pods that are not ready");
        String job = watched.get(0).getMetadata().getLabels().get(monitor.getSpec().getJobLabel());
        alerts(variant).forEach(alert -> {
            String expression = alert.getExpr().getStrVal();
            assertEquals(expression.contains("up{"), expression.contains("up{job=\"" + job + "\"}"), expression);
        });
    }

    @ParameterizedTest
    @EnumSource(names = { "PRODUCTION", "KAFKA" })
    void alertsHaveSeverityDescriptionAndRunbook(Variant variant) throws IOException {
        List<String> sections = Files.readAllLines(Path.of("docs", "troubleshooting.md"));
        assertTrue(alerts(variant).size() >= 6);
        for (Rule alert : alerts(variant)) {
            assertTrue(Set.of("critical", "warning").contains(alert.getLabels().get("severity")), alert::toString);
            for (String annotation : List.of("summary", "description", "runbook")) {
                assertFalse(alert.getAnnotations().getOrDefault(annotation, "").isBlank(),
                        () -> alert.getAlert() + " has no " + annotation);
            }
            String link = alert.getAnnotations().get("runbook_url");
            assertEquals("https://git.example.com/ilert-sumologic-bridge/blob/main/docs/troubleshooting.md#"
                    + alert.getAlert().toLowerCase(Locale.ROOT), link);
            assertTrue(sections.contains("### " + alert.getAlert()), alert::getAlert);
        }
    }

    @Test
    void outboxAlertHasTheBoundsOfTheSettings() {
        String expression = alerts(Variant.PRODUCTION).stream()
                .filter(alert -> "BridgeOutboxNearlyFull".equals(alert.getAlert()))
                .findFirst().orElseThrow().getExpr().getStrVal();
        Manifests manifests = Variant.PRODUCTION.manifests();

        assertTrue(expression.contains("(bridge_pending_events) > 0.8 * "
                + setting(manifests, "bridge.outbox.max-events")), expression);
        assertTrue(expression.contains("(bridge_pending_bytes) > 0.8 * "
                + size(setting(manifests, "bridge.outbox.max-bytes"))), expression);
    }

    @ParameterizedTest
    @EnumSource(names = { "PRODUCTION", "KAFKA" })
    void runbooksNameExistingAlertsAndSettings(Variant variant) {
        Set<String> alerts = alerts(variant).stream().map(Rule::getAlert).collect(Collectors.toSet());
        Set<String> named = new TreeSet<>();
        for (Rule alert : alerts(variant)) {
            Matcher name = Pattern.compile("\\bBridge[A-Z]\\w+|\\b(?:BRIDGE|SUMOLOGIC|ILERT)_[A-Z_]+")
                    .matcher(String.join(" ", alert.getAnnotations().values()));
            while (name.find()) {
                named.add(name.group());
            }
        }

        named.removeIf(name -> alerts.contains(name) || settings().containsKey(name)
                || name.endsWith("_") && settings().keySet().stream().anyMatch(setting -> setting.startsWith(name)));
        assertEquals(Set.of(), named);
    }

    static List<Rule> alerts(Variant variant) {
        return variant.manifests().only(PrometheusRule.class).getSpec().getGroups().stream()
                .flatMap(group -> group.getRules().stream()).toList();
    }

    private static PodSpec pod(Manifests manifests) {
        return manifests.pod().getSpec();
    }

    /** Returns the description of each setting by its environment variable. */
    private static Map<String, String> settings() {
        try {
            return Files.readAllLines(SETTINGS).stream().filter(line -> line.startsWith("| `"))
                    .map(line -> line.split(" *\\| *"))
                    .collect(Collectors.toMap(cells -> cells[2].replace("`", ""), cells -> cells[5]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<String> secrets() {
        return settings().entrySet().stream()
                .filter(setting -> setting.getValue().matches(".*(A secret\\.|; a secret if).*"))
                .map(Map.Entry::getKey).collect(Collectors.toCollection(TreeSet::new));
    }

    static String setting(Manifests manifests, String property) {
        return manifests.environment().getOrDefault(Program.environmentVariable(property),
                standard(property));
    }

    /** Returns the default of a setting. */
    private static String standard(String property) {
        return first("(?m)^" + Pattern.quote(property) + "=(.*)$", PROPERTIES);
    }

    private static String first(String pattern, Path file) {
        try {
            Matcher found = Pattern.compile(pattern).matcher(Files.readString(file));
            assertTrue(found.find(), () -> file + " has no " + pattern);
            return found.group(1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void edit(Path file, String from, String to) {
        try {
            String text = Files.readString(file);
            assertTrue(text.contains(from), () -> file + " has no " + from);
            Files.writeString(file, text.replace(from, to));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Duration seconds(String duration) {
        return Duration.parse("PT" + duration);
    }

    /** Returns a size such as 4GB in bytes. */
    private static long size(String text) {
        Matcher size = Pattern.compile("(\\d+)([KMG])B").matcher(text);
        assertTrue(size.matches(), text);
        return Long.parseLong(size.group(1)) << 10 * ("KMG".indexOf(size.group(2)) + 1);
    }

    private static long bytes(Quantity quantity) {
        return quantity.getNumericalAmount().longValueExact();
    }
}
