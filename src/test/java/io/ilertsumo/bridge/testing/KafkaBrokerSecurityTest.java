package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.config.internals.BrokerSecurityConfigs;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.security.oauthbearer.ClientCredentialsJwtRetriever;
import org.apache.kafka.common.security.oauthbearer.ClientJwtValidator;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule;
import org.apache.kafka.common.security.plain.PlainLoginModule;
import org.apache.kafka.common.security.scram.ScramLoginModule;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import io.ilertsumo.bridge.testing.KafkaBroker.Listener;

/** The clients that a secured broker accepts and rejects. */
class KafkaBrokerSecurityTest {

    private static Certificates certificates;
    private static TokenEndpoint tokens;
    private static KafkaBroker broker;

    @BeforeAll
    static void start() {
        certificates = new Certificates();
        tokens = new TokenEndpoint();
        broker = KafkaBroker.startSecured(certificates, tokens);
        System.setProperty(BrokerSecurityConfigs.ALLOWED_SASL_OAUTHBEARER_URLS_CONFIG, tokens.url());
    }

    @AfterAll
    static void stop() {
        System.clearProperty(BrokerSecurityConfigs.ALLOWED_SASL_OAUTHBEARER_URLS_CONFIG);
        broker.close();
        tokens.close();
    }

    static Stream<Arguments> mechanisms() {
        return Stream.of(Listener.SASL_PLAINTEXT, Listener.SASL_SSL).flatMap(
                listener -> Stream.of("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
                        .map(mechanism -> arguments(listener, mechanism)));
    }

    @ParameterizedTest
    @MethodSource("mechanisms")
    void authenticatesAUserByPassword(Listener listener, String mechanism) throws Exception {
        Map<String, Object> client = client(listener, mechanism);
        client.put(SaslConfigs.SASL_JAAS_CONFIG, user(mechanism, KafkaBroker.PASSWORD));
        connect(client);

        client.put(SaslConfigs.SASL_JAAS_CONFIG, user(mechanism, KafkaBroker.PASSWORD + "."));
        assertInstanceOf(SaslAuthenticationException.class, rejected(client));
    }

    @ParameterizedTest
    @EnumSource(value = Listener.class, names = { "SASL_PLAINTEXT", "SASL_SSL" })
    void authenticatesAClientByToken(Listener listener) throws Exception {
        Map<String, Object> client = client(listener, "OAUTHBEARER");
        client.put(SaslConfigs.SASL_JAAS_CONFIG, OAuthBearerLoginModule.class.getName() + " required;");
        client.put(SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS, OAuthBearerLoginCallbackHandler.class);
        client.put(SaslConfigs.SASL_OAUTHBEARER_JWT_RETRIEVER_CLASS, ClientCredentialsJwtRetriever.class);
        client.put(SaslConfigs.SASL_OAUTHBEARER_JWT_VALIDATOR_CLASS, ClientJwtValidator.class);
        client.put(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, tokens.url());
        client.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_ID, TokenEndpoint.CLIENT_ID);
        client.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET, TokenEndpoint.CLIENT_SECRET);
        client.put(SaslConfigs.SASL_OAUTHBEARER_SCOPE, TokenEndpoint.SCOPE);
        client.put(SaslConfigs.SASL_OAUTHBEARER_HEADER_URLENCODE, true);
        connect(client);

        client.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET, "another");
        assertThrows(KafkaException.class, () -> connect(client));
        // a token of another issuer
        try (TokenEndpoint others = new TokenEndpoint()) {
            System.setProperty(BrokerSecurityConfigs.ALLOWED_SASL_OAUTHBEARER_URLS_CONFIG,
                    tokens.url() + "," + others.url());
            client.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET, TokenEndpoint.CLIENT_SECRET);
            client.put(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, others.url());
            assertInstanceOf(SaslAuthenticationException.class, rejected(client));
        }
    }

    @Test
    void clientsAuthenticateTheBrokerByItsAuthority() throws Exception {
        Map<String, Object> client = client(Listener.SSL, "");
        connect(client);

        client.remove(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG);
        client.remove(SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG);
        assertInstanceOf(SslAuthenticationException.class, rejected(client));
    }

    @Test
    void authenticatesAClientByCertificate() throws Exception {
        Map<String, Object> client = client(Listener.MUTUAL_TLS, "");
        assertInstanceOf(SslAuthenticationException.class, rejected(client));

        present(client, certificates);
        connect(client);

        present(client, new Certificates());
        assertInstanceOf(SslAuthenticationException.class, rejected(client));
    }

    private static void present(Map<String, Object> client, Certificates by) throws IOException {
        Certificates.Issued issued = by.of(Certificates.Holder.CLIENT);
        client.put(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, "PEM");
        client.put(SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG, Files.readString(issued.certificate()));
        client.put(SslConfigs.SSL_KEYSTORE_KEY_CONFIG, Files.readString(issued.key()));
    }

    private static Map<String, Object> client(Listener listener, String mechanism) throws IOException {
        Map<String, Object> client = new HashMap<>(Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, broker.brokers(listener),
                AdminClientConfig.SECURITY_PROTOCOL_CONFIG, listener.protocol(),
                SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM",
                SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG, Files.readString(certificates.ca())));
        if (!mechanism.isEmpty()) {
            client.put(SaslConfigs.SASL_MECHANISM, mechanism);
        }
        return client;
    }

    private static String user(String mechanism, String password) {
        Class<?> module = mechanism.equals("PLAIN") ? PlainLoginModule.class : ScramLoginModule.class;
        return module.getName() + " required username=\"" + KafkaBroker.USERNAME + "\" password=\""
                + password.replaceAll("[\"\\\\]", "\\\\$0") + "\";";
    }

    private static void connect(Map<String, Object> client) throws Exception {
        try (Admin admin = Admin.create(client)) {
            assertEquals(1, admin.describeCluster().nodes().get().size());
        }
    }

    private static Throwable rejected(Map<String, Object> client) {
        return assertThrows(ExecutionException.class, () -> connect(client)).getCause();
    }
}
