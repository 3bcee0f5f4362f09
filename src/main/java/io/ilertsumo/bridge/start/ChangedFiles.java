package io.ilertsumo.bridge.start;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;

import org.apache.camel.CamelContext;
import org.apache.camel.quarkus.main.events.AfterStart;
import org.apache.camel.quarkus.main.events.BeforeConfigure;
import org.apache.camel.support.ResourceHelper;
import org.apache.camel.util.IOHelper;
import org.eclipse.microprofile.config.Config;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.ilertsumo.bridge.observability.Reloads;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.settings.SecretFiles;
import io.ilertsumo.bridge.settings.SecretsChanged;
import io.quarkus.runtime.configuration.ConfigurationException;

/**
 * Reads the secrets, and with {@code BRIDGE_ROUTES_RELOAD} the route files, every {@value #PERIOD_MILLIS} ms, and uses them
 * once they have changed and are the same twice: a writer may need some time, and of the symbolic link by which Kubernetes
 * replaces a directory no notification is reliable.
 */
@ApplicationScoped
public class ChangedFiles {

    private static final long PERIOD_MILLIS = 1000;
    private static final Logger LOG = LoggerFactory.getLogger(ChangedFiles.class);

    private final BridgeSettings settings;
    private final RouteReplacement routes;
    private final Reloads reloads;
    private final Config config;
    private final Event<SecretsChanged> secretsChanged;
    private final Directory secretsDir = new Directory();
    private final Directory routesDir = new Directory();
    /** The texts of the running routes and Kamelets by location, but for those of the program. */
    private Map<String, String> running = Map.of();

    /** The files of a directory, to see that they have changed. */
    private static final class Directory {

        private Map<String, String> last;
        private Map<String, String> seen;

        /** Whether the files are others than before, and the same as the last time. */
        boolean hasChanged(Map<String, String> files) {
            boolean hasChanged = files.equals(last) && !files.equals(seen);
            last = files;
            seen = hasChanged ? files : seen;
            return hasChanged;
        }
    }

    ChangedFiles(BridgeSettings settings, RouteReplacement routes, Reloads reloads, Config config,
            Event<SecretsChanged> secretsChanged) {
        this.settings = settings;
        this.routes = routes;
        this.reloads = reloads;
        this.config = config;
        this.secretsChanged = secretsChanged;
    }

    void remember(@Observes BeforeConfigure starting) {
        settings.routesDir().ifPresent(dir -> running = routes(dir));
        routesDir.seen = running;
    }

    void start(@Observes AfterStart started, CamelContext context) {
        if (settings.secretsDir().isPresent() || settings.routesReload()) {
            context.getExecutorServiceManager().newSingleThreadScheduledExecutor(this, "changed-files")
                    .scheduleWithFixedDelay(() -> check(context), PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void check(CamelContext context) {
        try {
            settings.secretsDir().ifPresent(dir -> checkSecrets(SecretFiles.read(dir), context));
            settings.routesDir().filter(dir -> settings.routesReload()).ifPresent(this::checkRoutes);
        } catch (RuntimeException e) {
            LOG.error("Changed files can't be used", e);
        }
    }

    private void checkSecrets(Map<String, String> files, CamelContext context) {
        if (!secretsDir.hasChanged(files)) {
            return;
        }
        SecretFiles secrets = StreamSupport.stream(config.getConfigSources().spliterator(), false)
                .filter(SecretFiles.class::isInstance).map(SecretFiles.class::cast).findFirst().orElseThrow();
        Set<String> errors = new TreeSet<>();
        Map<String, String> former = secrets.values();
        Map<String, String> next = secrets.merge(files, errors);
        Set<String> changed = next.keySet().stream().filter(name -> !next.get(name).equals(former.get(name)))
                .collect(Collectors.toCollection(TreeSet::new));
        try {
            use(secrets, next);
            // the credentials of both ports are no part of a route
            if (!changed.stream().allMatch(name -> name.startsWith("ILERT_") || name.startsWith("BRIDGE_"))) {
                Map<String, String> same = running.isEmpty() ? ofProgram(context) : running;
                routes.replace(same, same, () -> use(secrets, former));
            }
            if (!changed.isEmpty()) {
                reloads.loaded(Reloads.SECRETS, String.join(", ", changed));
            }
        } catch (ConfigurationException e) {
            use(secrets, former);
            errors.add(String.join(", ", changed) + ": " + e.getMessage());
        }
        reloads.report(Reloads.SECRETS, String.join(". ", errors));
    }

    private void use(SecretFiles secrets, Map<String, String> values) {
        secrets.replace(values);
        secretsChanged.fire(new SecretsChanged(config));
    }

    private void checkRoutes(Path dir) {
        Map<String, String> files = routes(dir);
        if (!routesDir.hasChanged(files)) {
            return;
        }
        String error = "";
        try {
            if (!files.equals(running)) {
                RouteCheck.requireRoutes(dir);
                routes.replace(running, files, () -> {
                });
                running = files;
                reloads.loaded(Reloads.ROUTES, "the routes in " + dir);
            }
        } catch (ConfigurationException e) {
            error = e.getMessage();
        }
        reloads.report(Reloads.ROUTES, error);
    }

    private static Map<String, String> routes(Path dir) {
        Map<String, String> routes = new TreeMap<>();
        SecretFiles.read(dir, name -> name.endsWith(".camel.yaml") || name.endsWith(".kamelet.yaml"))
                .forEach((name, text) -> routes.put("file:" + dir.resolve(name), text));
        return routes;
    }

    /** The routes of the program. The component of the Kamelets finds those by itself. */
    private Map<String, String> ofProgram(CamelContext context) {
        Map<String, String> routes = new TreeMap<>();
        for (String location : config.getValue("camel.main.routes-include-pattern", String.class).split(",")) {
            try {
                routes.put(location,
                        IOHelper.loadText(ResourceHelper.resolveMandatoryResourceAsInputStream(context, location)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return routes;
    }
}
