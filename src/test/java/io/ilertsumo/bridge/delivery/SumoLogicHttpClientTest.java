package io.ilertsumo.bridge.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import com.sun.net.httpserver.HttpServer;

/** Of an answer only the beginning is read, and the next one is whole all the same. */
class SumoLogicHttpClientTest {

    private static final int MAX = 64 * 1024;

    private final HttpClientBuilder builder = HttpClientBuilder.create();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        new SumoLogicHttpClient(ConfigProvider.getConfig()).configureHttpClient(builder);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void aShortAnswerIsWhole() throws IOException {
        answer("/", null, "short".getBytes());

        assertEquals("short", new String(get("/")));
    }

    @Test
    void ofALongAnswerTheBeginningIsRead() throws IOException {
        answer("/", null, new byte[10 * MAX]);

        assertEquals(MAX, get("/").length);
    }

    @ParameterizedTest
    @ValueSource(strings = { "gzip", "deflate", "br", "unknown", "gzip, gzip" })
    void anAnswerThatIsNotWhatItsEncodingSaysKeepsNoConnection(String encoding) throws IOException {
        answer("/", encoding, "not compressed".getBytes());
        builder.setConnectionManager(
                PoolingHttpClientConnectionManagerBuilder.create().setMaxConnPerRoute(1).build());
        builder.setDefaultRequestConfig(
                RequestConfig.custom().setConnectionRequestTimeout(1, TimeUnit.SECONDS).build());

        assertEquals("not compressed", new String(get("/")));
    }

    private void answer(String path, String encoding, byte[] body) {
        server.createContext(path, exchange -> {
            if (encoding != null) {
                exchange.getResponseHeaders().set("Content-Encoding", encoding);
            }
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
    }

    /** The answer to the second of two calls. */
    private byte[] get(String path) throws IOException {
        HttpGet call = new HttpGet("http://localhost:" + server.getAddress().getPort() + path);
        try (CloseableHttpClient client = builder.build()) {
            client.execute(call, response -> EntityUtils.toByteArray(response.getEntity()));
            return client.execute(call, response -> EntityUtils.toByteArray(response.getEntity()));
        }
    }
}
