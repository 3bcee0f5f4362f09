package io.ilertsumo.bridge.lane;

/**
 * An event to store.
 *
 * @param lane    the lane
 * @param group   the group; a batch holds events of one group
 * @param eventId identifies the event: a second one with the same ID is a duplicate, unless it is a replay
 * @param alertId the alert that the event belongs to; may be {@code null}. Events of one alert keep their order within
 *                lane and group
 * @param replay  whether the event was a dead letter, so that it is stored whether or not its ID was seen before
 * @param line    the event as one line of UTF-8 without a line break; not to be changed afterwards
 */
public record LaneEvent(String lane, String group, String eventId, String alertId, boolean replay, byte[] line) {
}
