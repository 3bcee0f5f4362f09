package io.ilertsumo.bridge.deadletter;

/** The dead letter was replayed or discarded before, or made room for others. */
public class DeadLetterGoneException extends Exception {

    private static final long serialVersionUID = 1L;

    public DeadLetterGoneException(long id) {
        super("There is no dead letter " + id);
    }
}
