package io.ilertsumo.bridge.testing;

import java.util.List;

import com.fasterxml.jackson.databind.JsonNode;

import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * Models of KEDA 2.17 and later for scaling by Kafka, which has no Java models: {@code keda.sh_scaledobjects.yaml} and
 * {@code keda.sh_triggerauthentications.yaml} in <a href="https://github.com/kedacore/keda">kedacore/keda</a>,
 * {@code config/crd/bases}.
 */
public final class Keda {

    private Keda() {
    }

    @Group("keda.sh")
    @Version("v1alpha1")
    public static final class ScaledObject extends CustomResource<ScaledObjectSpec, Void> {

        private static final long serialVersionUID = 1L;
    }

    public record ScaledObjectSpec(ScaleTargetRef scaleTargetRef, Integer pollingInterval, Integer cooldownPeriod,
            Integer initialCooldownPeriod, Integer idleReplicaCount, Integer minReplicaCount, Integer maxReplicaCount,
            JsonNode fallback, JsonNode advanced, List<Trigger> triggers) {
    }

    public record ScaleTargetRef(String apiVersion, String kind, String name, String envSourceContainerName) {
    }

    public record Trigger(String type, String name, Boolean useCachedMetrics, String metricType,
            AuthenticationRef authenticationRef, KafkaTrigger metadata) {
    }

    public record AuthenticationRef(String name, String kind) {
    }

    /** The parameters of the scaler "Apache Kafka", by KEDA's manual: the definition allows any strings. */
    public record KafkaTrigger(String bootstrapServers, String consumerGroup, String topic, String lagThreshold,
            String activationLagThreshold, String offsetResetPolicy, String allowIdleConsumers,
            String scaleToZeroOnInvalidOffset, String excludePersistentLag, String limitToPartitionsWithLag,
            String ensureEvenDistributionOfPartitions, String version, String partitionLimitation, String sasl,
            String saslTokenProvider, String tls, String unsafeSsl) {
    }

    @Group("keda.sh")
    @Version("v1alpha1")
    public static final class TriggerAuthentication extends CustomResource<TriggerAuthenticationSpec, Void> {

        private static final long serialVersionUID = 1L;
    }

    public record TriggerAuthenticationSpec(List<EnvironmentRef> env, List<SecretTargetRef> secretTargetRef) {
    }

    public record EnvironmentRef(String parameter, String name, String containerName) {
    }

    public record SecretTargetRef(String parameter, String name, String key) {
    }
}
