package io.ilertsumo.bridge.observability;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.StreamSupport;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.ExchangePropertyKey;
import org.apache.camel.Processor;
import org.apache.camel.support.SynchronizationAdapter;
import org.apache.camel.util.InetAddressUtil;
import org.apache.camel.util.StringHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.ilertsumo.bridge.delivery.SecretMasker;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.log.LogLimit;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Statistic;
import io.quarkus.arc.Unremovable;

/**
 * Makes the message a report to Sumo Logic: the metrics as NDJSON, a line for each lane and one for the bridge. Counts are
 * those since the last report that was delivered, so that their sum is right even if reports are lost; a report whose answer
 * was lost counts twice. One report is written at a time.
 */
@ApplicationScoped
@Unremovable
@Named("writeReport")
public class SelfReport implements Processor {

    /** The webhook's results. */
    private static final List<String> RESULTS = List.of("accepted", "duplicate", "dropped", "unreadable", "unavailable",
            "throttled", "unauthorized", "too-large", "too-slow", "method-not-allowed", "route-failed",
            "oversized");
    private static final Logger LOG = LoggerFactory.getLogger(SelfReport.class);

    private final MeterRegistry registry;
    private final LaneStore store;
    private final SecretMasker masker;
    /** With Kafka the lanes and dead letters are those of all processes. */
    private final String storeName;
    private final ObjectMapper json = new ObjectMapper();
    private final String host = InetAddressUtil.getLocalHostNameSafe();
    private final LogLimit failures = new LogLimit();
    /** The value of each counter in the last report that was delivered. */
    private volatile Map<String, Double> reported = Map.of();

    SelfReport(MeterRegistry registry, LaneStore store, SecretMasker masker, BridgeSettings settings) {
        this.registry = registry;
        this.store = store;
        this.masker = masker;
        storeName = settings.store().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void process(Exchange exchange) {
        Map<String, Double> counts = new HashMap<>();
        String now = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
        StringJoiner lines = new StringJoiner("\n");
        store.lanes().forEach(lane -> lines.add(ofLane(line(now, "lane"), lane.name(), counts).toString()));
        lines.add(ofBridge(line(now, "bridge"), counts).toString());
        exchange.getMessage().setBody(lines.toString());
        exchange.getExchangeExtension().addOnCompletion(new SynchronizationAdapter() {
            @Override
            public void onDone(Exchange sent) {
                done(sent, counts);
            }
        });
    }

    private void done(Exchange exchange, Map<String, Double> counts) {
        boolean isDelivered = !exchange.isFailed() && !exchange.getExchangeExtension().isFailureHandled();
        registry.counter("bridge.reports", "result", isDelivered ? "delivered" : "failed").increment();
        if (isDelivered) {
            reported = counts;
            return;
        }
        Exception failure = exchange.getProperty(ExchangePropertyKey.EXCEPTION_CAUGHT, exchange.getException(),
                Exception.class);
        String message = masker.mask(String.valueOf(failure.getMessage()));
        if (failures.count(message) > 0) {
            LOG.warn("Report not delivered, the next one includes its counts: {}", message);
        }
    }

    private ObjectNode line(String now, String report) {
        return json.createObjectNode().put("timestamp", now).put("bridge", host)
                .put("store", storeName).put("report", report);
    }

    private ObjectNode ofLane(ObjectNode line, String lane, Map<String, Double> counts) {
        return line.put("lane", lane)
                .put("deliveredEvents", count(counts, "bridge.delivered.events", "lane", lane))
                .put("deliveredBatches", count(counts, "bridge.delivered.batches", "lane", lane))
                .put("deliveredBytes", count(counts, "bridge.delivered.bytes", "lane", lane))
                .put("deliverySeconds",
                        millis(since(counts, Statistic.TOTAL_TIME, "bridge.delivery.latency", "lane", lane)))
                .put("failures", count(counts, "bridge.delivery.failures", "lane", lane))
                .put("warnings", count(counts, "bridge.delivery.warnings", "lane", lane))
                .put("slicedEvents", count(counts, "bridge.delivered.sliced", "lane", lane))
                .put("pendingEvents", Math.round(gauge("bridge.pending.events", "lane", lane)))
                .put("oldestAgeSeconds", millis(gauge("bridge.pending.oldest.age", "lane", lane)))
                .put("circuitOpen", Math.round(gauge("bridge.circuit.open", "lane", lane)));
    }

    private ObjectNode ofBridge(ObjectNode line, Map<String, Double> counts) {
        for (String result : RESULTS) {
            // a search would read a hyphen as a minus sign
            line.put(StringHelper.dashToCamelCase(result), count(counts, "bridge.events.received", "result", result));
        }
        return line.put("shortened", count(counts, "bridge.events.shortened"))
                .put("deadLetters", count(counts, "bridge.dead.letters"))
                .put("deadLettersEvicted", count(counts, "bridge.dead.letters.evicted"))
                .put("deadLettersKept", Math.round(gauge("bridge.dead.letters.kept")));
    }

    private long count(Map<String, Double> counts, String meter, String... tags) {
        return Math.round(since(counts, Statistic.COUNT, meter, tags));
    }

    private double since(Map<String, Double> counts, Statistic statistic, String meter, String... tags) {
        String name = meter + List.of(tags);
        double sum = sum(statistic, meter, tags);
        counts.put(name, sum);
        return sum - reported.getOrDefault(name, 0.0);
    }

    private double gauge(String meter, String... tags) {
        return sum(Statistic.VALUE, meter, tags);
    }

    /** The sum over all meters with that name and these tags. A gauge without a value counts as 0. */
    private double sum(Statistic statistic, String meter, String... tags) {
        return registry.find(meter).tags(tags).meters().stream()
                .flatMap(found -> StreamSupport.stream(found.measure().spliterator(), false))
                .filter(measurement -> measurement.getStatistic() == statistic)
                .mapToDouble(Measurement::getValue).filter(Double::isFinite).sum();
    }

    private static double millis(double seconds) {
        return Math.round(seconds * 1000) / 1000.0;
    }
}
