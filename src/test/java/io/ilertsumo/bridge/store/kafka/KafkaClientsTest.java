package io.ilertsumo.bridge.store.kafka;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Pattern;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidGroupIdException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.Certificates;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaBroker.Listener;
import io.ilertsumo.bridge.testing.TokenEndpoint;
import io.quarkus.runtime.configuration.ConfigurationException;

/** Clients of a secured broker. */
class KafkaClientsTest {

    private static Certificates certificates;
    private static TokenEndpoint tokens;
    private static KafkaBroker broker;

    @BeforeAll
    static void start() {
        certificates = new Certificates();
        tokens = new TokenEndpoint();
        broker = KafkaBroker.startSecured(certificates, tokens);
    }

    @AfterAll
    static void stop() {
        broker.close();
        tokens.close();
    }

    @ParameterizedTest
    @ValueSource(strings = { "scram.ScramLoginModule SCRAM-SHA-512", "scram.ScramLoginModule SCRAM-SHA-256",
            "plain.PlainLoginModule PLAIN" })
    void authenticateByPassword(String moduleAndMechanism) {
        String[] names = moduleAndMechanism.split(" ");
        TestSettings settings = settings(Listener.SASL_SSL).withProperty("sasl.mechanism", names[1])
                .withProperty("sasl.jaas.config", KafkaBroker.login(names[0], KafkaBroker.PASSWORD));
        assertDoesNotThrow(() -> connect(settings));

        settings.withProperty("sasl.jaas.config", KafkaBroker.login(names[0], "another"));
        KafkaException failure = assertThrows(KafkaException.class, () -> connect(settings));
        assertFalse(KafkaClients.reason(failure).contains("another"), failure.toString());
    }

    @Test
    void authenticateByToken() {
        TestSettings settings = settings(Listener.SASL_PLAINTEXT).withProperty("sasl.mechanism", "OAUTHBEARER")
                .withProperty("sasl.oauthbearer.token.endpoint.url", tokens.url())
                .withProperty("sasl.oauthbearer.client.credentials.client.id", TokenEndpoint.CLIENT_ID)
                .withProperty("sasl.oauthbearer.client.credentials.client.secret", TokenEndpoint.CLIENT_SECRET)
                .withProperty("sasl.oauthbearer.scope", TokenEndpoint.SCOPE);
        assertDoesNotThrow(() -> connect(settings));

        settings.withProperty("sasl.oauthbearer.client.credentials.client.secret", "another");
        KafkaException failure = assertThrows(KafkaException.class, () -> connect(settings));
        assertFalse(KafkaClients.reason(failure).contains("another"), failure.toString());
    }

    @Test
    void authenticateByCertificate() {
        TestSettings settings = settings(Listener.MUTUAL_TLS);
        assertThrows(KafkaException.class, () -> connect(settings));

        settings.withProperty("ssl.keystore.type", "PEM").withProperty("ssl.keystore.location",
                certificates.of(Certificates.Holder.CLIENT).both().toString());
        assertDoesNotThrow(() -> connect(settings));
    }

    @Test
    void authenticateTheBrokerByItsAuthority() {
        assertDoesNotThrow(() -> connect(settings(Listener.SSL)));
        assertThrows(KafkaException.class, () -> connect(new TestSettings(broker.brokers(Listener.SSL))
                .withProperty("security.protocol", Listener.SSL.protocol())));
        assertThrows(KafkaException.class, () -> connect(settings(Listener.SSL)
                .withProperty("ssl.truststore.location", new Certificates().ca().toString())));
    }

    @Test
    void aMissingOrWrongPropertyIsReported() {
        assertEquals("KAFKA_BOOTSTRAP_SERVERS is missing: the Kafka brokers, as host:port",
                assertThrows(ConfigurationException.class, () -> new TestSettings("").clients()).getMessage());
        String wrong = assertThrows(ConfigurationException.class,
                () -> new TestSettings("localhost:1").withProperty("security.protocol", "TLS").clients()).getMessage();
        assertTrue(
                wrong.startsWith("A setting KAFKA_* is wrong: Invalid value TLS for configuration security.protocol"),
                wrong);
    }

