package io.ilertsumo.bridge.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.Resource;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.Certificates;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaBroker.Listener;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;
import io.ilertsumo.bridge.testing.TokenEndpoint;

/** The bridge authenticates itself and the broker, and its secrets leak nowhere. */
class KafkaSecurityIT {

    private static Certificates certificates;
    private static TokenEndpoint tokens;
    private static KafkaBroker broker;
    private static SumoLogic sumoLogic;

    @BeforeAll
    static void start() {
        certificates = new Certificates();
        tokens = new TokenEndpoint();
        broker = KafkaBroker.startSecured(certificates, tokens);
        sumoLogic = new SumoLogic();
    }

    @AfterAll
    static void stop() {
        sumoLogic.close();
        broker.close();
        tokens.close();
    }

    @ParameterizedTest
    @ValueSource(strings = { "SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN" })
    void eventsAreDeliveredOverABrokerThatRequiresAPassword(String mechanism) throws Exception {
        delivers(password(mechanism));
    }

    @Test
    void eventsAreDeliveredOverABrokerThatRequiresAToken() throws Exception {
        delivers(token());
    }

    @Test
    void eventsAreDeliveredOverABrokerThatRequiresACertificate() throws Exception {
        Map<String, String> settings = settings(Listener.MUTUAL_TLS);
        // as a mounted Secret holds them
        Path secrets = SumoLogicResource.newDirectory("secrets");
        Certificates.Issued client = certificates.of(Certificates.Holder.CLIENT);
        Files.copy(client.certificate(), secrets.resolve("KAFKA_SSL_KEYSTORE_CERTIFICATE_CHAIN"));
        Files.copy(client.key(), secrets.resolve("KAFKA_SSL_KEYSTORE_KEY"));
        Files.copy(certificates.ca(), secrets.resolve("KAFKA_SSL_TRUSTSTORE_CERTIFICATES"));
        settings.remove("KAFKA_SSL_TRUSTSTORE_LOCATION");
        settings.put("BRIDGE_SECRETS_DIR", secrets.toString());
        settings.put("KAFKA_SSL_KEYSTORE_TYPE", "PEM");

        delivers(settings);
    }

    @ParameterizedTest
    @ValueSource(strings = { "SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN" })
    void aWrongPasswordIsReportedAndNotShown(String mechanism) throws Exception {
        Map<String, String> settings = password(mechanism);
        settings.put("KAFKA_SASL_JAAS_CONFIG", KafkaBroker.login(module(mechanism), KafkaBroker.PASSWORD + "."));

        isNotReady(settings, mechanism.equals("PLAIN") ? "Invalid username or password" : "invalid credentials");
    }

    @Test
    void aWrongClientSecretIsReportedAndNotShown() throws Exception {
        Map<String, String> settings = token();
        settings.put("KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET", TokenEndpoint.CLIENT_SECRET + ".");

        isNotReady(settings, "invalid_client");
    }

    @Test
    void nothingIsSentToABrokerThatIsNotTrusted() throws Exception {
        Map<String, String> settings = password("PLAIN");
        settings.remove("KAFKA_SSL_TRUSTSTORE_LOCATION");

        isNotReady(settings, "unable to find valid certification path");
    }

    @Test
    void withoutACertificateABrokerThatRequiresOneStoresNothing() throws Exception {
        isNotReady(settings(Listener.MUTUAL_TLS), "authentication");
    }

