package io.ilertsumo.bridge.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.SecretProjection;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.ilertsumo.bridge.deploy.KubernetesTest.Variant;
import io.ilertsumo.bridge.testing.Keda.ScaledObject;
import io.ilertsumo.bridge.testing.Keda.SecretTargetRef;
import io.ilertsumo.bridge.testing.Keda.Trigger;
import io.ilertsumo.bridge.testing.Keda.TriggerAuthentication;
import io.ilertsumo.bridge.testing.Keda.TriggerAuthenticationSpec;
import io.ilertsumo.bridge.testing.Manifests;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import io.strimzi.api.kafka.model.user.KafkaUserAuthorizationSimple;
import io.strimzi.api.kafka.model.user.acl.AclOperation;
import io.strimzi.api.kafka.model.user.acl.AclResourcePatternType;
import io.strimzi.api.kafka.model.user.acl.AclRule;
import io.strimzi.api.kafka.model.user.acl.AclRuleGroupResource;
import io.strimzi.api.kafka.model.user.acl.AclRuleTopicResource;

/** Tests that {@code k8s/overlays/kafka} fits the bridge's settings, and what it needs from Kafka, Strimzi and KEDA. */
class KafkaOverlayTest {

    private static final String CLUSTER = "strimzi.io/cluster";
    private static final Set<String> LANES = Set.of("express", "bulk");

    private Manifests manifests;
    private Manifests topics;
    private String prefix;

    @BeforeEach
    void render() {
        manifests = Variant.KAFKA.manifests();
        topics = Manifests.of("overlays/kafka-topics");
        prefix = setting("bridge.kafka.topic-prefix");
        assertEquals("kafka", setting("bridge.store"));
    }

    // --- topics

    @Test
    void topicsAreThoseOfTheBridge() {
        assertEquals(Set.of(prefix + "express", prefix + "bulk", prefix + "dead-letters"),
                topics().keySet());
    }

    @Test
    void topicsOfLanesHaveNoRetentionAndHoldTheLargestEvent() {
        assertEquals("1MB", setting("bridge.max-body-size"));
        Map<String, Object> kept = Map.of("cleanup.policy", "delete", "retention.ms", -1, "retention.bytes", -1,
                "max.message.bytes", 1024 * 1024 + 64 * 1024, "segment.bytes", 128 * 1024 * 1024);
        for (String lane : LANES) {
            Map<String, Object> config = config(lane);
            assertTrue(config.entrySet().containsAll(kept.entrySet()), config::toString);
        }
        assertEquals(config("express"), config("bulk"));
    }

    @Test
    void topicOfDeadLettersIsCompactedAndHoldsTheLargestEvent() {
        assertEquals(1, topic("dead-letters").getSpec().getPartitions());
        assertEquals("compact", config("dead-letters").get("cleanup.policy"));
        assertEquals(config("express").get("max.message.bytes"), config("dead-letters").get("max.message.bytes"));
        assertFalse(config("dead-letters").containsKey("retention.ms"));
    }

    @Test
    void oneBrokerMayFail() {
        for (KafkaTopic topic : topics().values()) {
            int acknowledged = (int) topic.getSpec().getConfig().get("min.insync.replicas");
            assertTrue(acknowledged >= 2, "every event is on two brokers");
            assertTrue(topic.getSpec().getReplicas() > acknowledged, "one broker may be down");
        }
    }

    // --- authentication and authorization

    @ParameterizedTest
    @ValueSource(strings = { "my-cluster kafka", "events streaming" })
    void bridgeConnectsToTheClusterAndAuthenticates(String clusterAndNamespace) throws IOException {
        String cluster = clusterAndNamespace.split(" ")[0];
        String namespace = clusterAndNamespace.split(" ")[1];
        Path checkout = edited(cluster, namespace);
        manifests = Manifests.of(checkout, "overlays/kafka");
        topics = Manifests.of(checkout, "overlays/kafka-topics");
        KafkaUser user = manifests.only(KafkaUser.class);

        Stream.concat(Stream.<HasMetadata>of(user), topics.all().stream())
                .forEach(one -> assertEquals(cluster, one.getMetadata().getLabels().get(CLUSTER)));
        Stream.concat(manifests.all().stream(), topics.all().stream())
                .forEach(one -> assertEquals(namespace, one.getMetadata().getNamespace()));
        // a name in the broker's certificate, which KEDA can resolve from its namespace
        assertEquals(cluster + "-kafka-bootstrap." + namespace + ".svc:9093", setting("kafka.bootstrap.servers"));
        assertEquals("SASL_SSL", variable("KAFKA_SECURITY_PROTOCOL"));
        assertEquals(user.getSpec().getAuthentication().getType().toUpperCase(Locale.ROOT),
                variable("KAFKA_SASL_MECHANISM"));
        assertEquals(user.getMetadata().getName(), variable("KEDA_KAFKA_USERNAME"));

        assertEquals(
                List.of(user.getMetadata().getName() + " sasl.jaas.config KAFKA_SASL_JAAS_CONFIG",
                        cluster + "-cluster-ca-cert ca.crt KAFKA_SSL_TRUSTSTORE_CERTIFICATES"),
                secretsOfStrimzi().map(secret -> secret.getName() + " " + secret.getItems().get(0).getKey() + " "
                        + secret.getItems().get(0).getPath()).toList());
        assertEquals("PEM", variable("KAFKA_SSL_TRUSTSTORE_TYPE"));

        List<NetworkPolicyEgressRule> toKafka = manifests.only(NetworkPolicy.class).getSpec().getEgress().stream()
                .filter(rule -> !rule.getTo().isEmpty()).toList();
        assertEquals(1, toKafka.size());
        assertEquals(9093, toKafka.get(0).getPorts().get(0).getPort().getIntVal());
        // Strimzi's labels of the brokers
        assertEquals(Map.of(CLUSTER, cluster, "strimzi.io/name", cluster + "-kafka"),
                toKafka.get(0).getTo().get(0).getPodSelector().getMatchLabels());
    }

