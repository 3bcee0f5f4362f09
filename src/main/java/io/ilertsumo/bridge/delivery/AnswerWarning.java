package io.ilertsumo.bridge.delivery;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import jakarta.inject.Named;
import jakarta.inject.Singleton;

import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.util.StringHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.ilertsumo.bridge.lane.LaneConstants;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.Unremovable;

/**
 * Counts the warning in the message's body, Sumo Logic's answer to a batch that it has accepted, and logs each text once:
 * its codes and messages without the token and e-mail addresses, of at most {@value #MAX_TEXTS} texts. Thread-safe.
 */
@Singleton
@Unremovable
@Named("answerWarning")
public class AnswerWarning implements Processor {

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
    public void process(Exchange exchange) {
        String lane = exchange.getVariable(LaneConstants.LANE, String.class);
        registry.counter("bridge.delivery.warnings", "lane", lane).increment();
        String text = text(exchange.getMessage().getBody(String.class));
        if (isNew(text)) {
            LOG.warn("Sumo Logic has accepted a batch of the lane {} with a warning: {}. Such answers are counted, and "
                    + "this one is not logged again", lane, text);
        }
    }

    private synchronized boolean isNew(String text) {
        return logged.size() < MAX_TEXTS && logged.add(text);
    }

    /** Without the answer's ID, which is another one each time. */
    private String text(String answer) {
        try {
            JsonNode tree = json.readTree(answer);
            String text = Stream.of("code", "message").flatMap(name -> tree.findValuesAsText(name).stream())
                    .filter(part -> !part.isBlank()).collect(Collectors.joining("; "));
            return StringHelper.limitLength(masker.mask(text).replaceAll("\\S+@\\S+", "***").replaceAll("\\s+", " "),
                    MAX_LENGTH);
        } catch (JsonProcessingException e) {
            return "not valid JSON";
        }
    }
}
