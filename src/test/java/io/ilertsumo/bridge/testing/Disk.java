package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A file system of its own, in a file, whose power can be cut. Skips the test where none can be made. */
public final class Disk implements AutoCloseable {

    /** Enough for the smallest XFS. The file is sparse. */
    private static final long BYTES = 400L * 1024 * 1024;
    /** FS_IOC_SHUTDOWN with FS_SHUTDOWN_FLAGS_NOLOGFLUSH: what is not synced is lost. */
    private static final String SHUT_DOWN = "import fcntl, os, struct, sys; "
            + "fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

    private final Path image;
    private final Path directory;

    private Disk(Path image, Path directory) {
        this.image = image;
        this.directory = directory;
    }

    /** @param type {@code ext4} or {@code xfs} */
    public static Disk mount(String type) throws IOException {
        for (String tool : List.of("mkfs." + type, "python3", "mount", "umount")) {
            assumeTrue(isInstalled(tool), "a disk needs " + tool);
        }
        Path root = SumoLogicResource.newDirectory("disk");
        Disk disk = new Disk(root.resolve("image"), Files.createDirectory(root.resolve("mounted")));
        try (RandomAccessFile file = new RandomAccessFile(disk.image.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        String problem = problem("mkfs." + type, "-q", disk.image.toString());
        assumeTrue(problem == null, "a disk needs a file system: " + problem);
        String refused = disk.mount();
        assumeTrue(refused == null, "a disk needs a user who may mount it: " + refused);
        return disk;
    }

    public static boolean isInstalled(String tool) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(path -> Files.isExecutable(Path.of(path, tool))
                        || Files.isExecutable(Path.of("/usr/sbin", tool)));
    }

    /** A library whose preloading turns each sync into nothing; {@code null} if it is not installed. */
    public static Path eatMyData() {
        return Stream.of("/lib", "/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")
                .map(path -> Path.of(path, "libeatmydata.so")).filter(Files::exists).findFirst().orElse(null);
    }

    public Path directory() {
        return directory;
    }

    /** From now on each call of the file system fails, and what is not synced is lost. */
    public void cutPower() {
        assertNull(problem("python3", "-c", SHUT_DOWN, directory.toString()));
    }

    /** Mounts it again, as after a power cut; no process may use it. */
    public void remount() {
        assertNull(problem("umount", directory.toString()));
        assertNull(mount());
    }

    private String mount() {
        return problem("mount", "-o", "loop", image.toString(), directory.toString());
    }

    /** Runs a command and returns in one line why it has failed; {@code null} if it has not. */
    static String problem(String... command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            return status == 0 ? null : command[0] + " ended with " + status + ". " + output.strip().replace('\n', ' ');
        } catch (IOException e) {
            return e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        problem("umount", directory.toString());
        Files.delete(image);
    }
}
