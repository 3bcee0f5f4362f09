package io.ilertsumo.bridge.standin;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.util.URISupport;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;

import io.ilertsumo.bridge.search.Dashboard;
import io.ilertsumo.bridge.search.LogMessage;
import io.quarkus.arc.Unremovable;
import io.quarkus.arc.profile.IfBuildProfile;

/**
 * The dashboards of {@code sumologic/requests.json} over what a stand-in for Sumo Logic remembers. Only in builds for
 * development, demo and test. Thread-safe.
 */
@ApplicationScoped
@Unremovable
@Named("dashboards")
@IfBuildProfile(anyOf = { "dev", "demo", "test" })
public class Dashboards implements Processor {

    private final ObjectMapper json = new ObjectMapper();
    private final StandIn standIn;
    private final List<Dashboard> dashboards = new ArrayList<>();

    Dashboards(StandIn standIn) throws IOException {
        this.standIn = standIn;
        try (InputStream requests = Thread.currentThread().getContextClassLoader()
                .getResourceAsStream("sumologic/requests.json")) {
            json.readTree(requests).path("dashboards").forEach(request -> dashboards.add(new Dashboard(request)));
        }
    }

    /** Makes the body a JSON array of what the dashboards show, with the query's parameters as template variables. */
    @Override
    public void process(Exchange exchange) throws URISyntaxException {
        List<LogMessage> messages = standIn.logMessages();
        Map<String, String> values = new HashMap<>();
        // not the headers, among which a browser's own Priority would be
        URISupport.parseQuery(exchange.getMessage().getHeader(Exchange.HTTP_QUERY, "", String.class))
                .forEach((name, value) -> values.put(name, String.valueOf(value)));
        Instant now = Instant.now();
        ArrayNode shown = json.createArrayNode();
        dashboards.forEach(dashboard -> shown.add(dashboard.show(values, messages, now)));
        exchange.getMessage().setBody(shown.toString());
    }
}