    @ParameterizedTest
    @ValueSource(strings = { "\"ab\"marker\"", "ab marker", "\"ab marker" })
    void aWrongJaasConfigurationIsReportedWithoutThePassword(String password) {
        TestSettings settings = new TestSettings("localhost:1").withProperty("security.protocol", "SASL_PLAINTEXT")
                .withProperty("sasl.mechanism", "SCRAM-SHA-512").withProperty("sasl.jaas.config",
                        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"me\" password="
                                + password + ";");

        Throwable failure = assertThrows(KafkaException.class, () -> settings.clients().admin().close());

        assertEquals("KAFKA_SASL_JAAS_CONFIG is not valid", KafkaClients.reason(failure));
    }

    @Test
    void propertiesOverrideDefaultsButNothingThatTheBridgeRequires() {
        TestSettings settings = new TestSettings("localhost:1").withProperty("session.timeout.ms", "7000")
                .withProperty("enable.auto.commit", "true").withProperty("group.id", "foreign")
                .withProperty("auto.offset.reset", "latest");
        try (Consumer<String, byte[]> consumer = settings.clients().laneConsumer("lane", 10, 1000)) {
            assertEquals("lane", consumer.groupMetadata().groupId());
        }
        try (Consumer<String, byte[]> consumer = settings.clients().deadLetterConsumer()) {
            assertThrows(InvalidGroupIdException.class, consumer::groupMetadata, "no member of a group");
        }
        assertThrows(KafkaException.class,
                () -> settings.withProperty("session.timeout.ms", "-1").clients().laneConsumer("lane", 10, 1000));
        // an idempotent producer refuses other acknowledgements
        settings.withProperty("acks", "0").withProperty("enable.idempotence", "false")
                .withProperty("delivery.timeout.ms", "1").clients().eventProducer().close();
    }

    /** As each client logs it. */
    @Test
    void connectionsCloseBeforeANetworkDropsThem() throws Exception {
        KafkaClients clients = new TestSettings("localhost:1").clients();
        List<Supplier<AutoCloseable>> all = List.of(clients::admin, clients::eventProducer, clients::deadLetterProducer,
                () -> clients.laneConsumer("lane", 10, 1000), clients::deadLetterConsumer);
        for (Supplier<AutoCloseable> client : all) {
            assertEquals(List.of("180000"), values(client, "connections.max.idle.ms"));
        }
    }

    /** By default a broker may fail within it. */
    @Test
    void aProducerWaitsForAnAcknowledgementAsLongAsTheTimeout() throws Exception {
        Properties defaults = new Properties();
        try (InputStream in = KafkaClients.class.getResourceAsStream("/application.properties")) {
            defaults.load(in);
        }
        assertEquals("20s", defaults.get("bridge.kafka.timeout"));
        KafkaClients clients = new TestSettings("localhost:1").with("kafkaTimeout", Duration.ofSeconds(20)).clients();

        assertEquals(List.of("20000"), values(clients::eventProducer, "delivery.timeout.ms"));
    }

    /** The values of a property in the configurations that are logged while a client is created. */
    private static List<String> values(Supplier<AutoCloseable> client, String property) throws Exception {
        Pattern value = Pattern.compile("\t" + Pattern.quote(property) + " = (.*)\n");
        List<String> values = new CopyOnWriteArrayList<>();
        Handler handler = new ConsoleHandler() {
            @Override
            public void publish(LogRecord record) {
                value.matcher(record.getMessage()).results().forEach(found -> values.add(found.group(1)));
            }
        };
        Logger logger = Logger.getLogger("org.apache.kafka");
        logger.addHandler(handler);
        try {
            client.get().close();
        } finally {
            logger.removeHandler(handler);
        }
        return values;
    }

    private static TestSettings settings(Listener listener) {
        return new TestSettings(broker.brokers(listener)).withProperty("security.protocol", listener.protocol())
                .withProperty("ssl.truststore.type", "PEM")
                .withProperty("ssl.truststore.location", certificates.ca().toString());
    }

    private static void connect(TestSettings settings) {
        try (Admin admin = settings.clients().admin()) {
            assertEquals(1, KafkaClients.get("DESCRIBE", admin.describeCluster().nodes()).size());
        }
    }
}
