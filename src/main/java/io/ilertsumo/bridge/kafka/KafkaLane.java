package io.ilertsumo.bridge.kafka;

import java.util.concurrent.atomic.AtomicLong;

import io.ilertsumo.bridge.lane.Lane;

/** One lane over Kafka: how much of its topic is to be delivered, by whichever process. */
final class KafkaLane implements Lane {

    private final String name;
    private final String topic;
    private final String group;
    private final AtomicLong repeated = new AtomicLong();
    private volatile long lag;
    private volatile long oldest;

    KafkaLane(String name, String topic, String group) {
        this.name = name;
        this.topic = topic;
        this.group = group;
    }

    @Override
    public String name() {
        return name;
    }

    String topic() {
        return topic;
    }

    /** The consumer group. */
    String group() {
        return group;
    }

    void lag(long events) {
        lag = events;
    }

    /** When the oldest event was accepted that waits in this process; 0 if none does. */
    void oldest(long accepted) {
        oldest = accepted;
    }

    /** One more event was written twice and is handed out once. */
    void repeated() {
        repeated.incrementAndGet();
    }

    long repeats() {
        return repeated.get();
    }

    /** As of a moment ago, of all partitions, whichever process reads them. */
    @Override
    public long events() {
        return lag;
    }

    @Override
    public long bytes() {
        return -1;
    }

    /** Of the partitions that this process reads. */
    @Override
    public long age() {
        long accepted = oldest;
        return accepted == 0 ? 0 : Math.max(0, System.currentTimeMillis() - accepted);
    }

    @Override
    public boolean isConsumed() {
        return true;
    }
}
