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
import org.apache.camel.spi.PropertiesComponent;
import org.apache.camel.support.LoggerHelper;
import org.eclipse.microprofile.config.ConfigProvider;

import io.ilertsumo.bridge.lane.Lane;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.quarkus.runtime.configuration.ConfigurationException;

/** Says which routes are loaded, and checks, before they start, that each step leads somewhere. */
@ApplicationScoped
public class Start {

    private static final Pattern FROM_OUTSIDE = Pattern.compile("platform-http:");
    /** Where a step waits in vain, or an event for ever, if no route takes from there. */
    private static final Pattern TO_A_ROUTE = Pattern.compile("direct:|outbox:|kafka-lane:(?!seen$)");
    private static final Pattern RESOLVED = Pattern.compile("direct:|outbox:|kafka:|kafka-lane:");
    private static final String ROUTES = "camel.main.routes-include-pattern";

    private final BridgeSettings settings;
    private final LaneStore lanes;

    Start(BridgeSettings settings, LaneStore lanes) {
        this.settings = settings;
        this.lanes = lanes;
    }

    void chooseRoutes(@Observes BeforeConfigure starting) {
        PropertiesComponent properties = starting.getMain().getCamelContext().getPropertiesComponent();
        String lanes = settings.lanes().routes();
        Properties routes = new Properties();
        settings.routesDir().ifPresentOrElse(dir -> {
            routes.setProperty(ROUTES, "file:" + dir + "/*.camel.yaml,file:" + dir + "/" + lanes);
            routes.setProperty("camel.component.kamelet.location",
                    "file:" + dir + "/kamelets,classpath:routes/kamelets");
        }, () -> routes.setProperty(ROUTES, ConfigProvider.getConfig().getValue(ROUTES, String.class)
                .replace(BridgeSettings.Lanes.OUTBOX.routes(), lanes)));
        properties.setOverrideProperties(routes);
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
        List<String> wrong = new ArrayList<>();
        for (Lane lane : lanes.lanes()) {
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
    private String name(CamelContext context, String uri) {
        String name = uri.replaceFirst("\\?.*", "").replaceFirst(":/+", ":");
        if (!RESOLVED.matcher(name).lookingAt()) {
            return name;
        }
        String resolved = context.resolvePropertyPlaceholders(name);
        // a lane's topic is written to by one name and read by another
        String topic = "kafka:" + settings.kafka().topicPrefix();
        return resolved.startsWith(topic) ? "kafka-lane:" + resolved.substring(topic.length()) : resolved;
    }
}
