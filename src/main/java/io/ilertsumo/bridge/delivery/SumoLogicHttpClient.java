package io.ilertsumo.bridge.delivery;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;

import io.quarkus.arc.Unremovable;

/**
 * Configures the HTTP client of the Kamelet {@code sumologic-sink}: of an answer it reads the first 64 KiB, as they
 * are sent: none is decompressed, since one that can't be would be an error. Redirections are answers, since neither events nor the token may go elsewhere. Thread-safe.
 */
@Singleton
@Unremovable
@Named("sumoLogicHttpClient")
public class SumoLogicHttpClient implements HttpClientConfigurer {

    private static final int MAX_ANSWER_BYTES = 64 * 1024;

    @Override
    public void configureHttpClient(HttpClientBuilder builder) {
        builder.disableRedirectHandling();
        builder.disableContentCompression();
        builder.addExecInterceptorFirst("bounded-answer", (request, scope, chain) -> {
            ClassicHttpResponse response = chain.proceed(request, scope);
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
