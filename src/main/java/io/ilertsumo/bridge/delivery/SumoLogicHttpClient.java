package io.ilertsumo.bridge.delivery;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.HttpEntityWrapper;

import io.quarkus.arc.Unremovable;

/**
 * Configures the HTTP client of the Kamelet {@code sumologic-sink}: an answer of more than 1 MiB is an error. Redirections
 * are answers, since neither events nor the token may go elsewhere. Thread-safe.
 */
@Singleton
@Unremovable
@Named("sumoLogicHttpClient")
public class SumoLogicHttpClient implements HttpClientConfigurer {

    private static final int MAX_ANSWER_BYTES = 1024 * 1024;

    @Override
    public void configureHttpClient(HttpClientBuilder builder) {
        builder.disableRedirectHandling();
        builder.addExecInterceptorLast("bounded-answer", (request, scope, chain) -> {
            ClassicHttpResponse response = chain.proceed(request, scope);
            if (response.getEntity() != null) {
                response.setEntity(new BoundedEntity(response.getEntity()));
            }
            return response;
        });
    }

    private static final class BoundedEntity extends HttpEntityWrapper {

        BoundedEntity(HttpEntity entity) {
            super(entity);
        }

        @Override
        public InputStream getContent() throws IOException {
            return new FilterInputStream(super.getContent()) {

                private int count;

                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    int read = super.read(bytes, offset, length);
                    count += Math.max(0, read);
                    if (count > MAX_ANSWER_BYTES) {
                        throw new IOException("Sumo Logic's answer is larger than " + MAX_ANSWER_BYTES + " bytes");
                    }
                    return read;
                }
            };
        }
    }
}
