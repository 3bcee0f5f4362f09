package io.ilertsumo.bridge.start;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;

import org.apache.camel.CamelExchangeException;
import org.apache.camel.processor.ThrottlerRejectedExecutionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;

import io.quarkus.runtime.annotations.RegisterForReflection;

/** Classes of others that route files name, so that a native executable finds them by name. */
@RegisterForReflection(targets = { Exception.class, IOException.class, ConnectException.class,
        SocketTimeoutException.class, UnknownHostException.class, CamelExchangeException.class,
        ThrottlerRejectedExecutionException.class, KafkaException.class, RecordTooLargeException.class })
final class NamedInRoutes {

    private NamedInRoutes() {
    }
}