    @Test
    void aclsAreMinimal() {
        Map<String, Set<AclOperation>> expected = new TreeMap<>();
        for (String lane : LANES) {
            expected.put("group " + prefix + lane, Set.of(AclOperation.READ));
            expected.put("topic " + prefix + lane, Set.of(AclOperation.READ, AclOperation.WRITE, AclOperation.DELETE,
                    AclOperation.DESCRIBECONFIGS));
        }
        expected.put("topic " + prefix + "dead-letters",
                Set.of(AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBECONFIGS));

        Map<String, Set<AclOperation>> granted = new TreeMap<>();
        for (AclRule rule : ((KafkaUserAuthorizationSimple) manifests.only(KafkaUser.class).getSpec()
                .getAuthorization()).getAcls()) {
            String resource = rule.getResource() instanceof AclRuleTopicResource topic
                    ? "topic " + literal(topic.getName(), topic.getPatternType())
                    : "group " + literal(((AclRuleGroupResource) rule.getResource()).getName(),
                            ((AclRuleGroupResource) rule.getResource()).getPatternType());
            assertNull(granted.put(resource, Set.copyOf(rule.getOperations())), resource);
        }
        assertEquals(expected, granted);
    }

    private static String literal(String name, AclResourcePatternType type) {
        assertEquals(AclResourcePatternType.LITERAL, type);
        return name;
    }

    // --- replicas

    @Test
    void podIsStatelessAndReplacedBeforeItStops() {
        Deployment deployment = manifests.only(Deployment.class);

        for (Volume volume : manifests.pod().getSpec().getVolumes()) {
            assertTrue(volume.getConfigMap() != null || volume.getProjected() != null || volume.getSecret() != null,
                    volume::toString);
        }
        assertEquals("RollingUpdate", deployment.getSpec().getStrategy().getType());
        assertEquals(0, deployment.getSpec().getStrategy().getRollingUpdate().getMaxUnavailable().getIntVal());
        assertEquals(1, manifests.only(PodDisruptionBudget.class).getSpec().getMaxUnavailable().getIntVal());
    }

    @Test
    void replicasAreSpreadOverSchedulableNodes() {
        assertNull(manifests.pod().getSpec().getAffinity(), "several replicas may share a node");
        Map<String, TopologySpreadConstraint> spread = manifests.pod().getSpec().getTopologySpreadConstraints()
                .stream().collect(Collectors.toMap(TopologySpreadConstraint::getTopologyKey, one -> one));

        assertEquals(Set.of("kubernetes.io/hostname", "topology.kubernetes.io/zone"), spread.keySet());
        TopologySpreadConstraint nodes = spread.get("kubernetes.io/hostname");
        assertEquals("DoNotSchedule 1", nodes.getWhenUnsatisfiable() + " " + nodes.getMaxSkew());
        assertEquals("Honor", nodes.getNodeTaintsPolicy());
        spread.values().forEach(one -> assertEquals(List.of("pod-template-hash"), one.getMatchLabelKeys()));
    }

    @Test
    void replicasAreScaledFromTwoToThePartitions() {
        ScaledObject scaled = manifests.only(ScaledObject.class);

        assertEquals(manifests.workload().getMetadata().getName(), scaled.getSpec().scaleTargetRef().name());
        assertNull(scaled.getSpec().scaleTargetRef().kind(), "default: Deployment");
        assertNull(manifests.only(Deployment.class).getSpec().getReplicas(), "applying it must not undo the scaling");
        assertTrue(scaled.getSpec().minReplicaCount() >= 2, "one remains while the other restarts");
        assertNull(scaled.getSpec().idleReplicaCount());
        for (String lane : LANES) {
            assertTrue(scaled.getSpec().maxReplicaCount() <= topic(lane).getSpec().getPartitions(), lane);
        }
        assertTrue(scaled.getSpec().minReplicaCount() < scaled.getSpec().maxReplicaCount());
    }

