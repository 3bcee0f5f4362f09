package io.ilertsumo.bridge.delivery;

import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.impl.auth.BasicScheme;
import org.apache.hc.client5.http.impl.routing.DefaultRoutePlanner;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.protocol.HttpContext;

import io.netty.util.NetUtil;
import io.quarkus.runtime.configuration.ConfigurationException;

/**
 * Routes calls through the HTTP proxy of the setting {@code sumologic.proxy}, else through that of the environment
 * variables {@code HTTPS_PROXY} or {@code HTTP_PROXY}, by the URL's scheme; these do not apply to the hosts in
 * {@code NO_PROXY} and to this machine. The proxy resolves the host's name. Immutable.
 */
final class ProxyRoutePlanner extends DefaultRoutePlanner {

    private static final Set<String> LOCAL = Set.of("localhost", "::1");
    private static final Pattern HOST_AND_PORT = Pattern.compile("(\\[.*]|[^:]*):(\\d+)");
    private static final Pattern NETWORK = Pattern.compile("(.+)/(\\d{1,3})");

    private final Map<String, URI> proxies = new HashMap<>();
    private final boolean isOfEnvironment;
    private final List<String> excluded;

    /**
     * @param  settings               returns the value of a setting, {@code null} if it has none
     * @throws ConfigurationException if the URL of a proxy is wrong
     */
    ProxyRoutePlanner(UnaryOperator<String> settings) {
        super(null);
        String own = settings.apply("sumologic.proxy");
        isOfEnvironment = own == null;
        excluded = Stream.of(Optional.ofNullable(settings.apply("no.proxy")).orElse("").split("[,\\s]+"))
                .filter(entry -> !entry.isEmpty()).toList();
        for (String scheme : List.of("https", "http")) {
            String url = isOfEnvironment ? settings.apply(scheme + ".proxy") : own;
            if (url != null && !url.equals("none")) {
                proxies.put(scheme, uri(
                        isOfEnvironment ? scheme.toUpperCase(Locale.ROOT) + "_PROXY" : "SUMOLOGIC_PROXY", url));
            }
        }
    }

    private static URI uri(String variable, String url) {
        try {
            URI uri = URI.create(url.contains("://") ? url : "http://" + url);
            if (uri.getHost() != null && uri.getPort() <= 65535 && "http".equalsIgnoreCase(uri.getScheme())) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // its message quotes the URL
        }
        throw new ConfigurationException(variable + " is not the URL of an HTTP proxy, such as "
                + "http://user:password@proxy.example.com:3128; other characters than letters and digits in user and "
                + "password are written as %40");
    }

    @Override
    protected HttpHost determineProxy(HttpHost target, HttpContext context) {
        URI proxy = proxies.get(target.getSchemeName());
        if (proxy == null || isOfEnvironment && isExcluded(target)) {
            return null;
        }
        return new HttpHost("http", proxy.getHost(), proxy.getPort() < 0 ? 80 : proxy.getPort());
    }

    private boolean isExcluded(HttpHost target) {
        String host = withoutBrackets(target.getHostName());
        int port = target.getPort() < 0 ? "https".equals(target.getSchemeName()) ? 443 : 80 : target.getPort();
        byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
        return LOCAL.contains(host) || address != null && host.startsWith("127.")
                || excluded.stream().anyMatch(entry -> matches(entry, host, port, address));
    }

    private static String withoutBrackets(String host) {
        return host.toLowerCase(Locale.ROOT).replaceAll("[\\[\\]]", "");
    }

    /** @param address that of a host without a name, else {@code null} */
    private static boolean matches(String entry, String host, int port, byte[] address) {
        Matcher network = NETWORK.matcher(entry);
        if (network.matches()) {
            byte[] base = NetUtil.createByteArrayFromIpAddressString(network.group(1));
            return base != null && address != null && base.length == address.length
                    && new BigInteger(base).xor(new BigInteger(address))
                            .shiftRight(8 * base.length - Integer.parseInt(network.group(2))).signum() == 0;
        }
        Matcher withPort = HOST_AND_PORT.matcher(entry);
        String name = withoutBrackets(withPort.matches() ? withPort.group(1) : entry);
        String domain = name.replaceFirst("^\\*?\\.", "");
        return (!withPort.matches() || withPort.group(2).equals(Integer.toString(port)))
                && (name.equals("*") || host.equals(domain) || host.endsWith("." + domain));
    }

    /** Authenticates a call at the proxy of its route. */
    void authenticate(ExecChain.Scope call) {
        HttpHost proxy = call.route.getProxyHost();
        URI configured = proxies.get(call.route.getTargetHost().getSchemeName());
        if (proxy != null && configured.getUserInfo() != null) {
            String[] credentials = configured.getUserInfo().split(":", 2);
            BasicScheme basic = new BasicScheme();
            basic.initPreemptive(new UsernamePasswordCredentials(credentials[0],
                    credentials.length > 1 ? credentials[1].toCharArray() : new char[0]));
            call.clientContext.getAuthExchange(proxy).select(basic);
        }
    }

    /** Throws an exception if the answer is the proxy's own. */
    static void check(ClassicHttpResponse answer, ExecChain.Scope call) throws IOException {
        HttpHost proxy = call.route.getProxyHost();
        int status = answer.getCode();
        // without a tunnel there is no session with the host
        if (proxy != null && (status == HttpStatus.SC_PROXY_AUTHENTICATION_REQUIRED
                || call.route.isTunnelled() && call.clientContext.getSSLSession() == null)) {
            call.execRuntime.discardEndpoint();
            String message = "The proxy " + proxy.toHostString() + " answered " + status;
            throw status >= 500 ? new IOException(message) : new ProxyRefusedException(message);
        }
    }
}
