package io.ilertsumo.bridge.delivery;

import java.util.Arrays;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;

import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Processor;

import io.airlift.compress.zstd.ZstdCompressor;
import io.quarkus.arc.Unremovable;

/** Compresses the message body by Zstandard (RFC 8878), for the Kamelet {@code sumologic-sink}. Thread-safe. */
@ApplicationScoped
@Unremovable
@Named("zstd")
public class Zstd implements Processor {

    @Override
    public void process(Exchange exchange) throws InvalidPayloadException {
        byte[] body = exchange.getMessage().getMandatoryBody(byte[].class);
        ZstdCompressor compressor = new ZstdCompressor();
        byte[] compressed = new byte[compressor.maxCompressedLength(body.length)];
        int length = compressor.compress(body, 0, body.length, compressed, 0, compressed.length);
        exchange.getMessage().setBody(Arrays.copyOf(compressed, length));
    }
}
