package io.ilertsumo.bridge.demo;

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

import io.ilertsumo.bridge.demo.search.Dashboard;
import io.ilertsumo.bridge.demo.search.LogMessage;
import io.quarkus.arc.Unremovable;

/** Evaluates the dashboards of {@code setup/sumologic/requests.json} over the stand-in's messages. Thread-safe. */
@ApplicationScoped
@Unremovable
@Named("dashboards")
public class Dashboards implements Processor {

    private final ObjectMapper json = new ObjectMapper();
    private final StandIn standIn;
    private final List<Dashboard> dashboards = new ArrayList<>();

    Dashboards(StandIn standIn) throws IOException {
        this.standIn = standIn;
        try (InputStream requests = Thread.currentThread().getContextClassLoader()
                .getResourceAsStream("stand-in/requests.json")) {
            json.readTree(requests).path("dashboards").forEach(request -> dashboards.add(new Dashboard(request)));
        }
    }

    /** Sets the body to a JSON array of evaluated dashboards. The query's parameters are values of template variables. */
    @Override
    public void process(Exchange exchange) throws URISyntaxException {
        List<LogMessage> messages = standIn.logMessages();
        Map<String, String> values = new HashMap<>();
        // not from the headers: a browser sends a header Priority of its own
        URISupport.parseQuery(exchange.getMessage().getHeader(Exchange.HTTP_QUERY, "", String.class))
                .forEach((name, value) -> values.put(name, String.valueOf(value)));
        Instant now = Instant.now();
        ArrayNode shown = json.createArrayNode();
        dashboards.forEach(dashboard -> shown.add(dashboard.show(values, messages, now)));
        exchange.getMessage().setBody(shown.toString());
    }
}
