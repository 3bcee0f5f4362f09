package io.ilertsumo.bridge.store.kafka;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;

import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.security.oauthbearer.ClientCredentialsJwtRetriever;
import org.apache.kafka.common.security.oauthbearer.ClientJwtValidator;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.SumoLogicSettings;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.configuration.ConfigurationException;

/** Makes clients of the Kafka brokers from the properties of Kafka's clients that the user has set. Thread-safe. */
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
    private static final int MAX_IDLE_MILLIS = 180_000;
    private static final Map<String, Object> OAUTH_DEFAULTS = Map.of(
            SaslConfigs.SASL_JAAS_CONFIG, OAuthBearerLoginModule.class.getName() + " required;",
            SaslConfigs.SASL_LOGIN_CALLBACK_HANDLER_CLASS, OAuthBearerLoginCallbackHandler.class.getName(),
            SaslConfigs.SASL_OAUTHBEARER_JWT_RETRIEVER_CLASS, ClientCredentialsJwtRetriever.class.getName(),
            // Kafka's default is made for brokers and needs a library that clients do without
            SaslConfigs.SASL_OAUTHBEARER_JWT_VALIDATOR_CLASS, ClientJwtValidator.class.getName(),
            // RFC 6749, section 2.3.1
            SaslConfigs.SASL_OAUTHBEARER_HEADER_URLENCODE, true,
            SaslConfigs.SASL_LOGIN_CONNECT_TIMEOUT_MS, CALL_TIMEOUT_MILLIS,
            SaslConfigs.SASL_LOGIN_READ_TIMEOUT_MS, CALL_TIMEOUT_MILLIS);

    private final Map<String, Object> properties = new HashMap<>();
    private final String topicPrefix;
    private final int timeoutMillis;
    private final int maxBodyBytes;
    private final int maxPollIntervalMillis;

    /**
     * @param  properties             of Kafka's clients, as set by the user
     * @throws ConfigurationException if one is missing or wrong
     */
    public KafkaClients(Map<String, Object> properties, BridgeSettings bridge, SumoLogicSettings sumoLogic) {
        topicPrefix = bridge.kafkaTopicPrefix();
        timeoutMillis = Math.toIntExact(bridge.kafkaTimeout().toMillis());
        maxBodyBytes = Math.toIntExact(bridge.maxBodySize().asLongValue());
        maxPollIntervalMillis = Math.toIntExact(POLL_INTERVAL_MILLIS
                + sumoLogic.connectTimeout().multipliedBy(2).plus(sumoLogic.responseTimeout()).toMillis());
        if ("OAUTHBEARER".equals(properties.get(SaslConfigs.SASL_MECHANISM))) {
            this.properties.putAll(OAUTH_DEFAULTS);
            // Kafka's clients connect to no URL that this property does not name
            System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls",
                    properties.getOrDefault(SaslConfigs.SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, "").toString());
        }
        this.properties.putAll(properties);
        // Quarkus adds a default, and settings without a value
        this.properties.remove(CommonClientConfigs.GROUP_ID_CONFIG);
        this.properties.values().removeIf(""::equals);
        if (!this.properties.containsKey(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)) {
            throw new ConfigurationException("KAFKA_BOOTSTRAP_SERVERS is missing: the Kafka brokers, as host:port");
        }
        try {
            new AdminClientConfig(this.properties);
        } catch (ConfigException e) {
            throw new ConfigurationException("A setting KAFKA_* is wrong: " + e.getMessage(), e);
        }
    }

    /** The topic of a lane, which is also the name of its consumer group, or of something else in Kafka. */
    String topic(String name) {
        return topicPrefix + name;
    }

    /** Bytes of the largest record. */
    int maxRecordBytes() {
        return maxBodyBytes + DEAD_LETTER_OVERHEAD;
    }

    Admin admin() {
        return Admin.create(properties(Map.of(
                CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MILLIS,
                CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MILLIS,
                // while no broker can be reached, Kafka's default repeats itself without a pause
                CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG, "none"), Map.of()));
    }

    /** Its records are smaller than {@link #maxRecordBytes()}, so that each event fits into a dead letter. */
    Producer<String, byte[]> eventProducer() {
        return producer(maxBodyBytes + EVENT_OVERHEAD);
    }

    Producer<String, byte[]> deadLetterProducer() {
        return producer(maxRecordBytes());
    }

    private Producer<String, byte[]> producer(int maxRecordBytes) {
        return new KafkaProducer<>(properties(Map.of(), Map.of(
                ProducerConfig.ACKS_CONFIG, "all",
                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true,
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, timeoutMillis,
                ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, timeoutMillis / 2,
                ProducerConfig.MAX_BLOCK_MS_CONFIG, Math.min(timeoutMillis, MAX_BLOCK_MILLIS),
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG, maxRecordBytes)), new StringSerializer(),
                new ByteArraySerializer());
    }

    /** A member of a consumer group. */
    Consumer<String, byte[]> laneConsumer(String topic, int maxEvents, int maxBytes) {
        return consumer(Map.of(
                ConsumerConfig.GROUP_ID_CONFIG, topic,
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

    private Consumer<String, byte[]> consumer(Map<String, Object> more) {
        Map<String, Object> required = new HashMap<>(more);
        required.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        required.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        required.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        return new KafkaConsumer<>(properties(Map.of(
                ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, SESSION_TIMEOUT_MILLIS,
                ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MILLIS,
                ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, CALL_TIMEOUT_MILLIS), required), new StringDeserializer(),
                new ByteArrayDeserializer());
    }

    /** The user's properties override defaults, but not what the bridge requires. */
    private Map<String, Object> properties(Map<String, Object> defaults, Map<String, Object> required) {
        Map<String, Object> all = new HashMap<>(defaults);
        // load balancers and firewalls drop idle connections after 4 minutes or more, without a notice
        all.put(CommonClientConfigs.CONNECTIONS_MAX_IDLE_MS_CONFIG, MAX_IDLE_MILLIS);
        all.putAll(properties);
        all.putAll(required);
        return all;
    }

    /**
     * Waits at most five seconds for an answer to an admin client.
     *
     * @param right what the call requires
     */
    static <T> T get(String right, KafkaFuture<T> answer) {
        try {
            return answer.get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw withRight(right, e.getCause()) instanceof KafkaException failure
                    ? failure
                    : new KafkaException(e.getCause());
        }
    }

    /** Adds the right that is missing to a failure that names the topic or group only. */
    static Throwable withRight(String right, Throwable failure) {
        return failure instanceof AuthorizationException
                ? new AuthorizationException(failure.getMessage() + ", the right " + right + " is missing")
                : failure;
    }

    /** The first line of the root cause's message: there Kafka names what is wrong with a certificate or token. */
    static String reason(Throwable failure) {
        if (failure.getCause() != null) {
            return reason(failure.getCause());
        }
        String name = failure.getClass().getSimpleName();
        if (String.valueOf(failure.getMessage()).contains("JAAS config")) {
            // the message may quote a part of a password
            return "KAFKA_SASL_JAAS_CONFIG is not valid";
        }
        // a failed login has its stack trace in the message
        return failure.getMessage() == null ? name : failure.getMessage().lines().findFirst().orElse(name);
    }
}
