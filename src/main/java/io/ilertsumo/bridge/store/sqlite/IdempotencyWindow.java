package io.ilertsumo.bridge.store.sqlite;

import java.nio.ByteBuffer;

import io.ilertsumo.bridge.event.EventKey;

/**
 * The keys of the latest events, in two generations: once the young one is full or old enough, it becomes the old one
 * and the former old one is forgotten. So the window holds at least the latest {@code generationSize} keys and about
 * twice as many at most, in 32 to 64 bytes each. Not thread-safe.
 */
final class IdempotencyWindow {

    private final int generationSize;
    private final long generationMillis;
    private KeySet young = new KeySet();
    private KeySet old = new KeySet();
    private long youngSince = Long.MIN_VALUE;

    /** The key of an event, see {@link EventKey}. */
    record Key(long high, long low) {

        static Key of(byte[] key) {
            ByteBuffer buffer = ByteBuffer.wrap(key);
            return new Key(buffer.getLong(), buffer.getLong());
        }
    }

    IdempotencyWindow(int generationSize, long generationMillis) {
        this.generationSize = generationSize;
        this.generationMillis = generationMillis;
    }

    boolean contains(Key key) {
        return young.contains(key.high, key.low) || old.contains(key.high, key.low);
    }

    /**
     * Adds the keys of one commit.
     *
     * @param  keys any number of {@link EventKey#BYTES} bytes
     * @return      whether a new generation begins with them, so that all before the former one are forgotten
     */
    boolean add(byte[] keys, long now) {
        boolean begins = youngSince != Long.MIN_VALUE
                && (young.size >= generationSize || now - youngSince >= generationMillis);
        if (begins) {
            old = young;
            young = new KeySet();
        }
        if (begins || youngSince == Long.MIN_VALUE) {
            youngSince = now;
        }
        ByteBuffer buffer = ByteBuffer.wrap(keys);
        while (buffer.hasRemaining()) {
            young.add(buffer.getLong(), buffer.getLong());
        }
        return begins;
    }

    int size() {
        return young.size + old.size;
    }

    /** Open addressing over pairs of longs; a pair of zeros marks a free place, which no digest is. */
    private static final class KeySet {

        private long[] table = new long[2 * 1024];
        private int size;

        boolean contains(long high, long low) {
            return !isFree(place(high, low));
        }

        void add(long high, long low) {
            int place = place(high, low);
            if (isFree(place)) {
                table[place] = high;
                table[place + 1] = low;
                if (++size > table.length / 4) {
                    grow();
                }
            }
        }

        private boolean isFree(int place) {
            return table[place] == 0 && table[place + 1] == 0;
        }

        private int place(long high, long low) {
            int mask = table.length - 1;
            int place = (int) low << 1 & mask;
            while ((table[place] != high || table[place + 1] != low) && !isFree(place)) {
                place = place + 2 & mask;
            }
            return place;
        }

        private void grow() {
            long[] full = table;
            table = new long[2 * full.length];
            size = 0;
            for (int i = 0; i < full.length; i += 2) {
                if (full[i] != 0 || full[i + 1] != 0) {
                    add(full[i], full[i + 1]);
                }
            }
        }
    }
}
