package io.ilertsumo.bridge.store.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;

import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.errors.InterruptException;
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
import io.quarkus.runtime.annotations.RegisterForReflection;

/** Makes clients of the Kafka brokers from the settings. Thread-safe. */
@RegisterForReflection(targets = { ClientCredentialsJwtRetriever.class, ClientJwtValidator.class })
public class KafkaClients {

    /** The largest part of an event's record that is not the event. */
    private static final int EVENT_OVERHEAD = 48 * 1024;
    /** The largest part of a dead letter's record that is not its body: it adds why it is one. */
    private static final int DEAD_LETTER_OVERHEAD = 64 * 1024;
    /** The longest that a call may wait for metadata, or for room in the producer's buffer. */
    private static final int MAX_BLOCK_MILLIS = 1000;
    private static final int CALL_TIMEOUT_MILLIS = 5000;
    /** Other processes take over the partitions of a process that was killed after that time. */
    private static final int SESSION_TIMEOUT_MILLIS = 10_000;
    /** Beyond the time of a request to Sumo Logic: a lane that delivers must not lose its partitions. */
    private static final int POLL_INTERVAL_MILLIS = 300_000;
    private static final String OAUTHBEARER = "OAUTHBEARER";

    private final KafkaSettings settings;
    private final int maxBodyBytes;
    private final int maxPollIntervalMillis;

    public KafkaClients(BridgeSettings bridge, SumoLogicSettings sumoLogic) {
        settings = bridge.kafka();
        maxBodyBytes = Math.toIntExact(bridge.maxBodySize().asLongValue());
        maxPollIntervalMillis = Math.toIntExact(POLL_INTERVAL_MILLIS
                + sumoLogic.connectTimeout().multipliedBy(2).plus(sumoLogic.responseTimeout()).toMillis());
    }

    /** The topic of a lane, which is also the name of its consumer group, or of something else in Kafka. */
    String topic(String name) {
        return settings.topicPrefix() + name;
    }

    /** Bytes of the largest record. */
    int maxRecordBytes() {
        return maxBodyBytes + DEAD_LETTER_OVERHEAD;
    }

    Admin admin() {
        Map<String, Object> properties = common();
        properties.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MILLIS);
        properties.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MILLIS);
        // while no broker can be reached, the default repeats itself without a pause
        properties.put(CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG, "none");
        return Admin.create(properties);
    }

    /** Its records are smaller than {@link #maxRecordBytes()}, so that each event fits into a dead letter. */
    Producer<String, byte[]> eventProducer() {
        return producer(maxBodyBytes + EVENT_OVERHEAD);
    }

    Producer<String, byte[]> deadLetterProducer() {
        return producer(maxRecordBytes());
    }

    private Producer<String, byte[]> producer(int maxRecordBytes) {
        Map<String, Object> properties = common();
        int timeout = Math.toIntExact(settings.timeout().toMillis());
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, timeout);
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, timeout / 2);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, Math.min(timeout, MAX_BLOCK_MILLIS));
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, maxRecordBytes);
        return new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer());
    }

    /** A member of a consumer group. */
    Consumer<String, byte[]> laneConsumer(String topic, int maxEvents, int maxBytes) {
        return consumer(Map.of(
                ConsumerConfig.GROUP_ID_CONFIG, topic,
                ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MILLIS,
                // a change in the group stops only the partitions that move
                ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName(),
                ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, maxPollIntervalMillis,
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG, maxEvents,
                ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, maxBytes,
                ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 2 * maxBytes));
    }

    /** It is not a member of a group, and reads only what is there already. */
    Consumer<String, byte[]> deadLetterConsumer() {
        return consumer(Map.of(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 1));
    }

    private Consumer<String, byte[]> consumer(Map<String, Object> own) {
        Map<String, Object> properties = common();
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MILLIS);
        properties.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MILLIS);
        properties.putAll(own);
        return new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
    }

    private Map<String, Object> common() {
        Map<String, Object> properties = new HashMap<>();
        properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, settings.brokers().orElse(""));
        properties.put(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, settings.securityProtocol().name);
        if (settings.securityProtocol().name.startsWith("SASL")) {
            properties.put(SaslConfigs.SASL_MECHANISM, settings.saslMechanism());
            properties.put(SaslConfigs.SASL_JAAS_CONFIG, login());
            if (OAUTHBEARER.equals(settings.saslMechanism())) {
                addToken(properties);
            }
        }
        settings.ca().ifPresent(file -> {
            properties.put(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
            properties.put(SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG, file.toString());
        });
        settings.certificate().ifPresent(file -> {
            properties.put(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, "PEM");
            properties.put(SslConfigs.SSL_KEYSTORE_CERTIFICATE_CHAIN_CONFIG, read(file));
            properties.put(SslConfigs.SSL_KEYSTORE_KEY_CONFIG, settings.key().map(KafkaClients::read).orElse(""));
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

    private void addToken(Map<String, Object> properties) {
        String url = settings.oauthTokenUrl().orElse("");
        // Kafka's clients connect to no URL that this property does not name
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
        properties.put(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, url);
        properties.put(SaslConfigs.SASL_LOGIN_CONNECT_TIMEOUT_MS, CALL_TIMEOUT_MILLIS);
        properties.put(SaslConfigs.SASL_LOGIN_READ_TIMEOUT_MS, CALL_TIMEOUT_MILLIS);
        properties.put(SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS, OAuthBearerLoginCallbackHandler.class.getName());
        properties.put(SaslConfigs.SASL_OAUTHBEARER_JWT_RETRIEVER_CLASS, ClientCredentialsJwtRetriever.class.getName());
        // the default validator is made for brokers and needs a library that clients do without
        properties.put(SaslConfigs.SASL_OAUTHBEARER_JWT_VALIDATOR_CLASS, ClientJwtValidator.class.getName());
        properties.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_ID, settings.username().orElse(""));
        properties.put(SaslConfigs.SASL_OAUTHBEARER_CLIENT_CREDENTIALS_CLIENT_SECRET, settings.password().orElse(""));
        // RFC 6749, section 2.3.1
        properties.put(SaslConfigs.SASL_OAUTHBEARER_HEADER_URLENCODE, true);
        settings.oauthScope().ifPresent(scope -> properties.put(SaslConfigs.SASL_OAUTHBEARER_SCOPE, scope));
    }

    private static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new KafkaException(file + " can't be read", e);
        }
    }

    /** Waits for an answer to an admin client, at most five seconds. */
    static <T> T get(KafkaFuture<T> answer) {
        try {
            return answer.get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException failure ? failure : new KafkaException(e.getCause());
        }
    }

    /** The first line of the root cause's message: there Kafka names what is wrong with a certificate or token. */
    static String reason(Throwable failure) {
        if (failure.getCause() != null) {
            return reason(failure.getCause());
        }
        String name = failure.getClass().getSimpleName();
        // a failed login has its stack trace in the message
        return failure.getMessage() == null ? name : failure.getMessage().lines().findFirst().orElse(name);
    }
}
