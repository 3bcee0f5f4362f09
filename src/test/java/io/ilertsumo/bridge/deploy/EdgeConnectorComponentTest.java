package io.ilertsumo.bridge.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.ilertsumo.bridge.testing.Manifests;

/** Tests that the component with iLert's Edge Connector is valid on each overlay, and that it fits the bridge. */
class EdgeConnectorComponentTest {

    private static final String NAME = "ilert-edge-connector";
    private static final String BRIDGE = "ilert-sumologic-bridge";
    private static final Path COMPONENT = Path.of("k8s", "components", "edge-connector");
    private static final Map<String, String> SECRETS = Map.of("ILERT_EDGE_CONNECTOR_KEY", "iec1-of-no-account",
            "ILERT_EDGE_HTTP_AUTH_VALUE", "Basic aWxlcnQ6c2VjcmV0");

    private static Manifests manifests(String overlay) {
        Path checkout = Manifests.checkout("secret-file", "ingress", "monitoring");
        try {
            Files.write(checkout.resolve(COMPONENT).resolve("secrets.env"),
                    SECRETS.entrySet().stream().map(secret -> secret.getKey() + "=" + secret.getValue()).toList());
            Path onBase = Files.createDirectories(checkout.resolve("k8s/overlays/base"));
            Files.writeString(onBase.resolve("kustomization.yaml"),
                    "resources:\n  - ../../base\ncomponents:\n  # - ../../components/edge-connector\n");
            KubernetesTest.edit(checkout.resolve("k8s/overlays/" + overlay + "/kustomization.yaml"),
                    "  # - ../../components/edge-connector\n", "  - ../../components/edge-connector\n");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return Manifests.of(checkout, "overlays/" + overlay);
    }

    @ParameterizedTest
    @ValueSource(strings = { "base", "production", "kafka" })
    void itIsOnePodOfItsOwnThatKeepsItsPosition(String overlay) {
        Manifests manifests = manifests(overlay);
        Deployment deployment = manifests.named(Deployment.class, NAME);
        PodSpec pod = deployment.getSpec().getTemplate().getSpec();
        Container container = pod.getContainers().get(0);

        assertEquals(1, deployment.getSpec().getReplicas());
        assertEquals("Recreate", deployment.getSpec().getStrategy().getType());
        assertEquals(1, pod.getContainers().size());
        String claim = pod.getVolumes().get(0).getPersistentVolumeClaim().getClaimName();
        assertEquals(List.of("ReadWriteOnce"),
                manifests.named(PersistentVolumeClaim.class, claim).getSpec().getAccessModes());
        String file = argument(container, "--file");
        assertTrue(file.startsWith(container.getVolumeMounts().get(0).getMountPath() + "/"), file);
        assertEquals(pod.getVolumes().get(0).getName(), container.getVolumeMounts().get(0).getName());
        List<HasMetadata> own = manifests.all().stream()
                .filter(one -> NAME.equals(one.getMetadata().getLabels().get("app.kubernetes.io/name"))).toList();
        assertEquals(List.of("Deployment", "NetworkPolicy", "PersistentVolumeClaim", "Secret"),
                own.stream().map(HasMetadata::getKind).sorted().toList());
        HasMetadata bridge = manifests.named(Service.class, BRIDGE);
        own.forEach(
                one -> assertEquals(bridge.getMetadata().getNamespace(), one.getMetadata().getNamespace(),
                        one::toString));
    }

    @ParameterizedTest
    @ValueSource(strings = { "base", "production", "kafka" })
    void itSendsToTheBridgeAndNothingOfTheBridgeSelectsIt(String overlay) throws IOException {
        Manifests manifests = manifests(overlay);
        Deployment deployment = manifests.named(Deployment.class, NAME);
        Container container = deployment.getSpec().getTemplate().getSpec().getContainers().get(0);
        Service service = manifests.named(Service.class, BRIDGE);

        assertEquals("http://" + BRIDGE + ":" + service.getSpec().getPorts().get(0).getPort() + "/webhooks/ilert",
                argument(container, "--edge_http_url"));
        assertEquals("http", argument(container, "--edge_mode"));
        // the bridge's authentication as it comes
        assertEquals("Authorization", argument(container, "--edge_http_auth_header"));
        assertTrue(Files.readString(Path.of("src", "main", "resources", "application.properties"))
                .contains("\nilert.webhook.auth=basic\n"));
        List<Map<String, String>> selectors = new ArrayList<>();
        manifests.all(Service.class).forEach(one -> selectors.add(one.getSpec().getSelector()));
        selectors.add(manifests.only(PodDisruptionBudget.class).getSpec().getSelector().getMatchLabels());
        selectors.add(manifests.named(NetworkPolicy.class, BRIDGE).getSpec().getPodSelector().getMatchLabels());
        Map<String, String> labels = deployment.getSpec().getTemplate().getMetadata().getLabels();
        selectors.forEach(
                selector -> assertFalse(labels.entrySet().containsAll(selector.entrySet()), selector::toString));
        assertEquals(labels, deployment.getSpec().getSelector().getMatchLabels());
    }

    @Test
    void itReachesDnsAndIlertAndTheBridgeAndIsReachedByNothing() {
        Manifests manifests = manifests("production");
        NetworkPolicy policy = manifests.named(NetworkPolicy.class, NAME);
        Map<String, String> labels = manifests.named(Deployment.class, NAME).getSpec().getTemplate().getMetadata()
                .getLabels();

        assertEquals(labels, policy.getSpec().getPodSelector().getMatchLabels());
        assertEquals(List.of("Ingress", "Egress"), policy.getSpec().getPolicyTypes());
        assertEquals(List.of(), policy.getSpec().getIngress());
        List<String> open = new ArrayList<>();
        policy.getSpec().getEgress().forEach(rule -> rule.getPorts().forEach(port -> open.add(port.getPort().getIntVal()
                + " "
                + rule.getTo().stream().map(to -> to.getPodSelector()).map(LabelSelector::getMatchLabels).toList())));
        assertEquals(List.of("53 []", "53 []", "443 []", "8080 [" + manifests.statefulSet().getSpec().getSelector()
                .getMatchLabels() + "]"), open);
        assertTrue(manifests.all(Service.class).stream().noneMatch(one -> one.getMetadata().getName().equals(NAME)));
    }

    @Test
    void itConformsToRestrictedPodSecurity() {
        PodSpec pod = manifests("production").named(Deployment.class, NAME).getSpec().getTemplate().getSpec();
        Container container = pod.getContainers().get(0);

        assertEquals(true, pod.getSecurityContext().getRunAsNonRoot());
        assertTrue(pod.getSecurityContext().getRunAsUser() > 0);
        assertEquals(pod.getSecurityContext().getRunAsUser(), pod.getSecurityContext().getFsGroup());
        assertEquals("RuntimeDefault", pod.getSecurityContext().getSeccompProfile().getType());
        assertEquals(false, container.getSecurityContext().getAllowPrivilegeEscalation());
        assertEquals(true, container.getSecurityContext().getReadOnlyRootFilesystem());
        assertEquals(List.of("ALL"), container.getSecurityContext().getCapabilities().getDrop());
        assertEquals(false, pod.getAutomountServiceAccountToken());
        assertNull(pod.getHostNetwork());
        assertTrue(container.getImage().matches("ilert/ilagent:\\d+\\.\\d+\\.\\d+"), container.getImage());
        assertFalse(container.getResources().getLimits().isEmpty());
    }

    @Test
    void itsProbesAreThoseOfTheAgent() {
        Container container = manifests("production").named(Deployment.class, NAME).getSpec().getTemplate().getSpec()
                .getContainers().get(0);

        assertEquals(Integer.valueOf(argument(container, "--port")), container.getPorts().get(0).getContainerPort());
        for (HTTPGetAction probe : List.of(container.getLivenessProbe().getHttpGet(),
                container.getReadinessProbe().getHttpGet())) {
            assertEquals(container.getPorts().get(0).getName(), probe.getPort().getStrVal());
        }
        assertEquals("/health", container.getLivenessProbe().getHttpGet().getPath());
        assertEquals("/ready", container.getReadinessProbe().getHttpGet().getPath());
    }

    @Test
    void itsSecretsAreInItsSecretOnly() throws IOException {
        Manifests manifests = manifests("production");
        Container container = manifests.named(Deployment.class, NAME).getSpec().getTemplate().getSpec().getContainers()
                .get(0);
        Secret secret = manifests.named(Secret.class, container.getEnvFrom().get(0).getSecretRef().getName());

        Map<String, String> kept = new TreeMap<>();
        secret.getData().forEach((name, value) -> kept.put(name,
                new String(Base64.getMimeDecoder().decode(value), StandardCharsets.UTF_8)));
        assertEquals(new TreeMap<>(SECRETS), kept);
        manifests.documents().stream().filter(document -> !"Secret".equals(document.path("kind").asText()))
                .forEach(document -> SECRETS.values()
                        .forEach(value -> assertFalse(document.toString().contains(value))));
        assertEquals(List.copyOf(kept.keySet()), Files.readAllLines(COMPONENT.resolve("secrets.env.example")).stream()
                .filter(line -> !line.startsWith("#")).map(line -> line.replaceFirst("=$", "")).toList());
    }

    private static String argument(Container container, String name) {
        List<String> arguments = container.getArgs();
        assertTrue(arguments.contains(name), () -> name + " in " + arguments);
        return arguments.get(arguments.indexOf(name) + 1);
    }
}
