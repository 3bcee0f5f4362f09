package io.ilertsumo.bridge.observability;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;

import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Processor;
import org.apache.camel.util.InetAddressUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.delivery.TokenMask;
import io.ilertsumo.bridge.lane.Lane;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Statistic;

/**
 * What the bridge reports to Sumo Logic of itself: its metrics, as log messages that a search can read without knowing
 * when the bridge was started. Counts are those since the last report that Sumo Logic took, so that their sum is right
 * whatever reports were lost; one whose answer alone was lost counts twice. One report is written at a time.
 */
@ApplicationScoped
public class BridgeReport {

    private static final String COUNTS = "CamelBridgeReportCounts";
    /** What became of calls of the webhook. */
    private static final List<String> RESULTS = List.of("accepted", "duplicate", "dropped", "unreadable", "unavailable",
            "throttled", "unauthorized", "too-large", "too-slow", "not-a-post", "failed");
    private static final Pattern HYPHEN = Pattern.compile("-(\\w)");
    private static final Logger LOG = LoggerFactory.getLogger(BridgeReport.class);

    private final MeterRegistry registry;
    private final LaneStore lanes;
    private final TokenMask mask;
    /** Over Kafka the lanes and dead letters are those of all bridges. */
    private final String where;
    private final ObjectMapper json = new ObjectMapper();
    private final String host = InetAddressUtil.getLocalHostNameSafe();
    private volatile Counts reported = new Counts(Map.of());

    /** How much each counter of a report came to since the start of the program. */
    private record Counts(Map<String, Double> sums) {
    }

    BridgeReport(MeterRegistry registry, LaneStore lanes, TokenMask mask, BridgeSettings settings) {
        this.registry = registry;
        this.lanes = lanes;
        this.mask = mask;
        where = settings.lanes().name().toLowerCase(Locale.ROOT);
    }

    /** Makes the body a report, one JSON object a line: one for each lane, then one for the bridge. */
    @Produces
    @ApplicationScoped
    @Named("writeReport")
    Processor writeReport() {
        return exchange -> {
            Map<String, Double> counts = new HashMap<>();
            String now = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
            List<String> lines = new ArrayList<>();
            for (Lane lane : lanes.lanes()) {
                lines.add(ofLane(lane.name(), line(now, "lane"), counts).toString());
            }
            lines.add(ofBridge(line(now, "bridge"), counts).toString());
            exchange.getMessage().setBody(String.join("\n", lines));
            exchange.setProperty(COUNTS, new Counts(counts));
        };
    }

    private ObjectNode line(String now, String report) {
        return json.createObjectNode().put("timestamp", now).put("bridge", host)
                .put("lanes", where).put("report", report);
    }

    private ObjectNode ofLane(String lane, ObjectNode line, Map<String, Double> counts) {
        line.put("lane", lane);
        line.put("deliveredEvents", count(counts, "bridge.delivered.events", "lane", lane));
        line.put("deliveredBatches", count(counts, "bridge.delivered.batches", "lane", lane));
        line.put("deliveredBytes", count(counts, "bridge.delivered.bytes", "lane", lane));
        line.put("deliverySeconds",
                millis(since(counts, Statistic.TOTAL_TIME, "bridge.delivery.latency", "lane", lane)));
        line.put("failures", count(counts, "bridge.delivery.failures", "lane", lane));
        line.put("waitingEvents", Math.round(sum(Statistic.VALUE, "bridge.outbox.events", "lane", lane)));
        line.put("oldestAgeSeconds", millis(sum(Statistic.VALUE, "bridge.outbox.oldest.age", "lane", lane)));
        line.put("heldUp", Math.round(sum(Statistic.VALUE, "bridge.circuit.open", "lane", lane)));
        return line;
    }

    private ObjectNode ofBridge(ObjectNode line, Map<String, Double> counts) {
        for (String result : RESULTS) {
            // a search would take a hyphen for a minus sign
            String field = HYPHEN.matcher(result).replaceAll(letter -> letter.group(1).toUpperCase(Locale.ROOT));
            line.put(field, count(counts, "bridge.events.received", "result", result));
        }
        line.put("deadLetters", count(counts, "bridge.dead.letters"));
        line.put("deadLettersDropped", count(counts, "bridge.dead.letters.dropped"));
        line.put("deadLettersKept", Math.round(sum(Statistic.VALUE, "bridge.dead.letters.kept")));
        return line;
    }

    private long count(Map<String, Double> counts, String meter, String... tags) {
        return Math.round(since(counts, Statistic.COUNT, meter, tags));
    }

    private double since(Map<String, Double> counts, Statistic statistic, String meter, String... tags) {
        String name = meter + List.of(tags);
        double sum = sum(statistic, meter, tags);
        counts.put(name, sum);
        return sum - reported.sums.getOrDefault(name, 0.0);
    }

    /** Of all meters of that name and those tags. A gauge that has no value counts as 0. */
    private double sum(Statistic statistic, String meter, String... tags) {
        return registry.find(meter).tags(tags).meters().stream()
                .flatMap(found -> StreamSupport.stream(found.measure().spliterator(), false))
                .filter(measurement -> measurement.getStatistic() == statistic)
                .mapToDouble(Measurement::getValue).filter(Double::isFinite).sum();
    }

    private static double millis(double seconds) {
        return Math.round(seconds * 1000) / 1000.0;
    }

    /** Counts a report that Sumo Logic took: the next one's counts begin with it. */
    @Produces
    @ApplicationScoped
    @Named("observeReportTaken")
    Processor observeReportTaken() {
        return exchange -> {
            reported = exchange.getProperty(COUNTS, Counts.class);
            registry.counter("bridge.reports", "result", "taken").increment();
        };
    }

    /** Counts and logs a report that Sumo Logic did not take. */
    @Produces
    @ApplicationScoped
    @Named("observeReportNotTaken")
    Processor observeReportNotTaken() {
        return exchange -> {
            LOG.warn("A report was not taken, its figures go with the next one: {}", mask.mask(String.valueOf(
                    exchange.getProperty(ExchangePropertyKey.EXCEPTION_CAUGHT))));
            registry.counter("bridge.reports", "result", "failed").increment();
        };
    }
}
