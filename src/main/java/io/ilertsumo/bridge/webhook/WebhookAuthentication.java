package io.ilertsumo.bridge.webhook;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;

import jakarta.enterprise.context.ApplicationScoped;

import org.eclipse.microprofile.config.inject.ConfigProperty;

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
    private static final String BASIC = "Basic ";

    private final WebhookAuthenticationMode mode;
    private final byte[] expected;
    private final SecurityIdentity sender;
    private final ProblemResponses problems;

    WebhookAuthentication(
            @ConfigProperty(name = "ilert.webhook.auth") WebhookAuthenticationMode mode,
            @ConfigProperty(name = "ilert.webhook.username") String username,
            @ConfigProperty(name = "ilert.webhook.password") Optional<String> password,
            ProblemResponses problems) {
        this.mode = mode;
        this.problems = problems;
        this.expected = switch (mode) {
            case BASIC -> (username + ":" + password.orElse("")).getBytes(StandardCharsets.UTF_8);
            case HEADER -> password.orElse("").getBytes(StandardCharsets.UTF_8);
            case NONE -> new byte[0];
        };
        this.sender = QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal(username)).build();
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager identities) {
        if (mode == WebhookAuthenticationMode.NONE) {
            return Uni.createFrom().item(sender);
        }
        byte[] given = given(context);
        if (given == null) {
            return Uni.createFrom().nullItem();
        }
        return MessageDigest.isEqual(expected, given)
                ? Uni.createFrom().item(sender)
                : Uni.createFrom().failure(new AuthenticationFailedException("Wrong credentials"));
    }

    private byte[] given(RoutingContext context) {
        if (mode == WebhookAuthenticationMode.HEADER) {
            String secret = context.request().getHeader(SECRET_HEADER);
            return secret == null ? null : secret.getBytes(StandardCharsets.UTF_8);
        }
        String authorization = context.request().getHeader(HttpHeaders.AUTHORIZATION);
        if (authorization == null || !authorization.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
            return null;
        }
        try {
            return Base64.getDecoder().decode(authorization.substring(BASIC.length()).trim());
        } catch (IllegalArgumentException e) {
            // not Base64: nobody's credentials
            return new byte[0];
        }
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(mode == WebhookAuthenticationMode.BASIC
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
