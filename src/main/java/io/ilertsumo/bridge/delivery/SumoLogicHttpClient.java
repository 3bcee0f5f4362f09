package io.ilertsumo.bridge.delivery;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.camel.support.jsse.SSLContextParameters;
import org.apache.camel.support.jsse.TrustManagersParameters;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.eclipse.microprofile.config.Config;

import io.ilertsumo.bridge.settings.SumoLogicSettings;
import io.quarkus.arc.Unremovable;
import io.vertx.core.Vertx;

/**
 * Configures the HTTP client of the Kamelet {@code sumologic-sink}: of an answer it reads the first 64 KiB, as they are
 * sent: none is decompressed, since one that can't be would be an error. Redirections are answers, since neither events nor
 * the token may go elsewhere. It connects through a proxy if there is one. Thread-safe.
 */
@Singleton
@Unremovable
@Named("sumoLogicHttpClient")
public class SumoLogicHttpClient implements HttpClientConfigurer {

    private static final int MAX_ANSWER_BYTES = 64 * 1024;

    private final Config config;

    SumoLogicHttpClient(Config config) {
        this.config = config;
        // a wrong proxy stops the start
        proxies();
    }

    private ProxyRoutePlanner proxies() {
        return new ProxyRoutePlanner(setting -> config.getOptionalValue(setting, String.class).orElse(null));
    }

    /** The certificates that the client trusts. */
    @Produces
    @Singleton
    @Unremovable
    @Named("sumoLogicTls")
    static SSLContextParameters tls(SumoLogicSettings settings, Vertx vertx) {
        TrustManagersParameters trust = new TrustManagersParameters();
        trust.setTrustManager(new CertificateAuthorities(settings.ca(), vertx));
        SSLContextParameters tls = new SSLContextParameters();
        tls.setTrustManagers(trust);
        return tls;
    }

    @Override
    public void configureHttpClient(HttpClientBuilder builder) {
        ProxyRoutePlanner proxies = proxies();
        builder.setRoutePlanner(proxies);
        builder.disableAuthCaching();
        builder.disableRedirectHandling();
        builder.disableContentCompression();
        builder.addExecInterceptorFirst("bounded-answer", (request, scope, chain) -> {
            proxies.authenticate(scope);
            ClassicHttpResponse response = chain.proceed(request, scope);
            ProxyRoutePlanner.check(response, scope);
            // Camel would decompress it
            response.removeHeaders(HttpHeaders.CONTENT_ENCODING);
            HttpEntity answer = response.getEntity();
            if (answer != null) {
                byte[] bytes = answer.getContent().readNBytes(MAX_ANSWER_BYTES);
                if (bytes.length == MAX_ANSWER_BYTES) {
                    // the rest would be in the way of the next answer
                    scope.execRuntime.discardEndpoint();
                }
                response.setEntity(new ByteArrayEntity(bytes, ContentType.parseLenient(answer.getContentType())));
            }
            return response;
        });
    }
}
