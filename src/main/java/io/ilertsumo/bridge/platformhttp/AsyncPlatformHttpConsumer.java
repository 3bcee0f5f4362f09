package io.ilertsumo.bridge.platformhttp;

import java.util.List;
import java.util.Map;

import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConsumer;
import org.apache.camel.spi.HeaderFilterStrategy;
import org.apache.camel.support.MessageHelper;
import org.apache.camel.support.http.HttpUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/**
 * Starts the route on a worker thread, since a route may block, and answers when its exchange is done, on whichever
 * thread that is.
 */
class AsyncPlatformHttpConsumer extends VertxPlatformHttpConsumer {

    private static final Logger LOG = LoggerFactory.getLogger(AsyncPlatformHttpConsumer.class);

    AsyncPlatformHttpConsumer(PlatformHttpEndpoint endpoint, Processor processor,
            List<Handler<RoutingContext>> handlers,
            String routerName) {
        super(endpoint, processor, handlers, routerName);
    }

    @Override
    protected void handleRequest(RoutingContext request) {
        if (isSuspended()) {
            super.handleRequest(request);
            return;
        }
        Context eventLoop = request.vertx().getOrCreateContext();
        Exchange exchange = createExchange(false);
        exchange.setPattern(ExchangePattern.InOut);
        // the body is whole in memory and can be read again: as a stream it would only be copied
        exchange.getExchangeExtension().setStreamCacheDisabled(true);
        processHttpRequest(exchange, request)
                .compose(read -> request.vertx().executeBlocking(() -> {
                    createUoW(exchange);
                    getAsyncProcessor().process(exchange,
                            doneSync -> eventLoop.runOnContext(done -> answer(request, exchange)));
                    return null;
                }, false))
                .onFailure(failure -> {
                    exchange.setException(failure);
                    answer(request, exchange);
                });
    }

    /**
     * Fills a plain message in place of Camel's {@code HttpMessage}, which any step that sets a body would copy with
     * all its headers.
     */
    @Override
    protected Future<Void> processHttpRequest(Exchange exchange, RoutingContext request) {
        try {
            String charset = request.parsedHeaders().contentType().parameter("charset");
            if (charset != null) {
                exchange.setProperty(ExchangePropertyKey.CHARSET_NAME, charset);
            }
        } catch (RuntimeException e) {
            // such as of a lone quotation mark. The route gets the header as it is
            LOG.debug("Vert.x can't parse the Content-Type of a call");
        }
        return populateCamelMessage(request, exchange, exchange.getIn()).onSuccess(populated -> {
            // Camel leaves the body of a form to others
            if (exchange.getIn().getBody() == null) {
                exchange.getIn().setBody(request.body().buffer());
            }
        });
    }

    private void answer(RoutingContext request, Exchange exchange) {
        try {
            HttpServerResponse response = request.response();
            if (!response.ended() && !response.closed()) {
                Message message = exchange.getMessage();
                // of a failed exchange the headers may still be the request's, which are nobody else's business
                Buffer body = exchange.getException() == null ? body(message) : null;
                response.setStatusCode(HttpUtil.determineResponseCode(exchange, body));
                if (exchange.getException() == null) {
                    copyHeaders(message, response);
                    String contentType = MessageHelper.getContentType(message);
                    if (contentType != null) {
                        response.putHeader(HttpHeaders.CONTENT_TYPE, contentType);
                    }
                }
                if (body == null) {
                    response.end();
                } else {
                    response.end(body);
                }
            }
            if (exchange.getException() != null) {
                getExceptionHandler().handleException("The request was not processed", exchange,
                        exchange.getException());
            }
        } catch (Exception e) {
            getExceptionHandler().handleException("The answer could not be written", exchange, e);
            request.fail(e);
        } finally {
            doneUoW(exchange);
            releaseExchange(exchange, false);
        }
    }

    private static Buffer body(Message message) {
        Object body = message.getBody();
        if (body instanceof String text) {
            return Buffer.buffer(text);
        }
        byte[] bytes = message.getBody(byte[].class);
        return bytes == null ? null : Buffer.buffer(bytes);
    }

    private void copyHeaders(Message message, HttpServerResponse response) {
        HeaderFilterStrategy filter = getEndpoint().getHeaderFilterStrategy();
        for (Map.Entry<String, Object> header : message.getHeaders().entrySet()) {
            String value = header.getValue() == null ? null : header.getValue().toString();
            if (value != null && !filter.applyFilterToCamelHeaders(header.getKey(), value, message.getExchange())) {
                response.putHeader(header.getKey(), value);
            }
        }
    }
}