    @Test
    void aMissingRightIsNamedAndTheBridgeRecoversWithoutARestart() throws Exception {
        Map<String, String> settings = password("SCRAM-SHA-512");
        String prefix = settings.get("BRIDGE_KAFKA_TOPIC_PREFIX");
        AclBinding write = right(ResourceType.TOPIC, prefix, AclOperation.WRITE);
        List<AclBinding> rights = List.of(write, right(ResourceType.GROUP, prefix, AclOperation.READ),
                right(ResourceType.TOPIC, prefix, AclOperation.READ),
                right(ResourceType.TOPIC, prefix, AclOperation.DELETE),
                right(ResourceType.TOPIC, prefix, AclOperation.DESCRIBE_CONFIGS),
                // else all may create topics
                new AclBinding(new ResourcePattern(ResourceType.CLUSTER, Resource.CLUSTER_NAME, PatternType.LITERAL),
                        new AccessControlEntry("User:other", "*", AclOperation.CREATE, AclPermissionType.ALLOW)));
        try (Admin admin = broker.admin(); Program program = Program.start(settings)) {
            eventually().until(() -> isReady(program));
            admin.createAcls(rights).all().get();
            accepted(program);

            admin.deleteAcls(List.of(write.toFilter())).all().get();
            eventually().until(() -> program.send(Events.express(Events.newId())) == 503);
            eventually().until(() -> !isReady(program) && program.output()
                    .contains("Not authorized to access topics: [" + prefix + "express], the right WRITE is missing"));
            isQuietWhileCallsAreRefused(program);
            admin.createAcls(List.of(write)).all().get();
            eventually().until(() -> isReady(program));
            accepted(program);

            admin.deleteTopics(List.of(prefix + "bulk")).all().get();
            eventually().until(() -> !isReady(program) && program.output().lines()
                    .anyMatch(line -> line.contains(prefix + "bulk: it does not exist and can't be created: ")
                            && line.contains("the right CREATE is missing")));
            isQuietWhileCallsAreRefused(program);
            admin.createTopics(List.of(new NewTopic(prefix + "bulk", 1, (short) 1))).all().get();
            eventually().until(() -> isReady(program));
            accepted(program);
        } finally {
            try (Admin admin = broker.admin()) {
                admin.deleteAcls(rights.stream().map(AclBinding::toFilter).toList()).all().get();
            }
        }
    }

    /** Events are stored all the same, within their bound. */
    @Test
    void aMissingRightOnAConsumerGroupIsNamedAndNothingNeedsARestartOnceItIsThere() throws Exception {
        Map<String, String> settings = password("SCRAM-SHA-512");
        String prefix = settings.get("BRIDGE_KAFKA_TOPIC_PREFIX");
        settings.put("BRIDGE_KAFKA_MAX_EVENTS", "20");
        // once a resource has a list, all who are not on it have no right
        AclBinding others = new AclBinding(new ResourcePattern(ResourceType.GROUP, prefix, PatternType.PREFIXED),
                new AccessControlEntry("User:other", "*", AclOperation.READ, AclPermissionType.ALLOW));
        try (Admin admin = broker.admin()) {
            admin.createAcls(List.of(others)).all().get();
            try (Program program = Program.start(settings)) {
                String missing = "Not authorized to access group: " + prefix + "express, the right READ is missing";
                eventually().until(() -> program.management("/q/health/ready").contains(missing));
                List<String> ids = new ArrayList<>();
                eventually().until(() -> {
                    String id = Events.newId();
                    boolean isAccepted = program.send(Events.express(id)) == 202;
                    ids.addAll(isAccepted ? List.of(id) : List.of());
                    return !isAccepted && ids.size() >= 20;
                });
                Awaitility.await().during(Duration.ofSeconds(5)).atMost(Duration.ofSeconds(7))
                        .until(() -> program.management("/q/health/ready").contains(missing));
                List<String> lines = program.output().lines()
                        .filter(line -> line.matches(".*\"level\":\"(WARN|ERROR)\".*")).toList();
                assertEquals(1, lines.stream().filter(line -> line.contains(missing)).count(), lines::toString);
                assertTrue(lines.size() < 5, lines::toString);

                admin.deleteAcls(List.of(others.toFilter())).all().get();

                eventually().until(() -> sumoLogic.eventIds().containsAll(ids));
                accepted(program);
                assertFalse(program.management("/q/health/ready").contains("group"), "it is repaired");
            } finally {
                admin.deleteAcls(List.of(others.toFilter())).all().get();
            }
        }
    }

    private static AclBinding right(ResourceType type, String prefix, AclOperation operation) {
        return new AclBinding(new ResourcePattern(type, prefix, PatternType.PREFIXED),
                new AccessControlEntry("User:" + KafkaBroker.USERNAME, "*", operation, AclPermissionType.ALLOW));
    }

    private static boolean isReady(Program program) throws Exception {
        return !program.management("/q/health/ready").contains("DOWN");
    }

    /** In both lanes. */
    private static void accepted(Program program) {
        String express = Events.newId();
        String bulk = Events.newId();
        eventually().until(() -> program.send(Events.express(express)) == 202);
        eventually().until(() -> program.send(Events.bulk(bulk)) == 202);
        eventually().until(() -> sumoLogic.eventIds().containsAll(List.of(express, bulk)));
    }

