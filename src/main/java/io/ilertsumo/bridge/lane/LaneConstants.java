package io.ilertsumo.bridge.lane;

import org.apache.camel.spi.Metadata;

/** The message headers that lanes read and set. */
public final class LaneConstants {

    @Metadata(label = "common", javaType = "String", description = "The lane: set by the consumer; the producer's lane is its endpoint's name.")
    public static final String LANE = "lane";

    @Metadata(label = "common", javaType = "String", description = "The group of the event. A batch holds events of one group only.")
    public static final String GROUP = "group";

    @Metadata(label = "producer", javaType = "String", description = "The idempotency key: an event whose key is known already is not stored again.")
    public static final String EVENT_ID = "eventId";

    @Metadata(label = "producer", javaType = "String", description = "Events of one alert leave a lane in the order in which they were stored.")
    public static final String ALERT_ID = "alertId";

    @Metadata(label = "producer", javaType = "Long", description = "The id of the dead letter that the event is a replay of: it is stored whether or not its key is known, and the dead letter is taken away with it.")
    public static final String DEAD_LETTER = "deadLetter";

    @Metadata(label = "producer", javaType = "String", description = "When the event was accepted.")
    public static final String ACCEPTED = "accepted";

    @Metadata(label = "consumer", javaType = "Integer", description = "How many events the batch holds.")
    public static final String EVENTS = "events";

    @Metadata(label = "consumer", javaType = "Integer", description = "The size of the batch in bytes.")
    public static final String BYTES = "bytes";

    /** The exchange property that holds the {@link Batch} a consumer handed out. */
    public static final String BATCH = "CamelLaneBatch";

    private LaneConstants() {
    }
}
