package io.ilertsumo.bridge.outbox;

/** The dead letter was replayed or discarded before, or made room for others. */
public class DeadLetterGoneException extends OutboxException {

    private static final long serialVersionUID = 1L;

    public DeadLetterGoneException(long id) {
        super("There is no dead letter " + id, null);
    }
}
