package io.ilertsumo.bridge.store.sqlite;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;

/**
 * SQLite's native library, which has to be a file. The driver writes it to the directory for temporary files at each
 * start, which a container may not have or may not load code from, and compares it byte for byte, which is a fifth of
 * the start of a native executable.
 */
final class SqliteLibrary {

    /** The driver's system property. */
    private static final String PATH = "org.sqlite.lib.path";
    private static final Logger LOG = LoggerFactory.getLogger(SqliteLibrary.class);

    private SqliteLibrary() {
    }

    /** Writes the library to the directory, unless it is there or the system property is set. */
    static synchronized void unpack(Path directory) {
        if (System.getProperty(PATH) != null) {
            return;
        }
        String name = LibraryLoaderUtil.getNativeLibName();
        try (InputStream packed = SQLiteJDBCLoader.class
                .getResourceAsStream(LibraryLoaderUtil.getNativeLibResourcePath() + "/" + name)) {
            if (packed == null) {
                return;
            }
            byte[] library = packed.readAllBytes();
            Path file = directory.resolve(name);
            if (!Files.exists(file) || !Arrays.equals(library, Files.readAllBytes(file))) {
                Path written = Files.write(directory.resolve(name + ".new"), library);
                Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
            }
            System.setProperty(PATH, directory.toAbsolutePath().toString());
        } catch (IOException e) {
            LOG.debug("SQLite's library can't be written to {}: the driver uses the directory for temporary files",
                    directory, e);
        }
    }
}
