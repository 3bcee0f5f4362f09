package io.ilertsumo.bridge.store.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;

/**
 * Repairs the write-ahead log of a file that was not closed. SQLite ends a log at the first frame with a wrong checksum,
 * which is right for a commit that was cut off, but loses all later commits if a frame is damaged. A frame's checksum
 * continues that of the frame before it, so each frame can be checked alone. A damaged commit was not cut off if a later
 * one follows, or if the log's index has it, which SQLite writes once a commit is synced. Its frames get new checksums: the
 * damage costs no more than the rows of their pages, which have checksums of their own.
 *
 * @see <a href="https://www.sqlite.org/fileformat2.html#the_write_ahead_log">The format of the log</a>
 * @see <a href="https://www.sqlite.org/walformat.html#the_wal_index_file_format">The format of its index</a>
 */
final class WriteAheadLog {

    /** Checksums are of little-endian words: SQLite writes those of the processor. */
    private static final int MAGIC = 0x377f0682;
    private static final int VERSION = 3007000;
    private static final int HEADER = 32;
    private static final int FRAME_HEADER = 24;
    private static final int FRAME = FRAME_HEADER + OutboxDatabase.PAGE_SIZE;
    /** Of the index, which has its header twice. */
    private static final int INDEX_HEADER = 48;

    private final ByteBuffer log;
    private final ByteBuffer words;
    private final int frames;
    private final BitSet intact;
    private final long salt;

    private WriteAheadLog(ByteBuffer log) {
        this.log = log;
        words = log.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        frames = (log.capacity() - HEADER) / FRAME;
        intact = new BitSet(frames);
        boolean isHeaderIntact = log.getInt(0) == MAGIC && log.getLong(24) == checksum(0, 24, 0);
        // frames with another salt are of a former log, which this one overwrites
        salt = log.getLong(isHeaderIntact ? 16 : HEADER + 8);
        long before = log.getLong(24);
        for (int i = 0; i < frames; i++) {
            intact.set(i,
                    (i > 0 || isHeaderIntact) && isOfThisLog(i) && log.getLong(at(i) + 16) == checksum(i, before));
            before = log.getLong(at(i) + 16);
        }
    }

    /**
     * Repairs a log that no connection has open.
     *
     * @param  index of the log, which may be missing
     * @param  aside where the damaged log is copied to
     * @return       the number of damaged frames
     */
    static int repair(Path file, Path index, Path aside) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (channel.size() < HEADER + FRAME || channel.size() > Integer.MAX_VALUE) {
                return 0;
            }
            WriteAheadLog log = new WriteAheadLog(channel.map(MapMode.READ_WRITE, 0, channel.size()));
            int first = log.intact.nextClearBit(0);
            int end = log.end(first);
            int pages = end == 0 ? 0 : log.pages(end - 1);
            ByteBuffer header = header(index);
            int synced = header.getInt(16);
            if (Long.reverseBytes(header.getLong(32)) == log.salt && synced > Math.max(first, end)
                    && synced <= log.frames) {
                end = synced;
                pages = header.getInt(20);
            }
            if (end == 0 || log.intact.isEmpty()) {
                return 0;
            }
            Files.copy(file, aside);
            log.seal(first, end, pages);
            channel.force(false);
            return end - first - log.intact.get(first, end).cardinality();
        }
    }

    /** The header of the log's index; zeros if there is none, or if it was being written. */
    private static ByteBuffer header(Path index) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(2 * INDEX_HEADER).order(ByteOrder.LITTLE_ENDIAN);
        if (Files.exists(index)) {
            try (FileChannel channel = FileChannel.open(index)) {
                channel.read(header);
            }
        }
        boolean isWhole = header.slice(0, INDEX_HEADER).equals(header.slice(INDEX_HEADER, INDEX_HEADER));
        return isWhole ? header : ByteBuffer.allocate(INDEX_HEADER);
    }

    /** The frame behind the last commit that is intact and follows the damaged ones; 0 if there is none. */
    private int end(int first) {
        int end = 0;
        int begin = 0;
        int damaged = first;
        for (int i = first; i < frames; i++) {
            damaged = intact.get(i) ? damaged : i;
            if (isOfThisLog(i) && pages(i) != 0) {
                end = damaged < begin ? i + 1 : end;
                begin = i + 1;
            }
        }
        return end;
    }

    private void seal(int first, int end, int pages) {
        log.putInt(0, MAGIC).putInt(4, VERSION).putInt(8, OutboxDatabase.PAGE_SIZE).putLong(16, salt)
                .putLong(24, checksum(0, 24, 0));
        for (int i = first; i < end; i++) {
            int page = log.getInt(at(i));
            if (page < 1 || page > pages) {
                // its page is unknown: a copy of its neighbour changes nothing
                int neighbour = i > 0 ? i - 1 : intact.nextSetBit(i);
                log.put(at(i), words, at(neighbour), FRAME).putInt(at(i) + 4, 0);
            } else if (!isOfThisLog(i)) {
                log.putInt(at(i) + 4, 0);
            }
            if (i == end - 1) {
                log.putInt(at(i) + 4, pages);
            }
            log.putLong(at(i) + 8, salt).putLong(at(i) + 16, checksum(i, log.getLong(i == 0 ? 24 : at(i - 1) + 16)));
        }
    }

    private static int at(int frame) {
        return HEADER + frame * FRAME;
    }

    private boolean isOfThisLog(int frame) {
        return log.getLong(at(frame) + 8) == salt;
    }

    /** The pages of the database after a commit that ends with this frame; 0 if none does. */
    private int pages(int frame) {
        return log.getInt(at(frame) + 4);
    }

    private long checksum(int frame, long before) {
        return checksum(at(frame) + FRAME_HEADER, OutboxDatabase.PAGE_SIZE, checksum(at(frame), 8, before));
    }

    private long checksum(int from, int bytes, long before) {
        int first = (int) (before >>> 32);
        int second = (int) before;
        for (int i = from; i < from + bytes; i += 8) {
            first += words.getInt(i) + second;
            second += words.getInt(i + 4) + first;
        }
        return (long) first << 32 | second & 0xffff_ffffL;
    }
}
