package io.ilertsumo.bridge.delivery;

import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.support.MessageHelper;
import org.apache.camel.util.StringHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.ilertsumo.bridge.lane.Batch;
import io.ilertsumo.bridge.lane.BatchListener;
import io.ilertsumo.bridge.lane.LaneEndpoint;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.Unremovable;

/**
 * Counts the warnings in Sumo Logic's answers, the bodies of exchanges whose batch is delivered, and logs each text once:
 * its codes and messages without the token and e-mail addresses, of at most {@value #MAX_TEXTS} texts. Thread-safe.
 */
@Singleton
@Unremovable
public class AnswerWarning implements BatchListener {

    private static final int MAX_TEXTS = 100;
    private static final int MAX_LENGTH = 300;
    private static final Logger LOG = LoggerFactory.getLogger(AnswerWarning.class);

    private final SecretMasker masker;
    private final MeterRegistry registry;
    private final ObjectMapper json = new ObjectMapper();
    private final Set<String> logged = new HashSet<>();

    AnswerWarning(SecretMasker masker, MeterRegistry registry) {
        this.masker = masker;
        this.registry = registry;
    }

    @Override
    public void done(LaneEndpoint lane, Batch batch, Result result, Exchange exchange) {
        MessageHelper.resetStreamCache(exchange.getMessage());
        String text = result == Result.DELIVERED ? text(exchange.getMessage().getBody(String.class)) : "";
        if (!text.isEmpty()) {
            registry.counter("bridge.delivery.warnings", "lane", lane.getLane()).increment();
            if (isNew(text)) {
                LOG.warn("Sumo Logic has accepted a batch of the lane {} with a warning: {}. Such answers are counted, "
                        + "and this one is not logged again", lane.getLane(), text);
            }
        }
    }

    private synchronized boolean isNew(String text) {
        return logged.size() < MAX_TEXTS && logged.add(text);
    }

    /** Without the answer's ID, which is another one each time; empty if there is no warning. */
    private String text(String answer) {
        try {
            JsonNode tree = json.readTree(Objects.requireNonNullElse(answer, ""));
            String text = Stream.concat(Stream.of(tree), StreamSupport.stream(tree.path("errors").spliterator(), false))
                    .flatMap(part -> Stream.of(part.path("code").textValue(), part.path("message").textValue()))
                    .filter(part -> part != null && !part.isBlank()).collect(Collectors.joining("; "));
            return StringHelper.limitLength(masker.mask(text).replaceAll("\\S+@\\S+", "***").replaceAll("\\s+", " "),
                    MAX_LENGTH);
        } catch (JsonProcessingException e) {
            return "";
        }
    }
}
