package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A directory whose files are replaced all at once as the kubelet does it: by another symbolic link {@code ..data}. */
public final class MountedDirectory {

    private final Path directory;
    private final Map<String, String> files;

    public MountedDirectory(String name, Map<String, String> files) {
        this.files = new TreeMap<>(files);
        directory = SumoLogicResource.newDirectory(name);
        change(all -> {
        });
    }

    /** The routes of the checkout. */
    public static MountedDirectory routes() {
        Map<String, String> routes = new TreeMap<>();
        try (var files = Files.list(Path.of("routes"))) {
            for (Path file : (Iterable<Path>) files.filter(path -> path.toString().endsWith(".yaml"))::iterator) {
                routes.put(file.getFileName().toString(), Files.readString(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new MountedDirectory("routes", routes);
    }

    @Override
    public String toString() {
        return directory.toString();
    }

    /** The text of a file. */
    public String text(String file) {
        return files.get(file);
    }

    /** Replaces a text of a file that must be there. */
    public void edit(String file, String text, String replacement) {
        if (!files.get(file).contains(text)) {
            throw new IllegalArgumentException(file + " has no " + text);
        }
        change(all -> all.put(file, all.get(file).replace(text, replacement)));
    }

    /** Changes files. */
    public void change(Consumer<Map<String, String>> edit) {
        edit.accept(files);
        try {
            Path data = Files.createTempDirectory(directory, "..2026_01_31_12_00_01.");
            for (Map.Entry<String, String> file : files.entrySet()) {
                Files.writeString(data.resolve(file.getKey()), file.getValue());
            }
            Path link = Files.createSymbolicLink(directory.resolve("..data_tmp"), data.getFileName());
            Files.move(link, directory.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
            for (String file : files.keySet()) {
                if (!Files.exists(directory.resolve(file))) {
                    Files.createSymbolicLink(directory.resolve(file), Path.of("..data", file));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
