package io.ilertsumo.bridge.settings;

import java.util.Optional;

import io.smallrye.config.ConfigMapping;

/** The settings {@code ilert.webhook.*}: authentication of the webhook. {@code docs/settings.md} describes each. */
@ConfigMapping(prefix = "ilert.webhook")
public interface WebhookSettings {

    Authentication auth();

    String username();

    /** Required unless {@link #auth()} is {@link Authentication#NONE}. A secret. */
    Optional<String> password();

    /** How a webhook call is authenticated. */
    enum Authentication {
        /** HTTP Basic: user and password in the webhook's URL. */
        BASIC,
        /** A shared secret in the header {@code X-Webhook-Secret}. */
        HEADER,
        /** No authentication: any client that reaches the port can send events. */
        NONE
    }
}
