package io.ilertsumo.bridge.webhook;

/** How iLert shows that a webhook call is its own. */
public enum WebhookAuthenticationMode {
    /** HTTP Basic: user and password in the webhook's URL. */
    BASIC,
    /** A secret in the header {@code X-Webhook-Secret}. */
    HEADER,
    /** Not at all: whoever reaches the port may send. */
    NONE
}
