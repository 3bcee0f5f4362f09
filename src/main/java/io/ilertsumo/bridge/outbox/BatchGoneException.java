package io.ilertsumo.bridge.outbox;

/** The batch was removed before: nothing is taken away twice, what lies there now are other events. */
class BatchGoneException extends OutboxException {

    private static final long serialVersionUID = 1L;

    BatchGoneException() {
        super("The batch was removed before", null);
    }
}
