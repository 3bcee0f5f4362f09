package io.ilertsumo.bridge.delivery;

import java.net.URI;
import java.net.URISyntaxException;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.hc.client5.http.impl.DefaultRedirectStrategy;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.ProtocolException;
import org.apache.hc.core5.http.protocol.HttpContext;

import io.quarkus.arc.Unremovable;

/**
 * Follows a redirection within https and the same host and port only, so that neither events nor the token go where
 * nobody meant them to, and only by 307 and 308, which leave a POST a POST (RFC 9110, 15.4). Any other is an answer
 * like 401.
 */
@Singleton
@Unremovable
@Named("sameHostRedirects")
public class SameHostRedirects extends DefaultRedirectStrategy implements HttpClientConfigurer {

    @Override
    public void configureHttpClient(HttpClientBuilder builder) {
        builder.setRedirectStrategy(this);
    }

    @Override
    public boolean isRedirected(HttpRequest request, HttpResponse response, HttpContext context)
            throws ProtocolException {
        boolean isKeptPost = response.getCode() == HttpStatus.SC_TEMPORARY_REDIRECT
                || response.getCode() == HttpStatus.SC_PERMANENT_REDIRECT;
        return isKeptPost && super.isRedirected(request, response, context) && isSameHost(request, response, context);
    }

    private boolean isSameHost(HttpRequest request, HttpResponse response, HttpContext context)
            throws ProtocolException {
        try {
            URI from = request.getUri();
            URI to = getLocationURI(request, response, context);
            return "https".equalsIgnoreCase(from.getScheme()) && "https".equalsIgnoreCase(to.getScheme())
                    && from.getAuthority().equalsIgnoreCase(to.getAuthority());
        } catch (URISyntaxException e) {
            return false;
        } catch (HttpException e) {
            throw new ProtocolException("The redirection makes no sense", e);
        }
    }
}
