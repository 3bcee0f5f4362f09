package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;

/**
 * Runs a {@link SumoLogic} beside the bridge and sets the bridge up for it, with an outbox of its own or the shared
 * {@link KafkaBroker}. What it is given as arguments becomes a setting too.
 */
public class SumoLogicResource implements QuarkusTestResourceLifecycleManager {

    /** Argument: the source's token goes into a setting of its own instead of the URL. */
    public static final String TOKEN_BY_HEADER = "token-by-header";

    /** A secret, which must not leak. Colon and percent sign must be read literally. */
    public static final String PASSWORD = "marker-Pa55:word%40";

    /** A secret, which must not leak either. */
    public static final String MANAGEMENT_PASSWORD = "marker-0perator:word";

    private Map<String, String> settings;
    private SumoLogic sumoLogic;
    private KafkaTopics kafka;

    @Override
    public void init(Map<String, String> arguments) {
        settings = new HashMap<>(arguments);
    }

    @Override
    public Map<String, String> start() {
        sumoLogic = new SumoLogic();
        if (System.getProperty("build.directory") != null) {
            Program.archiveClasses();
        }
        Map<String, String> all = new HashMap<>(common());
        if (settings.remove(TOKEN_BY_HEADER) == null) {
            all.put("sumologic.url", sumoLogic.url());
        } else {
            all.put("sumologic.url", sumoLogic.urlWithoutToken());
            all.put("sumologic.token", SumoLogic.TOKEN);
        }
        all.put("bridge.outbox.directory", newDirectory("outbox").toString());
        all.put("quarkus.log.file.enabled", "true");
        all.put("quarkus.log.file.rotation.max-file-size", "1G");
        all.put("quarkus.management.port", "0");
        if ("kafka".equals(settings.get("bridge.store"))) {
            kafka = new KafkaTopics(KafkaBroker.shared(), settings.get("bridge.kafka.topic-prefix"));
            all.put("kafka.bootstrap.servers", kafka.broker().brokers());
        }
        all.putAll(settings);
        return all;
    }

    /**
     * What makes the bridge quick enough for tests: the defaults are meant for a far and busy Sumo Logic. Nor does it
     * report, but where a test wants it to.
     */
    public static Map<String, String> common() {
        return Map.of(
                "ilert.webhook.password", PASSWORD,
                "bridge.management.password", MANAGEMENT_PASSWORD,
                "bridge.bulk.linger", "200ms",
                "bridge.retry.delay", "50ms",
                "bridge.retry.max-delay", "200ms",
                "bridge.retry.misconfigured-after", "1s",
                "bridge.report.period", "0",
                "sumologic.response-timeout", "3s");
    }

    /** An empty directory below {@code target}, to inspect after a failed test. */
    public static Path newDirectory(String name) {
        try {
            return Files.createTempDirectory(Path.of("target").toAbsolutePath(), name + "-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void inject(TestInjector injector) {
        injector.injectIntoFields(sumoLogic, new TestInjector.MatchesType(SumoLogic.class));
        injector.injectIntoFields(kafka, new TestInjector.MatchesType(KafkaTopics.class));
    }

    @Override
    public void stop() {
        if (sumoLogic != null) {
            sumoLogic.close();
        }
    }
}
