package io.ilertsumo.bridge.webhook;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import io.ilertsumo.bridge.testing.Certificates;
import io.ilertsumo.bridge.testing.Certificates.Holder;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Program;
import io.ilertsumo.bridge.testing.SumoLogic;
import io.ilertsumo.bridge.testing.SumoLogicResource;

/** The webhook speaks https itself, with the settings of docs/tls.md, and a renewed certificate is used without a restart. */
class WebhookTlsIT {

    private final Path directory = SumoLogicResource.newDirectory("webhook-tls");

    @Test
    void theWebhookHasACertificateAndARenewedOneIsUsed() throws Exception {
        Certificates first = install(new Certificates());
        try (SumoLogic sumoLogic = new SumoLogic()) {
            Map<String, String> settings = Program.settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
            settings.putAll(Map.of("QUARKUS_HTTP_TLS_CONFIGURATION_NAME", "webhook",
                    "QUARKUS_HTTP_INSECURE_REQUESTS", "disabled",
                    "QUARKUS_HTTP_SSL_PORT", "0",
                    "QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_SERVER_CERT", directory.resolve("tls.crt").toString(),
                    "QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_SERVER_KEY", directory.resolve("tls.key").toString(),
                    "QUARKUS_TLS_WEBHOOK_RELOAD_PERIOD", "1s"));
            try (Program program = Program.start(settings)) {
                String id = Events.newId();
                accepts(program, first, Events.express(id));
                Awaitility.await().until(() -> !sumoLogic.messagesWith(id).isEmpty());
                assertTrue(program.management("/q/health/live").contains("UP"), "the management port has no TLS");

                Certificates renewed = install(new Certificates());

                accepts(program, renewed, Events.express(Events.newId()));
            }
        }
    }

    private Certificates install(Certificates certificates) throws IOException {
        Certificates.Issued issued = certificates.of(Holder.LOCALHOST);
        Files.copy(issued.certificate(), directory.resolve("tls.crt"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(issued.key(), directory.resolve("tls.key"), StandardCopyOption.REPLACE_EXISTING);
        return certificates;
    }

    /** While Vert.x loads the files, a new connection fails. */
    private static void accepts(Program program, Certificates authority, String event) {
        Awaitility.await().atMost(Duration.ofSeconds(30)).ignoreException(SSLHandshakeException.class)
                .until(() -> send(program, authority, event) == 202);
    }

    /** Sends an event on a connection of its own, to a server that the authority vouches for. */
    private static int send(Program program, Certificates authority, String event) throws Exception {
        SSLContext context = authority.trusting();
        String credentials = Base64.getEncoder()
                .encodeToString(("ilert:" + SumoLogicResource.PASSWORD).getBytes(StandardCharsets.UTF_8));
        HttpRequest request = HttpRequest.newBuilder(URI.create("https://localhost:" + program.port()
                + "/webhooks/ilert")).header("Authorization", "Basic " + credentials)
                .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(event)).build();
        return HttpClient.newBuilder().sslContext(context).build()
                .send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
}
