package io.ilertsumo.bridge.settings;

import java.util.Optional;

import io.smallrye.config.ConfigMapping;

/** The settings {@code ilert.webhook.*}: who may send events. What each means stands in {@code docs/settings.md}. */
@ConfigMapping(prefix = "ilert.webhook")
public interface WebhookSettings {

    Authentication auth();

    String username();

    /** Without it the bridge does not start, unless {@link #auth()} is {@link Authentication#NONE}. A secret. */
    Optional<String> password();

    /** How iLert shows that a webhook call is its own. */
    enum Authentication {
        /** HTTP Basic: user and password in the webhook's URL. */
        BASIC,
        /** A secret in the header {@code X-Webhook-Secret}. */
        HEADER,
        /** Not at all: whoever reaches the port may send. */
        NONE
    }
}
