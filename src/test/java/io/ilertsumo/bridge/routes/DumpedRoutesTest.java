package io.ilertsumo.bridge.routes;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;

import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.SumoLogic;

/** A dump of the routes of a running Camel, by its tools or its log, does not contain the token. */
class DumpedRoutesTest {

    @Test
    void theDumpOfTheKameletsRouteHoldsNoToken() throws Exception {
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            context.getPropertiesComponent().addInitialProperty("camel.component.kamelet.location",
                    "file:routes");
            context.getPropertiesComponent().addInitialProperty("camel.kamelet.sumologic-sink.url",
                    "http://localhost:1/receiver/v1/http/" + SumoLogic.TOKEN);
            context.getPropertiesComponent().addInitialProperty("camel.kamelet.sumologic-sink.source-token",
                    SumoLogic.TOKEN);
            context.getComponent("kamelet", KameletComponent.class)
                    .setLocation("file:routes");
            context.addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    from("direct:in").to("kamelet:sumologic-sink?connectTimeout=1000&responseTimeout=1000");
                }
            });
            context.start();

            String dumped = List.copyOf(context.getRouteDefinitions()).stream().map(route -> dump(context, route))
                    .collect(Collectors.joining("\n"));
            String names = context.getEndpoints().toString() + context.getRoutes();

            assertTrue(dumped.contains("sumologic-http-source"), dumped);
            assertTrue(dumped.contains("{{url}}"), dumped);
            assertFalse(dumped.contains(SumoLogic.TOKEN), dumped);
            assertFalse(names.contains(SumoLogic.TOKEN), names);
        }
    }

    private static String dump(DefaultCamelContext context, RouteDefinition route) {
        try {
            return PluginHelper.getModelToYAMLDumper(context).dumpModelAsYaml(context, route, true, true, true, false);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
