package io.ilertsumo.bridge.store.kafka;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.ilertsumo.bridge.testing.Certificates;
import io.ilertsumo.bridge.testing.KafkaBroker;
import io.ilertsumo.bridge.testing.KafkaBroker.Listener;
import io.ilertsumo.bridge.testing.TokenEndpoint;

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
    @ValueSource(strings = { "SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN" })
    void authenticateByPassword(String mechanism) {
        TestSettings settings = settings(Listener.SASL_SSL).with("saslMechanism", mechanism)
                .with("username", KafkaBroker.USERNAME).with("password", KafkaBroker.PASSWORD);
        assertDoesNotThrow(() -> connect(settings));

        settings.with("password", "another");
        KafkaException failure = assertThrows(KafkaException.class, () -> connect(settings));
        assertFalse(KafkaClients.reason(failure).contains("another"), failure.toString());
    }

    @Test
    void authenticateByToken() {
        TestSettings settings = settings(Listener.SASL_PLAINTEXT).with("saslMechanism", "OAUTHBEARER")
                .with("username", TokenEndpoint.CLIENT_ID).with("password", TokenEndpoint.CLIENT_SECRET)
                .with("oauthTokenUrl", tokens.url()).with("oauthScope", TokenEndpoint.SCOPE);
        assertDoesNotThrow(() -> connect(settings));

        settings.with("password", "another");
        KafkaException failure = assertThrows(KafkaException.class, () -> connect(settings));
        assertFalse(KafkaClients.reason(failure).contains("another"), failure.toString());
    }

    @Test
    void authenticateByCertificate() {
        TestSettings settings = settings(Listener.MUTUAL_TLS);
        assertThrows(KafkaException.class, () -> connect(settings));

        settings.with("certificate", certificates.of(Certificates.Holder.CLIENT).certificate())
                .with("key", certificates.of(Certificates.Holder.CLIENT).key());
        assertDoesNotThrow(() -> connect(settings));
    }

    @Test
    void authenticateTheBrokerByItsAuthority() {
        assertDoesNotThrow(() -> connect(settings(Listener.SSL)));
        assertThrows(KafkaException.class, () -> connect(settings(Listener.SSL).with("ca", null)));
        assertThrows(KafkaException.class, () -> connect(settings(Listener.SSL).with("ca", new Certificates().ca())));
    }

    private static TestSettings settings(Listener listener) {
        return new TestSettings().with("brokers", broker.brokers(listener))
                .with("securityProtocol", SecurityProtocol.forName(listener.protocol())).with("ca", certificates.ca());
    }

    private static void connect(TestSettings settings) {
        try (Admin admin = settings.clients().admin()) {
            assertEquals(1, KafkaClients.get(admin.describeCluster().nodes()).size());
        }
    }
}
