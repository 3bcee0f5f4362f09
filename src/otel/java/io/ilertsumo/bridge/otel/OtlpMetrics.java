package io.ilertsumo.bridge.otel;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Statistic;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.metrics.ObservableDoubleMeasurement;
import io.quarkus.runtime.StartupEvent;

/**
 * Exports all metrics by OpenTelemetry: each export reads the values that Prometheus gets. There is no second registry,
 * since Micrometer's registry of OpenTelemetry can't be read, and the self-report reads any of several registries.
 */
@Singleton
class OtlpMetrics {

    private final Set<Meter.Id> exported = ConcurrentHashMap.newKeySet();
    private final io.opentelemetry.api.metrics.Meter meters;

    OtlpMetrics(OpenTelemetry openTelemetry) {
        meters = openTelemetry.getMeter(ReceiveSpans.INSTRUMENTATION);
    }

    void start(@Observes StartupEvent started, MeterRegistry registry) {
        registry.config().onMeterAdded(this::export);
        registry.getMeters().forEach(this::export);
    }

    private void export(Meter meter) {
        if (!exported.add(meter.getId())) {
            return;
        }
        AttributesBuilder tags = Attributes.builder();
        meter.getId().getTagsAsIterable().forEach(tag -> tags.put(tag.getKey(), tag.getValue()));
        Attributes attributes = tags.build();
        for (Measurement measurement : meter.measure()) {
            String name = name(meter, measurement.getStatistic());
            if (isCount(measurement.getStatistic())) {
                meters.counterBuilder(name).ofDoubles()
                        .buildWithCallback(values -> record(values, measurement.getValue(), attributes));
            } else {
                meters.gaugeBuilder(name)
                        .buildWithCallback(values -> record(values, measurement.getValue(), attributes));
            }
        }
        if (meter instanceof Timer timer) {
            meters.counterBuilder(meter.getId().getName() + ".bucket").ofDoubles().buildWithCallback(values -> {
                for (CountAtBucket bucket : timer.takeSnapshot().histogramCounts()) {
                    record(values, bucket.count(),
                            attributes.toBuilder().put("le", bucket.bucket(TimeUnit.SECONDS)).build());
                }
            });
        }
    }

    /** That of the meter; with the statistic if the meter has several. */
    private static String name(Meter meter, Statistic statistic) {
        return switch (meter.getId().getType()) {
            case COUNTER, GAUGE -> meter.getId().getName();
            default -> meter.getId().getName() + "." + statistic.getTagValueRepresentation();
        };
    }

    private static boolean isCount(Statistic statistic) {
        return statistic == Statistic.COUNT || statistic == Statistic.TOTAL || statistic == Statistic.TOTAL_TIME;
    }

    private static void record(ObservableDoubleMeasurement values, double value, Attributes attributes) {
        if (Double.isFinite(value)) {
            values.record(value, attributes);
        }
    }
}
