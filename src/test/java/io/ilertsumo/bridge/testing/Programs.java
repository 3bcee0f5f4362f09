package io.ilertsumo.bridge.testing;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.quarkus.test.junit.QuarkusTestProfile;

/** The programs that tests run against: each is started once for all test classes that name it. */
public final class Programs {

    /** A secret, which must not leak. */
    public static final String REDACT_KEY = "marker-k3y-8f1c";

    private static final String REDACTED = "assignedTo.email,responders[*].user.email";

    private Programs() {
    }

    private abstract static class Program implements QuarkusTestProfile {

        private final Map<String, String> settings;

        Program(Map<String, String> settings) {
            this.settings = settings;
        }

        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(SumoLogicResource.class, settings));
        }
    }

    /** As it comes. */
    public static final class Default extends Program {
        public Default() {
            super(Map.of());
        }
    }

    /**
     * As it comes, over the {@link KafkaBroker#shared() shared} broker. A lane is one partition, so that the events of
     * all alerts keep their order, not only those of each.
     */
    public static final class OverKafka extends Program {
        public OverKafka() {
            super(Map.of(
                    "bridge.store", "kafka",
                    "bridge.kafka.topic-prefix", "over-kafka-",
                    "bridge.kafka.partitions", "1"));
        }
    }

    /** Another choice wherever there is one, and an outbox that is full after {@link #MAX_EVENTS} events. */
    public static final class Otherwise extends Program {

        public static final int MAX_EVENTS = 20;

        public Otherwise() {
            super(Map.ofEntries(
                    Map.entry(SumoLogicResource.TOKEN_BY_HEADER, "true"),
                    Map.entry("sumologic.compression", "deflate"),
                    Map.entry("sumologic.category", "test/default"),
                    Map.entry("sumologic.name", "a name"),
                    Map.entry("sumologic.host", "a.host"),
                    Map.entry("bridge.category.escalation", "test/escalation"),
                    Map.entry("ilert.webhook.auth", "header"),
                    Map.entry("bridge.drop-groups", "collaboration"),
                    Map.entry("bridge.redact", REDACTED),
                    Map.entry("bridge.management.username", "operator"),
                    Map.entry("bridge.management.password", SumoLogicResource.MANAGEMENT_PASSWORD),
                    Map.entry("bridge.max-body-size", "10K"),
                    Map.entry("bridge.outbox.max-events", String.valueOf(MAX_EVENTS))));
        }
    }

    /**
     * Without authentication, a password of the management port and compression; addresses are hashed, and bulk events
     * linger for {@link #LINGER_MILLIS}.
     */
    public static final class Open extends Program {

        public static final int LINGER_MILLIS = 2000;

        public Open() {
            super(Map.of(
                    "ilert.webhook.auth", "none",
                    "bridge.management.password", "",
                    "sumologic.compression", "none",
                    "bridge.redact", REDACTED,
                    "bridge.redact-mode", "hash",
                    "bridge.redact-key", REDACT_KEY,
                    "bridge.bulk.linger", LINGER_MILLIS + "ms"));
        }
    }

    /** Has little room and little patience for its senders. */
    public static final class Impatient extends Program {

        public static final int MAX_PER_SECOND = 40;

        public Impatient() {
            super(Map.of(
                    "bridge.receive.max-per-second", String.valueOf(MAX_PER_SECOND),
                    "bridge.receive.max-bytes", "4M",
                    "bridge.receive.timeout", "2s",
                    "quarkus.http.idle-timeout", "3s"));
        }
    }

    /** Logs at DEBUG, and reports to Sumo Logic four times a second, compressed by zstd. */
    public static final class Talkative extends Program {

        private static final Map<String, String> SETTINGS = Map.of(
                "bridge.redact", "responders[*].user.email",
                "bridge.redact-mode", "hash",
                "bridge.redact-key", REDACT_KEY,
                "bridge.report.period", "250ms",
                "sumologic.compression", "zstd",
                "quarkus.log.level", "DEBUG",
                "quarkus.log.console.level", "INFO",
                // the tests' own HTTP client, which may be in the same process
                "quarkus.log.category.\"org.apache.http\".level", "INFO",
                "quarkus.log.category.\"io.restassured\".level", "INFO");

        public Talkative() {
            super(SETTINGS);
        }
    }

    /** Logs at DEBUG, over the {@link KafkaBroker#shared() shared} broker. */
    public static final class TalkativeOverKafka extends Program {
        public TalkativeOverKafka() {
            super(with(Talkative.SETTINGS, Map.of(
                    "bridge.store", "kafka",
                    "bridge.kafka.topic-prefix", "talkative-over-kafka-",
                    "bridge.kafka.partitions", "3")));
        }

        private static Map<String, String> with(Map<String, String> settings, Map<String, String> more) {
            Map<String, String> all = new HashMap<>(settings);
            all.putAll(more);
            return all;
        }
    }
}
