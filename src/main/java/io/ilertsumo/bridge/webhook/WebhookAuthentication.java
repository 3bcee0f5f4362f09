package io.ilertsumo.bridge.webhook;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

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

/**
 * Tells whether a webhook call comes from the iLert account it is said to come from: by HTTP Basic or by a shared
 * secret in a header, compared in constant time. Thread-safe.
 */
@ApplicationScoped
public class WebhookAuthentication implements HttpAuthenticationMechanism {

    private static final String SECRET_HEADER = "X-Webhook-Secret";

    private final WebhookSettings.Authentication mode;
    private final BasicCredentials credentials;
    private final byte[] secret;
    private final SecurityIdentity sender;
    private final ProblemResponses problems;

    WebhookAuthentication(WebhookSettings settings, ProblemResponses problems) {
        this.mode = settings.auth();
        this.problems = problems;
        this.credentials = new BasicCredentials(settings.username(), settings.password().orElse(""));
        this.secret = settings.password().orElse("").getBytes(StandardCharsets.UTF_8);
        this.sender = QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal(settings.username())).build();
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager identities) {
        if (mode == WebhookSettings.Authentication.NONE) {
            return Uni.createFrom().item(sender);
        }
        return mode == WebhookSettings.Authentication.BASIC ? byCredentials(context) : bySecret(context);
    }

    private Uni<SecurityIdentity> byCredentials(RoutingContext context) {
        String authorization = context.request().getHeader(HttpHeaders.AUTHORIZATION);
        return BasicCredentials.isGiven(authorization)
                ? identity(credentials.isMatchedBy(authorization))
                : Uni.createFrom().nullItem();
    }

    private Uni<SecurityIdentity> bySecret(RoutingContext context) {
        String given = context.request().getHeader(SECRET_HEADER);
        return given == null
                ? Uni.createFrom().nullItem()
                : identity(MessageDigest.isEqual(secret, given.getBytes(StandardCharsets.UTF_8)));
    }

    private Uni<SecurityIdentity> identity(boolean isSender) {
        return isSender
                ? Uni.createFrom().item(sender)
                : Uni.createFrom().failure(new AuthenticationFailedException("Wrong credentials"));
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(mode == WebhookSettings.Authentication.BASIC
                ? new ChallengeData(401, HttpHeaderNames.WWW_AUTHENTICATE, "Basic realm=\"ilert-sumologic-bridge\"")
                : new ChallengeData(401, null, null));
    }

    @Override
    public Uni<Boolean> sendChallenge(RoutingContext context) {
        return getChallenge(context).map(new ChallengeSender(context)).invoke(() -> {
            if (!context.response().ended()) {
                problems.send(context, 401, "unauthorized", "The credentials are missing or wrong");
            }
        });
    }
}
