package io.ilertsumo.bridge.http;

import jakarta.enterprise.context.ApplicationScoped;

import io.ilertsumo.bridge.settings.WebhookSettings;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;

/** Authenticates webhook calls, by HTTP Basic or by a shared secret in a header. Thread-safe. */
@ApplicationScoped
public class WebhookAuthentication implements HttpAuthenticationMechanism {

    private static final String SECRET_HEADER = "X-Webhook-Secret";

    private final WebhookSettings.Authentication mode;
    private final Credentials credentials;
    private final SecurityIdentity sender;
    private final WebhookGuard guard;

    WebhookAuthentication(WebhookSettings settings, WebhookGuard guard) {
        this.mode = settings.auth();
        this.guard = guard;
        String secret = settings.password().orElse("");
        boolean isBasic = mode == WebhookSettings.Authentication.BASIC;
        this.credentials = new Credentials(isBasic ? settings.username() + ":" + secret : secret);
        this.sender = QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal(settings.username())).build();
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager identities) {
        String authorization = context.request().getHeader(HttpHeaders.AUTHORIZATION);
        String secret = context.request().getHeader(SECRET_HEADER);
        return switch (mode) {
            case NONE -> identity(true, true);
            case BASIC -> identity(Credentials.isBasic(authorization), credentials.matchesBasic(authorization));
            case HEADER -> identity(secret != null, secret != null && credentials.matchesHeader(secret));
        };
    }

    private Uni<SecurityIdentity> identity(boolean isGiven, boolean isRight) {
        return isRight
                ? Uni.createFrom().item(sender)
                : isGiven
                        ? Uni.createFrom().failure(new AuthenticationFailedException("Wrong credentials"))
                        : Uni.createFrom().nullItem();
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(mode == WebhookSettings.Authentication.BASIC
                ? new ChallengeData(401, HttpHeaderNames.WWW_AUTHENTICATE, Credentials.CHALLENGE)
                : new ChallengeData(401, null, null));
    }

    @Override
    public Uni<Boolean> sendChallenge(RoutingContext context) {
        return getChallenge(context).map(new ChallengeSender(context)).invoke(() -> {
            if (!context.response().ended()) {
                guard.reject(context, 401, "unauthorized", "The credentials are missing or wrong");
            }
        });
    }
}