    @Test
    void withoutKedaThereAreTwoReplicas() {
        Manifests alone = Variant.KAFKA_ON_THE_JVM.manifests();

        assertEquals(List.of(), alone.all(ScaledObject.class));
        assertEquals(2, alone.only(Deployment.class).getSpec().getReplicas());
    }

    @Test
    void kedaScalesByTheLagOfBothLanes() {
        TriggerAuthentication authentication = manifests.only(TriggerAuthentication.class);
        Set<String> asked = new TreeSet<>();
        for (Trigger trigger : manifests.only(ScaledObject.class).getSpec().triggers()) {
            assertEquals("kafka", trigger.type());
            assertEquals(authentication.getMetadata().getName(), trigger.authenticationRef().name());
            assertEquals(setting("kafka.bootstrap.servers"), trigger.metadata().bootstrapServers());
            assertEquals("enable", trigger.metadata().tls());
            assertNull(trigger.metadata().unsafeSsl());
            assertEquals(variable("KAFKA_SASL_MECHANISM").toLowerCase(Locale.ROOT).replace("-", "")
                    .replace("scramsha", "scram_sha"), trigger.metadata().sasl());
            // events without a committed offset are pending
            assertEquals("earliest", trigger.metadata().offsetResetPolicy());
            assertTrue(Long.parseLong(trigger.metadata().lagThreshold()) > 0);
            // the oldest version that Kafka 4 supports, KIP-896
            assertTrue(Runtime.Version.parse(trigger.metadata().version().replaceAll("(\\.0)+$", ""))
                    .compareTo(Runtime.Version.parse("2.1")) >= 0);
            asked.add(trigger.metadata().consumerGroup() + " " + trigger.metadata().topic());
        }
        assertEquals(LANES.stream().map(lane -> prefix + lane + " " + prefix + lane)
                .collect(Collectors.toCollection(TreeSet::new)), asked);
    }

    @Test
    void kedaReadsTheBridgesSecrets() {
        TriggerAuthenticationSpec given = manifests.only(TriggerAuthentication.class).getSpec();

        assertEquals(1, given.env().size());
        assertEquals("username KEDA_KAFKA_USERNAME " + manifests.container().getName(),
                given.env().get(0).parameter() + " " + given.env().get(0).name() + " "
                        + given.env().get(0).containerName());
        // of the same Secrets, of the user's the password alone
        assertEquals(
                secretsOfStrimzi().map(secret -> secret.getItems().get(0).getKey().equals("ca.crt")
                        ? new SecretTargetRef("ca", secret.getName(), "ca.crt")
                        : new SecretTargetRef("password", secret.getName(), "password")).collect(Collectors.toSet()),
                Set.copyOf(given.secretTargetRef()));
    }

    private Stream<SecretProjection> secretsOfStrimzi() {
        return manifests.volume("secrets").getProjected().getSources().stream().skip(1)
                .map(VolumeProjection::getSecret);
    }

    // --- alerts

    @Test
    void alertsHaveTheBoundAndTheMinimumOfReplicas() {
        assertTrue(expression("BridgeBacklogNearlyFull").endsWith("> 0.8 * " + setting("bridge.kafka.max-events")));
        assertTrue(expression("BridgeReplicaDown")
                .endsWith("< " + manifests.only(ScaledObject.class).getSpec().minReplicaCount()));
    }

    private static String expression(String alert) {
        return KubernetesTest.alerts(Variant.KAFKA).stream().filter(rule -> alert.equals(rule.getAlert())).findFirst()
                .orElseThrow().getExpr().getStrVal();
    }

    /** Edits the overlays for another cluster, as the documentation describes. */
    private static Path edited(String cluster, String namespace) throws IOException {
        Path checkout = Variant.KAFKA.checkout();
        for (String folder : List.of("overlays/kafka", "overlays/kafka-topics", "components/keda")) {
            try (Stream<Path> files = Files.list(checkout.resolve("k8s").resolve(folder))) {
                for (Path file : files.toList()) {
                    Files.writeString(file, Files.readString(file).replace("my-cluster", cluster)
                            .replace(".kafka.svc", "." + namespace + ".svc")
                            .replace("\nnamespace: kafka\n", "\nnamespace: " + namespace + "\n"));
                }
            }
        }
        return checkout;
    }

    private String setting(String property) {
        String value = KubernetesTest.setting(manifests, property);
        assertNotEquals("", value, property);
        return value;
    }

    private String variable(String name) {
        return manifests.environment().get(name);
    }

    private Map<String, KafkaTopic> topics() {
        return topics.all(KafkaTopic.class).stream().collect(Collectors.toMap(topic -> {
            assertNull(topic.getSpec().getTopicName(), "default: the name of the resource");
            return topic.getMetadata().getName();
        }, topic -> topic));
    }

    private KafkaTopic topic(String name) {
        return topics().get(prefix + name);
    }

    private Map<String, Object> config(String name) {
        return topic(name).getSpec().getConfig();
    }
}
