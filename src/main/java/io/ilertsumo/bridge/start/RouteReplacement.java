package io.ilertsumo.bridge.start;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

import jakarta.enterprise.context.ApplicationScoped;

import org.apache.camel.CamelContext;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.Route;
import org.apache.camel.RouteConfigurationsBuilder;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.apache.camel.util.ObjectHelper;

import io.ilertsumo.bridge.delivery.CircuitBreaker;
import io.ilertsumo.bridge.http.WebhookEngine;
import io.ilertsumo.bridge.observability.LaneMetrics;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.configuration.ConfigurationException;

/**
 * Replaces all running routes, or none: what {@code camel.main.routes-reload-enabled} does would remove the former routes
 * before it reads the new files. Exchanges in flight end in the former routes, and webhook calls wait meanwhile. Belongs to
 * one thread.
 */
@ApplicationScoped
public class RouteReplacement {

    private final CamelContext context;
    private final RouteCheck check;
    private final WebhookEngine webhooks;
    private final CircuitBreaker circuits;
    private final LaneMetrics metrics;

    RouteReplacement(CamelContext context, RouteCheck check, WebhookEngine webhooks, CircuitBreaker circuits,
            LaneMetrics metrics) {
        this.context = context;
        this.check = check;
        this.webhooks = webhooks;
        this.circuits = circuits;
        this.metrics = metrics;
    }

    /**
     * Replaces the routes by those of the files, the texts by their locations.
     *
     * @param  undo                   called before the former routes are built again
     * @throws ConfigurationException with the reason, if the former routes run on
     * @throws IllegalStateException  if they can't, and the program ends
     */
    void replace(Map<String, String> former, Map<String, String> files, Runnable undo) {
        Model model = context.getCamelContextExtension().getContextPlugin(Model.class);
        List<RouteBuilder> builders;
        try {
            builders = read(files);
        } catch (Exception | LinkageError e) {
            throw failure(model, e);
        }
        try {
            Set<String> targets = RouteCheck.targets(context, model);
            // what begins an exchange, but webhooks
            stop(source -> !source.matches("(kamelet|platform-http):.*")
                    && !(source.startsWith("direct:") && targets.contains(source)));
            webhooks.hold();
            build(model, builders);
        } catch (Exception | LinkageError e) {
            ConfigurationException failure = failure(model, e);
            undo.run();
            restore(model, former);
            throw failure;
        } finally {
            circuits.retry();
            webhooks.release();
        }
    }

    private void restore(Model model, Map<String, String> former) {
        webhooks.hold();
        try {
            build(model, read(former));
        } catch (Exception | LinkageError e) {
            Quarkus.asyncExit(1);
            throw new IllegalStateException(
                    "The former routes can't be restored. The bridge stops, to be started again", e);
        }
    }

    private List<RouteBuilder> read(Map<String, String> files) throws Exception {
        List<Resource> resources = new ArrayList<>();
        files.forEach((location, text) -> {
            if (text == null || text.isBlank()) {
                throw new ConfigurationException(location + " is empty or can't be read");
            }
            resources.add(ResourceHelper.fromString(location, text));
        });
        List<RouteBuilder> builders = new ArrayList<>();
        for (RoutesBuilder builder : PluginHelper.getRoutesLoader(context).findRoutesBuilders(resources)) {
            RouteBuilder routes = (RouteBuilder) builder;
            routes.configureRoutes(context);
            builders.add(routes);
        }
        return builders;
    }

    private void stop(Predicate<String> sources) throws Exception {
        for (Route route : context.getRoutes()) {
            if (sources.test(RouteCheck.endpoint(context, route.getEndpoint().getEndpointUri()))) {
                context.getRouteController().stopRoute(route.getRouteId());
            }
        }
    }

    /** Starts no route before all of them are built and checked. */
    private void build(Model model, List<RouteBuilder> builders) throws Exception {
        // while their calls in flight can still pass through the other routes
        stop(source -> source.startsWith("platform-http:"));
        context.getRouteController().removeAllRoutes();
        model.removeRouteDefinitions(List.copyOf(model.getRouteDefinitions()));
        model.removeRouteTemplateDefinitions("*");
        model.getRouteConfigurationDefinitions().clear();
        context.removeEndpoints("*");
        for (RouteBuilder builder : builders) {
            if (builder instanceof RouteConfigurationsBuilder configurations) {
                context.addRoutesConfigurations(configurations);
            }
        }
        List<RouteDefinition> routes = new ArrayList<>();
        for (RouteBuilder builder : builders) {
            // the Kamelets' templates come before the routes, which else would read their files again
            builder.prepareModel(context);
            routes.addAll(builder.getRouteCollection().getRoutes());
        }
        List<RouteDefinition> started = routes.stream()
                .filter(route -> !"false".equals(context.resolvePropertyPlaceholders(route.getAutoStartup()))).toList();
        routes.forEach(route -> route.setAutoStartup("false"));
        model.addRouteDefinitions(routes);
        check.check(context, model);
        for (RouteDefinition route : started) {
            context.getRouteController().startRoute(route.getRouteId());
        }
        metrics.register(context);
    }

    private static ConfigurationException failure(Model model, Throwable failure) {
        ConfigurationException setting = ObjectHelper.getException(ConfigurationException.class, failure);
        if (setting != null) {
            return setting;
        }
        String reason = ObjectHelper.getException(FailedToCreateRouteException.class, failure) == null
                ? Main.reason(failure)
                : RouteCheck.reason(model, failure);
        return new ConfigurationException(
                reason != null ? reason : failure.getClass().getSimpleName() + ": " + failure.getMessage(), failure);
    }
}
