package io.ilertsumo.bridge.start;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

import org.apache.camel.quarkus.main.events.BeforeConfigure;
import org.eclipse.microprofile.config.inject.ConfigProperty;

import io.ilertsumo.bridge.event.Redaction;
import io.ilertsumo.bridge.webhook.WebhookAuthenticationMode;
import io.quarkus.runtime.configuration.ConfigurationException;

/** Checks the settings before Camel sees them, all at once, so that a start fails with one clear message. */
@ApplicationScoped
public class Start {

    @ConfigProperty(name = "sumologic.url")
    Optional<String> sumologicUrl;
    @ConfigProperty(name = "ilert.webhook.auth")
    WebhookAuthenticationMode auth;
    @ConfigProperty(name = "ilert.webhook.password")
    Optional<String> password;
    @ConfigProperty(name = "bridge.drop-groups")
    String dropGroups;
    @ConfigProperty(name = "bridge.redact")
    String redact;
    @ConfigProperty(name = "bridge.redact-mode")
    String redactMode;
    @ConfigProperty(name = "bridge.routes.dir")
    Optional<Path> routesDir;
    @ConfigProperty(name = "bridge.lanes")
    String lanes;

    void check(@Observes BeforeConfigure starting) {
        List<String> wrong = new ArrayList<>();
        if (sumologicUrl.isEmpty()) {
            wrong.add("SUMOLOGIC_URL is missing: the URL of the Sumo Logic HTTP source");
        } else if (!isHttpUrl(sumologicUrl.get())) {
            // without the value: it may hold the token
            wrong.add("SUMOLOGIC_URL is not an http or https URL");
        }
        if (auth != WebhookAuthenticationMode.NONE && password.isEmpty()) {
            wrong.add(
                    "ILERT_WEBHOOK_PASSWORD is missing: the secret that iLert sends (or set ILERT_WEBHOOK_AUTH to none)");
        }
        if (dropGroups.chars().anyMatch(Character::isWhitespace)) {
            wrong.add("BRIDGE_DROP_GROUPS has blanks: separate groups by commas alone");
        }
        try {
            new Redaction(redact, redactMode, Optional.empty());
        } catch (IllegalArgumentException e) {
            wrong.add(e.getMessage());
        }
        if (routesDir.isPresent() && !Files.isDirectory(routesDir.get())) {
            wrong.add("BRIDGE_ROUTES_DIR is not a directory: " + routesDir.get());
        }
        if (!wrong.isEmpty()) {
            throw new ConfigurationException("The bridge can't start. " + String.join(". ", wrong));
        }
        routesDir.ifPresent(dir -> {
            Properties routes = new Properties();
            routes.setProperty("camel.main.routes-include-pattern",
                    "file:" + dir + "/*.camel.yaml,file:" + dir + "/lanes/" + lanes + ".camel.yaml");
            routes.setProperty("camel.component.kamelet.location",
                    "file:" + dir + "/kamelets,classpath:routes/kamelets");
            starting.getMain().getCamelContext().getPropertiesComponent().setOverrideProperties(routes);
        });
    }

    private static boolean isHttpUrl(String text) {
        try {
            URI uri = URI.create(text);
            return uri.getHost() != null && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
