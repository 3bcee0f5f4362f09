package io.ilertsumo.bridge.build;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarFile;

import org.junit.jupiter.api.Test;

/** Tests that the JVM image, which does not use {@code quarkus-run.jar}, has the arguments of its manifest. */
class ImagesIT {

    @Test
    void jvmImageOpensPackagesOfManifest() throws IOException {
        Path jar = Path.of("target", "quarkus-app", "quarkus-run.jar");
        assumeTrue(Files.exists(jar), "a native build has no jar");
        try (JarFile run = new JarFile(jar.toFile())) {
            String opened = run.getManifest().getMainAttributes().getValue("Add-Opens");
            String given = Files.readAllLines(Path.of("src", "main", "docker", "train.sh")).stream().map(String::strip)
                    .filter(line -> line.startsWith("echo --add-opens=")).reduce("", String::concat);

            assertEquals("echo --add-opens=" + opened + "=ALL-UNNAMED", given);
        }
    }
}
