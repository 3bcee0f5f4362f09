package io.ilertsumo.bridge.deadletter;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Reads dead letters; for one thread. */
public interface DeadLetters extends AutoCloseable {

    /**
     * The dead letters that are meant, without their bodies, the oldest first.
     *
     * @param after only those with a higher id
     * @param limit at most that many
     */
    List<DeadLetter> list(DeadLetter.Filter filter, long after, int limit) throws IOException;

    /** The ids of the dead letters that are meant, in their order. */
    List<Long> ids(DeadLetter.Filter filter) throws IOException;

    /** The dead letter with its body. */
    Optional<DeadLetter> get(long id) throws IOException;

    @Override
    void close() throws IOException;
}
