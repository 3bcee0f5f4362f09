package io.ilertsumo.bridge.start;

import io.quarkus.runtime.Quarkus;

/**
 * Starts the bridge. Where that fails, what is wrong is said in one line if somebody outside can mend it. Not a
 * {@code @QuarkusMain}: for the sake of such a class Camel Quarkus would start the routes later than the HTTP server.
 */
public final class Main {

    private Main() {
    }

    /** Runs until the process is asked to end. Exits with 1 where the start has failed. */
    public static void main(String... args) {
        Quarkus.run(null, Main::end, args);
    }

    private static void end(int exitCode, Throwable failure) {
        if (failure != null) {
            String reason = StartFailure.reason(failure);
            if (reason != null) {
                System.err.println("The bridge can't start. " + reason);
            } else {
                failure.printStackTrace();
            }
        }
        System.exit(exitCode);
    }
}
