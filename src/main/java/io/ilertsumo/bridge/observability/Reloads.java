package io.ilertsumo.bridge.observability;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.delivery.SecretMasker;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;

/** What became of changes of the routes and secrets while the bridge runs: logs and counts them. Thread-safe. */
@ApplicationScoped
public class Reloads {

    /** The directory {@code BRIDGE_ROUTES_DIR}. */
    public static final String ROUTES = "routes";
    /** The directory {@code BRIDGE_SECRETS_DIR}. */
    public static final String SECRETS = "secrets";
    private static final Logger LOG = LoggerFactory.getLogger(Reloads.class);

    private final SecretMasker masker;
    private final MeterRegistry registry;
    /** The reason by {@link #ROUTES} and {@link #SECRETS}. */
    private final Map<String, String> rejected = new ConcurrentSkipListMap<>();

    Reloads(SecretMasker masker, MeterRegistry registry) {
        this.masker = masker;
        this.registry = registry;
    }

    void register(@Observes StartupEvent starting) {
        for (String files : List.of(ROUTES, SECRETS)) {
            Gauge.builder("bridge.reload.rejected", rejected, reasons -> reasons.containsKey(files) ? 1 : 0)
                    .description("1 while changed files are not used").tags("files", files).register(registry);
            for (String result : List.of("loaded", "rejected")) {
                registry.counter("bridge.reloads", "files", files, "result", result);
            }
        }
    }

    /** Why changed files are not used. */
    public Map<String, String> rejected() {
        return rejected;
    }

    /** Counts a change that is used. */
    public void loaded(String files, String what) {
        LOG.info("Loaded without a restart: {}", what);
        registry.counter("bridge.reloads", "files", files, "result", "loaded").increment();
    }

    /** Counts a change that is not used for that reason; without a reason, all files are used. */
    public void report(String files, String reason) {
        if (!reason.isEmpty()) {
            rejected.put(files, masker.mask(reason));
            LOG.error("The changed {} are not used, and the former ones stay in use until the files are repaired: {}",
                    files, rejected.get(files));
            registry.counter("bridge.reloads", "files", files, "result", "rejected").increment();
        } else if (rejected.remove(files) != null) {
            LOG.info("The {} are repaired: all their files are used", files);
        }
    }
}
