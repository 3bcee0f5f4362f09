package io.ilertsumo.bridge.observability;

import java.time.Instant;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.util.InetAddressUtil;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigValue;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.vertx.http.ManagementInterface;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Serves the page of the management port, and what it shows beside health, metrics and dead letters: the settings, without
 * secrets, and what was counted in the last hour. Thread-safe.
 */
@ApplicationScoped
public class ManagementPage {

    private static final Pattern SETTING = Pattern.compile("(bridge|ilert|sumologic)\\..+|kafka\\.bootstrap\\.servers"
            + "|quarkus\\.((http|management)\\.port|http\\.idle-timeout|http\\.limits\\.max-(connections|header-size)"
            + "|shutdown\\.(delay|timeout))");
    private static final Pattern SECRET = Pattern.compile("sumologic\\.(url|proxy)|.*(password|token|[.-]key)");
    /** The order of {@code application.properties} in the program. */
    private static final int DEFAULT_ORDINAL = 250;
    private static final int MINUTES = 60;

    private final ManagementApi management;
    private final MeterRegistry registry;
    private final Config config;
    private final String host = InetAddressUtil.getLocalHostNameSafe();
    /** The counters, once a minute, the oldest first. */
    private final Deque<Sample> samples = new ConcurrentLinkedDeque<>();

    private record Sample(Instant at, Map<Meter.Id, Double> counts) {
    }

    ManagementPage(ManagementApi management, MeterRegistry registry, Config config) {
        this.management = management;
        this.registry = registry;
        this.config = config;
    }

    void register(@Observes ManagementInterface port, Vertx vertx) {
        Router router = port.router();
        management.add(router, "/", ManagementApi.file("management/page.html", "text/html; charset=utf-8"));
        management.add(router, "/page.js", ManagementApi.file("management/page.js", "text/javascript; charset=utf-8"));
        management.add(router, "/page.css", ManagementApi.file("management/page.css", "text/css; charset=utf-8"));
        management.add(router, "/webhooks/openapi.yaml",
                ManagementApi.file("webhook.openapi.yaml", "application/yaml"));
        management.add(router, "/status", new ManagementApi.Method(HttpMethod.GET, "", this::status));
        takeSample();
        vertx.setPeriodic(TimeUnit.MINUTES.toMillis(1), minute -> takeSample());
    }

    private void takeSample() {
        samples.add(new Sample(Instant.now(), counts()));
        if (samples.size() > MINUTES) {
            samples.remove();
        }
    }

    private Map<Meter.Id, Double> counts() {
        Map<Meter.Id, Double> counts = new HashMap<>();
        registry.getMeters().stream()
                .filter(meter -> meter.getId().getType() == Meter.Type.COUNTER
                        && meter.getId().getName().startsWith("bridge."))
                .forEach(meter -> counts.put(meter.getId(), meter.measure().iterator().next().getValue()));
        return counts;
    }

    private void status(RoutingContext call) {
        Sample first = samples.element();
        JsonArray counted = new JsonArray();
        counts().forEach((meter, count) -> {
            long since = Math.round(count - first.counts.getOrDefault(meter, 0.0));
            if (since > 0) {
                JsonObject labels = new JsonObject();
                meter.getTags().forEach(tag -> labels.put(tag.getKey(), tag.getValue()));
                counted.add(new JsonObject().put("name", meter.getName()).put("labels", labels).put("count", since));
            }
        });
        JsonArray settings = new JsonArray();
        Set<String> names = new TreeSet<>();
        config.getPropertyNames().forEach(names::add);
        names.removeIf(name -> !SETTING.matcher(name).matches());
        for (String name : names) {
            ConfigValue setting = config.getConfigValue(name);
            String value = Objects.requireNonNullElse(setting.getValue(), "");
            settings.add(new JsonObject().put("name", name)
                    .put("value",
                            !SECRET.matcher(name).matches() ? value : value.isEmpty() ? "not set" : "set")
                    .put("isDefault", setting.getSourceOrdinal() <= DEFAULT_ORDINAL));
        }
        call.json(new JsonObject().put("version", config.getValue("quarkus.application.version", String.class))
                .put("host", host).put("since", first.at.toString()).put("counts", counted).put("settings", settings));
    }
}
