package io.ilertsumo.bridge.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.ilertsumo.bridge.testing.CustomResources.ExternalSecret;
import io.ilertsumo.bridge.testing.CustomResources.HttpRoute;
import io.ilertsumo.bridge.testing.Manifests;

/** Renders and validates the examples of {@code docs/kubernetes-options.md}. */
class KubernetesOptionsTest {

    private static final Pattern EXAMPLE = Pattern.compile("(?ms)^```yaml\\n(.*?)^```$");

    static List<String> examples() throws IOException {
        return EXAMPLE.matcher(Files.readString(Path.of("docs", "kubernetes-options.md"))).results()
                .map((MatchResult found) -> found.group(1)).toList();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void exampleIsValidAndEffective(String example) throws IOException {
        Path checkout = Manifests.checkout("ingress", "monitoring");
        Manifests production = Manifests.of(checkout, "overlays/production");
        Manifests own = overlay(checkout, example);

        // as production, or changed
        assertEquals(example.equals(examples().get(0)), production.documents().equals(own.documents()));
    }

    @Test
    void podGetsSecretPriorityAndEphemeralStorage() throws IOException {
        PodSpec withSecret = pod(example("secretName: my-secret"));
        assertEquals("my-secret", withSecret.getVolumes().stream()
                .filter(volume -> volume.getName().equals("secrets")).findFirst().orElseThrow().getSecret()
                .getSecretName());

        PodSpec withPriority = pod(example("priorityClassName"));
        var resources = withPriority.getContainers().get(0).getResources();
        assertEquals("my-priority", withPriority.getPriorityClassName());
        assertEquals(Set.of("cpu", "memory", "ephemeral-storage"), resources.getRequests().keySet());
        assertEquals(Set.of("memory", "ephemeral-storage"), resources.getLimits().keySet());
    }

    @Test
    void imageIsNamedByItsDigest() throws IOException {
        assertEquals("registry.example.com/ilert-sumologic-bridge@sha256:" + "0".repeat(64),
                pod(example("digest:")).getContainers().get(0).getImage());
    }

    @Test
    void outboundTrafficIsPermittedToTheProxyOnlyOrToAnotherPortOfDns() throws IOException {
        assertEquals(List.of(List.of(53, 53), List.of(3128)), egress(example("port: 3128")));
        assertEquals(List.of(List.of(53, 53, 5353, 5353), List.of(443)), egress(example("port: 5353")));
    }

    @ParameterizedTest
    @ValueSource(strings = { "secret-file ingress monitoring", "external-secret gateway monitoring jvm" })
    void twoBridgesInANamespaceDoNotCross(String components) throws IOException {
        Path checkout = Manifests.checkout(components.split(" "));
        Manifests first = Manifests.of(checkout, "overlays/production");
        Manifests second = overlay(checkout, example("nameSuffix") + example("literals:"));

        assertEquals(namespaces(first), namespaces(second));
        Set<String> both = new TreeSet<>(names(first));
        both.retainAll(names(second));
        assertEquals(Set.of(), both);
        assertEquals(names(first).size() - 1, names(second).size(), "the dashboard shows all bridges");
        assertOnlyOwn(first, second);
        assertOnlyOwn(second, first);
        assertNotEquals(hosts(first), hosts(second));
        assertEquals("webhook/ilert-eu", second.environment().get("SUMOLOGIC_CATEGORY"));
        assertEquals("webhook/ilert", first.environment().get("SUMOLOGIC_CATEGORY"));
    }

    private static void assertOnlyOwn(Manifests own, Manifests other) {
        List<Map<String, String>> selectors = KubernetesTest.selectors(own);
        assertTrue(selectors.size() >= 7, selectors::toString);
        for (Map<String, String> selector : selectors) {
            assertTrue(selects(selector, own.pod().getMetadata().getLabels()), selector::toString);
            assertFalse(selects(selector, other.pod().getMetadata().getLabels()), selector::toString);
        }
        Map<String, String> monitored = own.only(ServiceMonitor.class).getSpec().getSelector().getMatchLabels();
        assertEquals(1, own.all(Service.class).stream()
                .filter(service -> selects(monitored, service.getMetadata().getLabels())).count());
        assertEquals(0, other.all(Service.class).stream()
                .filter(service -> selects(monitored, service.getMetadata().getLabels())).count());

        PodSpec pod = own.pod().getSpec();
        Set<String> used = new TreeSet<>();
        used.add("ServiceAccount " + pod.getServiceAccountName());
        used.add("ConfigMap " + own.container().getEnvFrom().get(0).getConfigMapRef().getName());
        used.add("ConfigMap " + own.volume("routes").getConfigMap().getName());
        used.add((own.all(ExternalSecret.class).isEmpty() ? "Secret " : "ExternalSecret ")
                + own.volume("secrets").getSecret().getSecretName());
        used.add("Service " + own.statefulSet().getSpec().getServiceName());
        own.all(Ingress.class).forEach(ingress -> used.add("Service " + ingress.getSpec().getRules().get(0).getHttp()
                .getPaths().get(0).getBackend().getService().getName()));
        own.all(HttpRoute.class).forEach(
                route -> used.add("Service " + route.getSpec().at("/rules/0/backendRefs/0/name").asText()));
        used.removeAll(names(own));
        assertEquals(Set.of(), used);
    }

    private static boolean selects(Map<String, String> selector, Map<String, String> labels) {
        return labels.entrySet().containsAll(selector.entrySet());
    }

    private static Set<String> hosts(Manifests manifests) {
        return Stream.concat(
                manifests.all(Ingress.class).stream().map(ingress -> ingress.getSpec().getRules().get(0).getHost()),
                manifests.all(HttpRoute.class).stream().map(route -> route.getSpec().at("/hostnames/0").asText()))
                .collect(Collectors.toSet());
    }

    private static Set<String> names(Manifests manifests) {
        return manifests.all().stream().map(one -> one.getKind() + " " + one.getMetadata().getName())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> namespaces(Manifests manifests) {
        return manifests.all().stream().map((HasMetadata one) -> one.getMetadata().getNamespace())
                .collect(Collectors.toSet());
    }

    private static PodSpec pod(String example) throws IOException {
        return overlay(Manifests.checkout("ingress"), example).pod().getSpec();
    }

    private static List<List<Integer>> egress(String example) throws IOException {
        return overlay(Manifests.checkout("ingress"), example).only(NetworkPolicy.class).getSpec().getEgress().stream()
                .map(rule -> rule.getPorts().stream().map(port -> port.getPort().getIntVal()).toList()).toList();
    }

    private static String example(String containing) throws IOException {
        List<String> found = examples().stream().filter(example -> example.contains(containing)).toList();
        assertEquals(1, found.size(), containing);
        return found.get(0);
    }

    /** Renders an overlay of one's own; an example without the file's first lines is a part of it. */
    private static Manifests overlay(Path checkout, String example) throws IOException {
        Path file = checkout.resolve("k8s/overlays/mine/kustomization.yaml");
        Files.createDirectories(file.getParent());
        Files.writeString(file, example.startsWith("apiVersion:") ? example : examples().get(0) + example);
        return Manifests.of(checkout, "overlays/mine");
    }
}
