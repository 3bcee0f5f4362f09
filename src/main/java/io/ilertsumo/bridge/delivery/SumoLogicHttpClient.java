package io.ilertsumo.bridge.delivery;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.impl.DefaultRedirectStrategy;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.ProtocolException;
import org.apache.hc.core5.http.io.entity.HttpEntityWrapper;
import org.apache.hc.core5.http.protocol.HttpContext;

import io.quarkus.arc.Unremovable;

/**
 * How far Sumo Logic, and whoever answers for it, is trusted.
 *
 * <p>
 * One redirection is followed, within https and the same host and port, so that neither events nor the token go where
 * nobody meant them to, and by 307 or 308, which leave a POST a POST (RFC 9110, 15.4). Any other is an answer like 401.
 * An answer of more than 1 MiB is an error.
 */
@Singleton
@Unremovable
@Named("sumoLogicHttpClient")
public class SumoLogicHttpClient extends DefaultRedirectStrategy implements HttpClientConfigurer {

    private static final int LARGEST_ANSWER = 1024 * 1024;
    private static final int HTTPS_PORT = 443;

    @Override
    public void configureHttpClient(HttpClientBuilder builder) {
        builder.setRedirectStrategy(this);
        builder.addExecInterceptorLast("bounded-answer", SumoLogicHttpClient::bounded);
    }

    @Override
    public boolean isRedirected(HttpRequest request, HttpResponse response, HttpContext context)
            throws ProtocolException {
        boolean isKeptPost = response.getCode() == HttpStatus.SC_TEMPORARY_REDIRECT
                || response.getCode() == HttpStatus.SC_PERMANENT_REDIRECT;
        return isKeptPost && super.isRedirected(request, response, context)
                && HttpClientContext.cast(context).getRedirectLocations().size() == 0
                && isSameHost(request, response, context);
    }

    private boolean isSameHost(HttpRequest request, HttpResponse response, HttpContext context) {
        try {
            URI from = request.getUri();
            URI to = getLocationURI(request, response, context);
            return "https".equalsIgnoreCase(from.getScheme()) && "https".equalsIgnoreCase(to.getScheme())
                    && from.getHost() != null && from.getHost().equalsIgnoreCase(to.getHost())
                    && port(from) == port(to);
        } catch (URISyntaxException | HttpException e) {
            // to nowhere
            return false;
        }
    }

    private static int port(URI uri) {
        return uri.getPort() < 0 ? HTTPS_PORT : uri.getPort();
    }

    private static ClassicHttpResponse bounded(ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
            throws IOException, HttpException {
        ClassicHttpResponse response = chain.proceed(request, scope);
        if (response.getEntity() != null) {
            response.setEntity(new BoundedAnswer(response.getEntity()));
        }
        return response;
    }

    private static final class BoundedAnswer extends HttpEntityWrapper {

        BoundedAnswer(HttpEntity answer) {
            super(answer);
        }

        @Override
        public InputStream getContent() throws IOException {
            return new FilterInputStream(super.getContent()) {

                private int read;

                @Override
                public int read() throws IOException {
                    int b = super.read();
                    count(b < 0 ? 0 : 1);
                    return b;
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    int count = super.read(bytes, offset, length);
                    count(Math.max(0, count));
                    return count;
                }

                private void count(int more) throws IOException {
                    read += more;
                    if (read > LARGEST_ANSWER) {
                        throw new IOException("Sumo Logic's answer is larger than " + LARGEST_ANSWER + " bytes");
                    }
                }
            };
        }
    }
}