    /** A hundred calls a second cost neither the bridge nor the broker half of a processor, and few lines of the log. */
    private static void isQuietWhileCallsAreRefused(Program program) throws Exception {
        long lines = program.output().lines().count();
        Duration ofBridge = program.processorTime();
        Duration ofBroker = broker.processorTime();
        Awaitility.await().pollInterval(Duration.ofMillis(20)).during(Duration.ofSeconds(10))
                .atMost(Duration.ofSeconds(12)).until(() -> program.send(Events.express(Events.newId())) == 503
                        && program.send(Events.bulk(Events.newId())) == 503);
        long more = program.output().lines().count() - lines;
        long bridgeMillis = program.processorTime().minus(ofBridge).toMillis();
        long brokerMillis = broker.processorTime().minus(ofBroker).toMillis();
        System.out.println(
                more + " more lines, " + bridgeMillis + " ms of the bridge, " + brokerMillis + " ms of the broker");

        assertFalse(isReady(program));
        assertTrue(more < 5, () -> more + " more lines:\n" + program.output());
        assertTrue(bridgeMillis < 5000 && brokerMillis < 5000,
                () -> "of 10 s " + bridgeMillis + " ms of the bridge, " + brokerMillis + " ms of the broker");
    }

    private static Map<String, String> settings(Listener listener) {
        Map<String, String> settings = Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
        settings.put("BRIDGE_STORE", "kafka");
        settings.put("KAFKA_BOOTSTRAP_SERVERS", broker.brokers(listener));
        settings.put("BRIDGE_KAFKA_TOPIC_PREFIX", Events.newId() + "-");
        settings.put("BRIDGE_KAFKA_PARTITIONS", "1");
        settings.put("BRIDGE_KAFKA_TIMEOUT", "2s");
        settings.put("KAFKA_SECURITY_PROTOCOL", listener.protocol());
        settings.put("KAFKA_SSL_TRUSTSTORE_TYPE", "PEM");
        settings.put("KAFKA_SSL_TRUSTSTORE_LOCATION", certificates.ca().toString());
        return settings;
    }

    private static Map<String, String> password(String mechanism) {
        Map<String, String> settings = settings(Listener.SASL_SSL);
        settings.put("KAFKA_SASL_MECHANISM", mechanism);
        settings.put("KAFKA_SASL_JAAS_CONFIG", KafkaBroker.login(module(mechanism), KafkaBroker.PASSWORD));
        return settings;
    }

    private static String module(String mechanism) {
        return mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
    }

    private static Map<String, String> token() {
        Map<String, String> settings = settings(Listener.SASL_SSL);
        settings.put("KAFKA_SASL_MECHANISM", "OAUTHBEARER");
        settings.put("KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL", tokens.url());
        settings.put("KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_ID", TokenEndpoint.CLIENT_ID);
        settings.put("KAFKA_SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET", TokenEndpoint.CLIENT_SECRET);
        settings.put("KAFKA_SASL_OAUTHBEARER_SCOPE", TokenEndpoint.SCOPE);
        return settings;
    }

    private static void delivers(Map<String, String> settings) throws Exception {
        String id = Events.newId();
        try (Program program = Program.start(settings)) {
            eventually().until(() -> !program.management("/q/health/ready").contains("DOWN"));
            assertEquals(202, program.send(Events.express(id)));

            eventually().untilAsserted(
                    () -> assertEquals(List.of(Events.express(id)), sumoLogic.messagesWith(id)));
            assertFalse(program.output().contains("marker-"), program::output);
        }
    }

    private static void isNotReady(Map<String, String> settings, String reason) throws Exception {
        try (Program program = Program.start(settings)) {
            assertEquals(503, program.send(Events.express(Events.newId())));
            String health = program.management("/q/health/ready");
            assertTrue(health.contains("DOWN"), health);
            eventually().until(() -> program.output().contains(reason));

            String output = health + program.output();
            assertFalse(output.contains("marker-"), output);
            assertFalse(output.contains("\tat ") || output.contains("\\tat ") || output.contains("\"frames\""),
                    () -> "no stack trace: " + output);
        }
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(30));
    }
}
