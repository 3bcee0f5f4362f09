package io.ilertsumo.bridge.kafka;

import java.nio.ByteBuffer;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.spi.IdempotentRepository;
import org.apache.camel.util.TimeUtils;
import org.apache.kafka.clients.consumer.ConsumerRecord;

import io.ilertsumo.bridge.lane.KeyWindow;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.quarkus.arc.Unremovable;

/**
 * The ids of the latest events that any process has taken. Each process writes the ids of those it takes to a topic,
 * once they are stored, and reads those of all: what a process does not know yet, a moment after another has taken it,
 * it takes too. Thread-safe.
 *
 * <p>
 * Unlike Camel's {@code KafkaIdempotentRepository} it never waits for a broker, keeps as many ids as the outbox in as
 * little memory, and knows no event before it is stored: an id that was written first, by a process that was killed
 * then, would make the repeat a duplicate of nothing.
 */
@ApplicationScoped
@Unremovable
@Typed({ SeenEvents.class, IdempotentRepository.class })
@Named("seenEvents")
public class SeenEvents implements IdempotentRepository, TopicTail.Reader {

    private final KafkaLanes lanes;
    private final int keys;
    private final long periodMillis;
    private final TopicTail tail;
    private KeyWindow window;
    private boolean started;

    SeenEvents(KafkaLanes lanes, BridgeSettings settings) {
        this.lanes = lanes;
        keys = settings.idempotencyKeys();
        periodMillis = TimeUtils.toMilliSeconds(settings.idempotencyPeriod());
        window = new KeyWindow(keys, periodMillis);
        tail = new TopicTail(lanes, KafkaLanes.SEEN, keys, this);
    }

    /** Says that another bridge may take the event for a new one. */
    @Produces
    @ApplicationScoped
    @Named("observeUntold")
    Processor observeUntold() {
        return exchange -> lanes.tell("The other bridges can't be told which events are taken",
                exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Exception.class));
    }

    @Override
    public synchronized void start() {
        if (!started) {
            started = true;
            lanes.require(tail::isCaughtUp);
            tail.start();
        }
    }

    @Override
    public void stop() {
        // with the process, other routes may ask as well
    }

    @PreDestroy
    void end() {
        tail.close();
    }

    /** Whether the event was taken before, as far as this process knows. */
    @Override
    public boolean contains(String eventId) {
        ByteBuffer key = ByteBuffer.wrap(KeyWindow.key(eventId));
        synchronized (this) {
            return window.contains(key);
        }
    }

    @Override
    public boolean add(String eventId) {
        add(eventId, System.currentTimeMillis());
        return true;
    }

    private synchronized void add(String eventId, long at) {
        byte[] key = KeyWindow.key(eventId);
        if (!window.contains(ByteBuffer.wrap(key))) {
            window.add(key, at);
        }
    }

    @Override
    public boolean remove(String eventId) {
        // what was not stored was not added
        return false;
    }

    @Override
    public boolean confirm(String eventId) {
        return true;
    }

    @Override
    public synchronized void clear() {
        window = new KeyWindow(keys, periodMillis);
    }

    @Override
    public void reset() {
        // what is read again is known already
    }

    @Override
    public void read(ConsumerRecord<String, byte[]> seen) {
        if (seen.key() != null) {
            add(seen.key(), seen.timestamp());
        }
    }
}
