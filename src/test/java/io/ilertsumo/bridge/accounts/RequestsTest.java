package io.ilertsumo.bridge.accounts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;

import io.ilertsumo.bridge.testing.Requests;

/**
 * Tests that the two {@code requests.json}, which {@code set-up.sh} and the demo read, are equal to the Terraform.
 * {@code mvn test -Dtest=RequestsTest -Drequests.write=true} writes them.
 */
class RequestsTest {

    @Test
    void requestsToSumoLogicAreThoseOfTheTerraform() throws IOException {
        compare(Requests.sumoLogic(), Path.of("setup", "sumologic", "requests.json"));
    }

    @Test
    void requestsToILertAreThoseOfTheTerraform() throws IOException {
        compare(Requests.iLert(), Path.of("setup", "ilert", "requests.json"));
    }

    private static void compare(JsonNode requests, Path file) throws IOException {
        String text = requests.toPrettyString() + "\n";
        if (Boolean.getBoolean("requests.write")) {
            Files.writeString(file, text);
        }
        assertEquals(text, Files.readString(file),
                () -> file + " differs from the Terraform, write it with -Drequests.write=true");
    }
}
