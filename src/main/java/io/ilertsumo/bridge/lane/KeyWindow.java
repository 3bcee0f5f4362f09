package io.ilertsumo.bridge.lane;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * The idempotency keys of the latest events, in two generations: once the young one is full or old enough it becomes
 * the old one and the former old one is forgotten. So at least the latest {@code generationSize} keys are known, at
 * most twice as many, in 32 to 64 bytes each and with nothing to collect.
 *
 * <p>
 * A key is the first 128 bits of the SHA-256 of what identifies the event. Not thread-safe.
 */
public final class KeyWindow {

    /** Bytes of one key. */
    public static final int KEY_BYTES = 16;

    private final int generationSize;
    private final long generationMillis;
    private KeySet young = new KeySet();
    private KeySet old = new KeySet();
    private long youngSince = Long.MIN_VALUE;

    public KeyWindow(int generationSize, long generationMillis) {
        this.generationSize = generationSize;
        this.generationMillis = generationMillis;
    }

    public static byte[] key(String identity) {
        return key(identity.getBytes(StandardCharsets.UTF_8));
    }

    public static byte[] key(byte[] identity) {
        try {
            return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(identity), KEY_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    public boolean contains(ByteBuffer key) {
        long high = key.getLong(0);
        long low = key.getLong(8);
        return young.contains(high, low) || old.contains(high, low);
    }

    /**
     * Adds the keys of one commit.
     *
     * @return whether a new generation began with them, so that all before the former one can be deleted
     */
    public boolean add(byte[] keys, long now) {
        boolean turned = youngSince != Long.MIN_VALUE
                && (young.size >= generationSize || now - youngSince >= generationMillis);
        if (turned) {
            old = young;
            young = new KeySet();
        }
        if (turned || youngSince == Long.MIN_VALUE) {
            youngSince = now;
        }
        ByteBuffer buffer = ByteBuffer.wrap(keys);
        while (buffer.hasRemaining()) {
            young.add(buffer.getLong(), buffer.getLong());
        }
        return turned;
    }

    public int size() {
        return young.size + old.size;
    }

    /** Open addressing over pairs of longs; a pair of zeros marks a free place, which no digest is. */
    private static final class KeySet {

        private long[] table = new long[2 * 1024];
        private int size;

        boolean contains(long high, long low) {
            int place = place(high, low);
            return table[place] != 0 || table[place + 1] != 0;
        }

        void add(long high, long low) {
            int place = place(high, low);
            if (table[place] == 0 && table[place + 1] == 0) {
                table[place] = high;
                table[place + 1] = low;
                if (++size > table.length / 4) {
                    grow();
                }
            }
        }

        private int place(long high, long low) {
            int mask = table.length - 1;
            int place = (int) low << 1 & mask;
            while ((table[place] != high || table[place + 1] != low) && (table[place] != 0 || table[place + 1] != 0)) {
                place = place + 2 & mask;
            }
            return place;
        }

        private void grow() {
            long[] full = table;
            table = new long[2 * full.length];
            for (int i = 0; i < full.length; i += 2) {
                if (full[i] != 0 || full[i + 1] != 0) {
                    int place = place(full[i], full[i + 1]);
                    table[place] = full[i];
                    table[place + 1] = full[i + 1];
                }
            }
        }
    }
}
