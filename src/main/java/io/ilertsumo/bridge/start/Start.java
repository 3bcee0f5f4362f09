package io.ilertsumo.bridge.start;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.CamelContext;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.LineNumberAware;
import org.apache.camel.VetoCamelContextStartException;
import org.apache.camel.model.Model;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.SendDefinition;
import org.apache.camel.quarkus.main.events.AfterStart;
import org.apache.camel.quarkus.main.events.BeforeConfigure;
import org.apache.camel.quarkus.main.events.BeforeStart;
import org.apache.camel.support.LoggerHelper;

import io.ilertsumo.bridge.outbox.Lane;
import io.ilertsumo.bridge.outbox.OutboxComponent;
import io.ilertsumo.bridge.outbox.OutboxFile;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.quarkus.runtime.configuration.ConfigurationException;

/** Says which routes are loaded, and checks, before they start, that each step leads somewhere. */
@ApplicationScoped
public class Start {

    private static final Pattern FROM_OUTSIDE = Pattern.compile("platform-http:");
    /** Where a step waits in vain, or an event for ever, if no route takes from there. */
    private static final Pattern TO_A_ROUTE = Pattern.compile("direct:|outbox:");

    private final BridgeSettings settings;

    Start(BridgeSettings settings) {
        this.settings = settings;
    }

    void chooseRoutes(@Observes BeforeConfigure starting) {
        settings.routesDir().ifPresent(dir -> {
            Properties routes = new Properties();
            routes.setProperty("camel.main.routes-include-pattern",
                    "file:" + dir + "/*.camel.yaml,file:" + dir + "/" + settings.lanes().routes());
            routes.setProperty("camel.component.kamelet.location",
                    "file:" + dir + "/kamelets,classpath:routes/kamelets");
            starting.getMain().getCamelContext().getPropertiesComponent().setOverrideProperties(routes);
        });
    }

    void checkRoutes(@Observes BeforeStart starting) {
        CamelContext context = starting.getMain().getCamelContext();
        Model model = context.getCamelContextExtension().getContextPlugin(Model.class);
        try {
            context.init();
        } catch (Exception e) {
            throw new ConfigurationException(reason(model, e), e);
        }
        Set<String> sources = new HashSet<>();
        for (RouteDefinition route : model.getRouteDefinitions()) {
            sources.add(name(context, route.getInput().getEndpointUri()));
        }
        List<String> wrong = new ArrayList<>();
        if (sources.stream().noneMatch(source -> FROM_OUTSIDE.matcher(source).lookingAt())) {
            wrong.add("No route takes what iLert sends");
        }
        for (SendDefinition<?> step : steps(model).toList()) {
            String target = name(context, step.getEndpointUri());
            if (TO_A_ROUTE.matcher(target).lookingAt() && !sources.contains(target)) {
                wrong.add(LoggerHelper.getSourceLocation(step) + ": no route takes from " + target);
            }
        }
        if (!wrong.isEmpty()) {
            throw new ConfigurationException(String.join(". ", wrong));
        }
    }

    /** Events of a lane that was renamed or taken out of the routes would wait for ever. */
    void checkLanes(@Observes AfterStart started) {
        OutboxFile outbox = started.getMain().getCamelContext().getComponent("outbox", OutboxComponent.class).getFile();
        List<String> wrong = new ArrayList<>();
        for (Lane lane : outbox.lanes()) {
            if (lane.events() > 0 && !lane.isConsumed()) {
                wrong.add("No route takes from outbox:" + lane.name() + ", where " + lane.events() + " events wait");
            }
        }
        if (!wrong.isEmpty()) {
            throw new ConfigurationException(String.join(". ", wrong));
        }
    }

    /** Camel's own message leaves out the line, and for most steps the file, too. */
    private static String reason(Model model, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof VetoCamelContextStartException) {
                return cause.getMessage() + ": " + rootOf(cause).getMessage();
            }
            if (cause instanceof FailedToCreateRouteException creation && creation.getRouteId() != null) {
                RouteDefinition route = model.getRouteDefinition(creation.getRouteId());
                LineNumberAware place = route.getOutputs().stream()
                        .filter(step -> creation.getMessage().contains(">>> " + step + " <<<"))
                        .map(LineNumberAware.class::cast).findFirst().orElse(route.getInput());
                return LoggerHelper.getSourceLocation(place) + ": route " + creation.getRouteId() + ": "
                        + creation.getCause().getMessage();
            }
        }
        return rootOf(failure).getMessage();
    }

    private static Throwable rootOf(Throwable failure) {
        return failure.getCause() == null ? failure : rootOf(failure.getCause());
    }

    private static Stream<SendDefinition<?>> steps(Model model) {
        Stream<ProcessorDefinition<?>> routes = model.getRouteDefinitions().stream().map(route -> route);
        Stream<ProcessorDefinition<?>> failures = model.getRouteConfigurationDefinitions().stream()
                .flatMap(configuration -> configuration.getOnExceptions().stream());
        return Stream.concat(routes, failures)
                .flatMap(parent -> ProcessorDefinitionHelper
                        .filterTypeInOutputs(parent.getOutputs(), SendDefinition.class).stream())
                .map(step -> step);
    }

    /** The endpoint without its options. Placeholders in others may be those of a Kamelet. */
    private static String name(CamelContext context, String uri) {
        String name = uri.replaceFirst("\\?.*", "").replaceFirst(":/+", ":");
        return TO_A_ROUTE.matcher(name).lookingAt() ? context.resolvePropertyPlaceholders(name) : name;
    }
}
