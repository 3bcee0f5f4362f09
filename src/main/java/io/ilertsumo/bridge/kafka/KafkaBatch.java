package io.ilertsumo.bridge.kafka;

import java.util.List;

import io.ilertsumo.bridge.lane.Batch;

/** Events of one lane and one group that are delivered together, of one partition or several. */
record KafkaBatch(String lane, String group, int events, byte[] body, List<KafkaEvent> parts) implements Batch {
}
