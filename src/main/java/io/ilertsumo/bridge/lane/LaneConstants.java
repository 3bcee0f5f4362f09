package io.ilertsumo.bridge.lane;

import org.apache.camel.spi.Metadata;

/** The message headers that the lane producer reads, and the exchange variables that the lane consumer sets. */
public final class LaneConstants {

    @Metadata(label = "producer", javaType = "String", description = "Set to the lane once the event is stored.")
    public static final String LANE = "lane";

    @Metadata(label = "producer", javaType = "String", description = "The group of the event.", required = true)
    public static final String GROUP = "group";

    @Metadata(label = "producer", javaType = "String", description = "The ID of the event, by which duplicates are detected.", required = true)
    public static final String EVENT_ID = "eventId";

    @Metadata(label = "producer", javaType = "String", description = "The ID of the alert that the event belongs to.")
    public static final String ALERT_ID = "alertId";

    @Metadata(label = "producer", javaType = "String", description = "The W3C trace context of the event, which is stored with it.")
    public static final String TRACEPARENT = "traceparent";

    @Metadata(label = "producer", javaType = "Long", description = "The ID of the dead letter that is replayed. Its event is stored whether or not it is a duplicate.")
    public static final String DEAD_LETTER = "deadLetter";

    @Metadata(label = "producer", javaType = "String", description = "Set to accepted once the event is stored, or to duplicate if it was stored before.")
    public static final String RESULT = "result";

    /** The result of an event that is stored. */
    public static final String ACCEPTED = "accepted";

    /** The result of an event that was stored before. */
    public static final String DUPLICATE = "duplicate";

    /** The result of an event that the routes do not store on purpose. */
    public static final String DROPPED = "dropped";

    /** Exchange variable of a batch: its events, one a line ({@code byte[]}, the message body at first). */
    public static final String BATCH = "batch";

    /** Exchange variable of a batch: the number of its events ({@code Integer}). */
    public static final String EVENTS = "events";

    private LaneConstants() {
    }
}
