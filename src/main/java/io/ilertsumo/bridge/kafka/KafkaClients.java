package io.ilertsumo.bridge.kafka;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

import jakarta.inject.Singleton;

import org.apache.camel.Component;
import org.apache.camel.Exchange;
import org.apache.camel.component.kafka.KafkaComponent;
import org.apache.camel.component.kafka.KafkaConfiguration;
import org.apache.camel.spi.ComponentCustomizer;
import org.apache.camel.support.DefaultHeaderFilterStrategy;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.security.oauthbearer.ClientCredentialsJwtRetriever;
import org.apache.kafka.common.security.oauthbearer.ClientJwtValidator;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.KafkaSettings;
import io.ilertsumo.bridge.settings.SumoLogicSettings;
import io.quarkus.arc.Unremovable;
import io.quarkus.runtime.annotations.RegisterForReflection;

/** Makes clients of the Kafka brokers, Camel's own included, from the settings. Thread-safe. */
@Singleton
@Unremovable
@RegisterForReflection(targets = { ClientCredentialsJwtRetriever.class, ClientJwtValidator.class })
public class KafkaClients implements ComponentCustomizer {

    /** What a record has beside the event, at most. */
    private static final int RECORD_OVERHEAD = 64 * 1024;
    /** How long a call may wait for the brokers to be found, or for room in the producer's buffer. */
    private static final int MAX_BLOCK_MILLIS = 2000;
    /** Room in a dead letter for why it is one. */
    private static final int DEAD_LETTER_OVERHEAD = 16 * 1024;
    /** Beyond what a request to Sumo Logic takes: until then a bridge that delivers is not missed in its group. */
    private static final int POLL_INTERVAL_MILLIS = 300_000;
    private static final int TOKEN_TIMEOUT_MILLIS = 5000;
    private static final String OAUTHBEARER = "OAUTHBEARER";

    private final KafkaSettings settings;
    private final int maxRecordBytes;
    private final int maxPollIntervalMillis;
    private final Optional<String> ca;
    private final Optional<String> certificate;
    private final Optional<String> key;

    KafkaClients(BridgeSettings bridge, SumoLogicSettings sumoLogic) {
        this.settings = bridge.kafka();
        this.maxRecordBytes = Math.toIntExact(Math.min(Integer.MAX_VALUE,
                bridge.maxBodySize().asLongValue() + RECORD_OVERHEAD));
        this.maxPollIntervalMillis = Math.toIntExact(Math.min(Integer.MAX_VALUE,
                POLL_INTERVAL_MILLIS + 2L * sumoLogic.connectTimeout() + sumoLogic.responseTimeout()));
        this.ca = pem(settings.ca());
        this.certificate = pem(settings.certificate());
        this.key = pem(settings.key());
    }

    /** The largest record that the bridge writes, in bytes. */
    int maxRecordBytes() {
        return maxRecordBytes;
    }

    /** Lanes, and what else is over Kafka, have topics that begin alike. */
    String topic(String name) {
        return settings.topicPrefix() + name;
    }

    /** The consumer group of a lane: each lane has its own, so that none waits for another. */
    String group(String lane) {
        return settings.topicPrefix() + lane;
    }

    @Override
    public boolean isEnabled(String name, Component target) {
        return target instanceof KafkaComponent;
    }

    /** Camel's component, for the steps {@code kafka:} of the routes. */
    @Override
    public void configure(String name, Component target) {
        KafkaComponent component = (KafkaComponent) target;
        // a client that can't be made now, since it gets no token or finds no broker, is made later
        component.setLazyStartProducer(true);
        KafkaConfiguration configuration = component.getConfiguration();
        configuration.setBrokers(settings.brokers().orElse(null));
        configuration.setValueSerializer(ByteArraySerializer.class.getName());
        configuration.setRecordMetadata(false);
        configuration.setAdditionalProperties(producerProperties(maxRecordBytes - DEAD_LETTER_OVERHEAD));
        // no more than this: an HTTP request's headers hold its credentials
        configuration.setHeaderFilterStrategy(new DefaultHeaderFilterStrategy() {
            @Override
            public boolean applyFilterToCamelHeaders(String header, Object value, Exchange exchange) {
                return !EventHeaders.NAMES.contains(header);
            }
        });
    }

