package io.ilertsumo.bridge.start;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.CamelContext;
import org.apache.camel.CamelExchangeException;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.NamedNode;
import org.apache.camel.VetoCamelContextStartException;
import org.apache.camel.model.Model;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.SendDefinition;
import org.apache.camel.model.ToDynamicDefinition;
import org.apache.camel.model.errorhandler.DeadLetterChannelDefinition;
import org.apache.camel.processor.ThrottlerRejectedExecutionException;
import org.apache.camel.quarkus.main.events.BeforeConfigure;
import org.apache.camel.quarkus.main.events.BeforeStart;
import org.apache.camel.support.LoggerHelper;
import org.apache.camel.util.ObjectHelper;

import io.ilertsumo.bridge.event.EventTooLargeException;
import io.ilertsumo.bridge.event.UnreadableEventException;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.StoreException;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.configuration.ConfigurationException;

/**
 * Chooses the route files, and refuses the start if a route can't be built, if a step sends to where no route consumes, or
 * if events are pending in a lane of the outbox that no route consumes. Over Kafka such lanes are logged later.
 */
@ApplicationScoped
// the exceptions that route files may name beside the bridge's own
@RegisterForReflection(targets = { Exception.class, IOException.class, ConnectException.class,
        SocketTimeoutException.class, UnknownHostException.class, CamelExchangeException.class,
        ThrottlerRejectedExecutionException.class, EventTooLargeException.class, UnreadableEventException.class,
        StoreException.class })
public class RouteCheck {

    private final BridgeSettings settings;
    private final LaneStore store;

    RouteCheck(BridgeSettings settings, LaneStore store) {
        this.settings = settings;
        this.store = store;
    }

    void configure(@Observes BeforeConfigure starting) {
        Properties properties = new Properties();
        settings.routesDir().ifPresent(dir -> {
            properties.setProperty("camel.main.routes-include-pattern", "file:" + requireRoutes(dir) + "/*.camel.yaml");
            properties.setProperty("camel.component.kamelet.location", "file:" + dir + ",classpath:routes");
        });
        starting.getMain().getCamelContext().getPropertiesComponent().setOverrideProperties(properties);
    }

    static Path requireRoutes(Path dir) {
        String[] files = dir.toFile().list((folder, name) -> name.endsWith(".camel.yaml"));
        if (files == null || files.length == 0) {
            throw new ConfigurationException("BRIDGE_ROUTES_DIR contains no *.camel.yaml: " + dir);
        }
        return dir;
    }

    void check(@Observes BeforeStart starting) {
        CamelContext context = starting.getMain().getCamelContext();
        Model model = context.getCamelContextExtension().getContextPlugin(Model.class);
        try {
            context.init();
        } catch (Exception e) {
            throw new ConfigurationException(reason(model, e), e);
        }
        check(context, model);
    }

    /** @throws ConfigurationException with all errors, if the routes that were built have any */
    void check(CamelContext context, Model model) {
        Set<String> sources = model.getRouteDefinitions().stream()
                .map(route -> endpoint(context, route.getInput().getEndpointUri())).collect(Collectors.toSet());
        Set<String> errors = new LinkedHashSet<>();
        if (sources.stream().noneMatch(source -> source.startsWith("platform-http:"))) {
            errors.add("No route receives events: none consumes from platform-http");
        }
        targets(model).forEach((place, uri) -> {
            String target = endpoint(context, uri);
            if (isOfRoute(target) && !target.contains("${") && !sources.contains(target)) {
                errors.add(place(place) + ": no route consumes from " + target);
            }
        });
        // reads the store only if the routes are right
        if (errors.isEmpty()) {
            store.lanes().stream().filter(lane -> lane.events() > 0 && !sources.contains("lane:" + lane.name()))
                    .forEach(lane -> errors.add("No route consumes from lane:" + lane.name() + ", where "
                            + lane.events() + " events are pending"));
        }
        if (!errors.isEmpty()) {
            throw new ConfigurationException(String.join(". ", errors));
        }
    }

    /** The endpoints, without options, that routes send to. */
    static Set<String> targets(CamelContext context, Model model) {
        return targets(model).values().stream().map(uri -> endpoint(context, uri)).collect(Collectors.toSet());
    }

    /** Camel's own message lacks the line, and for most steps the file. */
    static String reason(Model model, Throwable failure) {
        VetoCamelContextStartException veto = ObjectHelper.getException(VetoCamelContextStartException.class, failure);
        if (veto != null) {
            return veto.getMessage() + ": " + rootOf(veto).getMessage();
        }
        var creation = ObjectHelper.getException(FailedToCreateRouteException.class, failure);
        if (creation == null || creation.getRouteId() == null) {
            return rootOf(failure).getMessage();
        }
        RouteDefinition route = model.getRouteDefinition(creation.getRouteId());
        NamedNode place = route.getOutputs().stream()
                .filter(step -> creation.getMessage().contains(">>> " + step + " <<<"))
                .map(NamedNode.class::cast).findFirst().orElse(route.getInput());
        return place(place) + ": route " + creation.getRouteId() + ": " + creation.getCause().getMessage();
    }

    private static Throwable rootOf(Throwable failure) {
        return failure.getCause() == null ? failure : rootOf(failure.getCause());
    }

    /** The URIs that steps and dead letter channels send to. Routes include the failures of their configurations. */
    private static Map<NamedNode, String> targets(Model model) {
        Map<NamedNode, String> targets = new LinkedHashMap<>();
        for (RouteDefinition route : model.getRouteDefinitions()) {
            if (route.getErrorHandlerFactory() instanceof DeadLetterChannelDefinition channel) {
                targets.put(route, channel.getDeadLetterUri());
            }
            for (NamedNode step : ProcessorDefinitionHelper.filterTypeInOutputs(route.getOutputs(), NamedNode.class)) {
                if (step instanceof SendDefinition<?> send) {
                    targets.put(step, send.getEndpointUri());
                } else if (step instanceof ToDynamicDefinition send) {
                    targets.put(step, send.getUri());
                }
            }
        }
        return targets;
    }

    /** The file and line, or else the ID. */
    private static String place(NamedNode node) {
        return Objects.requireNonNullElse(LoggerHelper.getSourceLocation(node), node.getId());
    }

    private static boolean isOfRoute(String endpoint) {
        return endpoint.startsWith("direct:") || endpoint.startsWith("lane:");
    }

    /** The endpoint without its options. Placeholders in others may be those of a Kamelet. */
    static String endpoint(CamelContext context, String uri) {
        String endpoint = uri.replaceFirst("\\?.*", "").replaceFirst(":/+", ":");
        return isOfRoute(endpoint) ? context.resolvePropertyPlaceholders(endpoint) : endpoint;
    }
}
