package io.ilertsumo.bridge.observability;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

import io.ilertsumo.bridge.deadletter.DeadLetter;
import io.ilertsumo.bridge.lane.BatchSource;
import io.ilertsumo.bridge.lane.LaneEvent;
import io.ilertsumo.bridge.lane.StoreCallback;
import io.ilertsumo.bridge.settings.BridgeSettings;
import io.ilertsumo.bridge.store.sqlite.Outbox;
import io.quarkus.runtime.configuration.MemorySize;

/** An outbox that was corrupt when it was opened, and in which three events and a dead letter are damaged since. */
final class DamagedOutbox {

    private static final MemorySize MANY_BYTES = new MemorySize(BigInteger.valueOf(1L << 32));

    private DamagedOutbox() {
    }

    static BridgeSettings settings(Path directory) {
        Map<String, Object> settings = Map.of("store", BridgeSettings.Store.OUTBOX, "outboxDirectory", directory,
                "outboxMaxEvents", 1000L, "outboxMaxBytes", MANY_BYTES, "outboxMinFreeDisk",
                new MemorySize(BigInteger.ZERO), "idempotencyKeys", 1000, "idempotencyPeriod", Duration.ofDays(1),
                "deadLettersMax", 10L, "deadLettersMaxBytes", MANY_BYTES, "deadLettersMaxAge", Duration.ofDays(1));
        return (BridgeSettings) Proxy.newProxyInstance(BridgeSettings.class.getClassLoader(),
                new Class<?>[]{ BridgeSettings.class }, (proxy, method, none) -> settings.get(method.getName()));
    }

    static Outbox open(Path directory) throws Exception {
        Files.writeString(directory.resolve("outbox.db"), "This is not a database. ".repeat(500));
        Outbox outbox = new Outbox(settings(directory), Runnable::run);
        for (int i = 0; i < 3; i++) {
            LaneEvent event = new LaneEvent("express", "other", "id-" + i, null, null, false, new byte[10]);
            StoreCallback.future(callback -> outbox.append(event, callback)).get();
        }
        StoreCallback.future(callback -> outbox.deadLetters().keep(new DeadLetter.Content("rejected", null, null, null,
                null, null, null, null, null, new byte[1]), callback)).get();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("outbox.db"));
                Statement statement = connection.createStatement()) {
            statement.execute("UPDATE event SET body = zeroblob(9)");
            statement.execute("UPDATE dead_letter SET body = zeroblob(2)");
        }
        // damage is found by what reads it
        BatchSource source = outbox.open("express", 10, 1000);
        assertNull(source.next(10, 1000));
        source.close();
        assertEquals(Optional.empty(), outbox.deadLetters().get(1));
        return outbox;
    }
}