    Admin admin() {
        Map<String, Object> properties = common();
        properties.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, 5000);
        properties.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, 5000);
        return Admin.create(properties);
    }

    Producer<String, byte[]> producer() {
        return new KafkaProducer<>(producerProperties(maxRecordBytes), new StringSerializer(),
                new ByteArraySerializer());
    }

    /**
     * A consumer that commits only what it is told to.
     *
     * @param properties its own
     */
    Consumer<String, byte[]> consumer(Map<String, Object> properties) {
        Map<String, Object> all = common();
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        all.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 5000);
        all.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5000);
        all.put(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, maxPollIntervalMillis);
        all.putAll(properties);
        return new KafkaConsumer<>(all, new StringDeserializer(), new ByteArrayDeserializer());
    }

    private Map<String, Object> producerProperties(int largestRecord) {
        Map<String, Object> properties = common();
        int timeout = Math.toIntExact(settings.timeout().toMillis());
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, timeout);
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.max(1, timeout / 2));
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, Math.min(timeout, MAX_BLOCK_MILLIS));
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, largestRecord);
        return properties;
    }

    private Map<String, Object> common() {
        Map<String, Object> properties = new HashMap<>();
        properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, settings.brokers().orElse(""));
        properties.put(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, settings.securityProtocol().name);
        if (settings.securityProtocol().name.startsWith("SASL")) {
            properties.put(SaslConfigs.SASL_MECHANISM, settings.saslMechanism());
            properties.put(SaslConfigs.SASL_JAAS_CONFIG, login());
            if (OAUTHBEARER.equals(settings.saslMechanism())) {
                properties.putAll(token());
            }
        }
        ca.ifPresent(certificates -> {
            properties.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
            properties.put(SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG, certificates);
        });
        certificate.ifPresent(chain -> {
            properties.put(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, "PEM");
            properties.put(SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG, chain);
            properties.put(SslConfigs.SSL_KEYSTORE_KEY_CONFIG, key.orElse(""));
        });
        return properties;
    }

    private String login() {
        String modules = "org.apache.kafka.common.security.";
        String credentials = " required username=" + quoted(settings.username().orElse("")) + " password="
                + quoted(settings.password().orElse("")) + ";";
        return switch (settings.saslMechanism()) {
            case "PLAIN" -> modules + "plain.PlainLoginModule" + credentials;
            case OAUTHBEARER -> modules + "oauthbearer.OAuthBearerLoginModule required;";
            default -> modules + "scram.ScramLoginModule" + credentials;
        };
    }

    private Map<String, Object> token() {
        Map<String, Object> properties = new HashMap<>();
        String url = settings.oauthTokenUrl().orElse("");
        // Kafka asks no URL that is not named there
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
        properties.put(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, url);
        properties.put(SaslConfigs.SASL_LOGIN_CONNECT_TIMEOUT_MS, TOKEN_TIMEOUT_MILLIS);
        properties.put(SaslConfigs.SASL_LOGIN_READ_TIMEOUT_MS, TOKEN_TIMEOUT_MILLIS);
        properties.put(SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS, OAuthBearerLoginCallbackHandler.class.getName());
        properties.put(SaslConfigs.SASL_OAUTHBEARER_JWT_RETRIEVER_CLASS, ClientCredentialsJwtRetriever.class.getName());
        // the default one is made for brokers and needs a library that clients do without
        properties.put(SaslConfigs.SASL_OAUTHBEARER_JWT_VALIDATOR_CLASS, ClientJwtValidator.class.getName());
        properties.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_ID, settings.username().orElse(""));
        properties.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET, settings.password().orElse(""));
        // RFC 6749, section 2.3.1
        properties.put(SaslConfigs.SASL_OAUTHBEARER_HEADER_URLENCODE, true);
        settings.oauthScope().ifPresent(scope -> properties.put(SaslConfigs.SASL_OAUTHBEARER_SCOPE, scope));
        return properties;
    }

    private static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static Optional<String> pem(Optional<Path> file) {
        return file.map(path -> {
            try {
                return Files.readString(path);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
