package io.ilertsumo.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;

import com.fasterxml.jackson.databind.JsonNode;

import io.ilertsumo.bridge.testing.Requests;

/**
 * {@code set-up.sh} and the stand-in's dashboards take what the Terraform says from {@code requests.json}. This keeps them
 * the same: {@code mvn test -Dtest=RequestsTest -Drequests.write=true} writes the files anew.
 */
class RequestsTest {

    @Test
    void whatIsAskedOfSumoLogicIsWhatTheTerraformSays() throws IOException {
        compare(Requests.sumoLogic(), Path.of("sumologic", "requests.json"));
    }

    @Test
    void whatIsAskedOfILertIsWhatTheTerraformSays() throws IOException {
        compare(Requests.iLert(), Path.of("ilert", "requests.json"));
    }

    private static void compare(JsonNode requests, Path file) throws IOException {
        String text = requests.toPrettyString() + "\n";
        if (Boolean.getBoolean("requests.write")) {
            Files.writeString(file, text);
        }
        assertEquals(text, Files.readString(file), () -> file + " is not what the Terraform says, write it anew");
    }
}
