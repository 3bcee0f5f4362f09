package io.ilertsumo.bridge.platformhttp;

import java.util.List;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;

import io.ilertsumo.bridge.webhook.BodyBudget;
import io.ilertsumo.bridge.webhook.WebhookHeaders;
import io.quarkus.arc.Unremovable;

/**
 * Serves platform-http like Camel's own engine, but lets the thread go as soon as the route waits for something: Camel
 * 4.17's keeps a worker thread for every request until its answer is there. Here as many requests as there are
 * connections can wait for the same commit, and the wake-up of a thread for each of them is saved. Webhooks get their
 * {@link WebhookHeaders} here, since a Kamelet that others use too can't name them.
 */
@Singleton
@Unremovable
@Named("asyncPlatformHttpEngine")
public class AsyncPlatformHttpEngine extends VertxPlatformHttpEngine {

    private final WebhookHeaders webhookHeaders;

    AsyncPlatformHttpEngine(BodyBudget budget, WebhookHeaders webhookHeaders) {
        this.webhookHeaders = webhookHeaders;
        setHandlers(List.of(budget::bodyIsThere));
    }

    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
        if (WebhookHeaders.appliesTo(endpoint.getPath())) {
            endpoint.setHeaderFilterStrategy(webhookHeaders);
        }
        return new AsyncPlatformHttpConsumer(
                endpoint, processor, getHandlers(), VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort()));
    }
}
