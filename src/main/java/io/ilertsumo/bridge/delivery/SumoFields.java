package io.ilertsumo.bridge.delivery;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Processor;

import io.quarkus.arc.Unremovable;

/**
 * Writes the header {@code X-Sumo-Fields} from the headers {@code X-Sumo-Field-NAME}, sorted by name: at most
 * {@value #MAX} fields, with an underscore in place of commas, equals signs and control characters. Those that
 * {@code X-Sumo-Fields} has already are written again in the same way. Thread-safe.
 */
@Singleton
@Unremovable
@Named("sumoFields")
public class SumoFields implements Processor {

    private static final String FIELDS = "X-Sumo-Fields";
    private static final String FIELD = "X-Sumo-Field-";
    private static final int MAX = 30;
    /** A comma in front of a name. Any other is part of a value. */
    private static final Pattern SEPARATOR = Pattern.compile(",(?=[^,=]*=)");
    private static final Pattern UNSAFE = Pattern.compile("[,=\\p{Cntrl}\\x{85}\\x{2028}\\x{2029}]+");

    @Override
    public void process(Exchange exchange) {
        Message message = exchange.getMessage();
        Map<String, String> fields = new TreeMap<>();
        SEPARATOR.splitAsStream(message.getHeader(FIELDS, "", String.class)).map(pair -> pair.split("=", 2))
                .filter(pair -> pair.length == 2).forEach(pair -> put(fields, pair[0], pair[1]));
        message.getHeaders().keySet().stream().filter(SumoFields::isField).forEach(header -> put(fields,
                header.substring(FIELD.length()), message.getHeader(header, "", String.class)));
        message.getHeaders().keySet().removeIf(SumoFields::isField);
        message.removeHeader(FIELDS);
        if (!fields.isEmpty()) {
            message.setHeader(FIELDS, fields.entrySet().stream().limit(MAX).map(Map.Entry::toString)
                    .collect(Collectors.joining(", ")));
        }
    }

    private static boolean isField(String header) {
        return header.regionMatches(true, 0, FIELD, 0, FIELD.length());
    }

    private static void put(Map<String, String> fields, String name, String value) {
        String safeName = UNSAFE.matcher(name.strip()).replaceAll("_");
        String safeValue = UNSAFE.matcher(value.strip()).replaceAll("_");
        if (!safeName.isEmpty() && !safeValue.isEmpty()) {
            fields.put(safeName, safeValue);
        }
    }
}
