import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

/**
 * A receiver of batches, in whatever format, that refuses them as it is told, and counts the events that it took by
 * their {@code eventId}. {@code POST /answer?STATUS} sets the answer to a batch, {@code POST /answer?STATUS&ID} that to
 * a batch with this event; {@code GET /events} lists the IDs.
 */
public class Receiver {

    private static final Pattern ID = Pattern.compile("eventId\\\\?\":\\\\?\"([\\w-]+)");
    private static final Set<String> taken = ConcurrentHashMap.newKeySet();
    private static volatile int status = 200;
    private static volatile String refused = "";

    public static void main(String... args) throws IOException {
        HttpServer server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])), 0);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", Receiver::batch);
        server.createContext("/answer", call -> {
            String[] answer = call.getRequestURI().getQuery().split("&");
            refused = answer.length > 1 ? answer[1] : "";
            status = Integer.parseInt(answer[0]);
            end(call, 200, "");
        });
        server.createContext("/events", call -> end(call, 200, taken.stream().sorted().collect(Collectors.joining("\n"))));
        server.start();
    }

    private static void batch(HttpExchange call) throws IOException {
        InputStream in = call.getRequestBody();
        boolean gzip = "gzip".equals(call.getRequestHeaders().getFirst("Content-Encoding"));
        String body = new String((gzip ? new GZIPInputStream(in) : in).readAllBytes(), StandardCharsets.UTF_8);
        boolean accepted = status == 200 || !body.contains(refused);
        if (accepted) {
            Matcher id = ID.matcher(body);
            while (id.find()) {
                taken.add(id.group(1));
            }
        }
        end(call, accepted ? 200 : status, "");
    }

    private static void end(HttpExchange call, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        call.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        call.getResponseBody().write(body);
        call.close();
    }
}
