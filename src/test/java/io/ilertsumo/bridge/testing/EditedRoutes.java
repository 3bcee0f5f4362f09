package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import com.github.difflib.DiffUtils;
import com.github.difflib.patch.PatchFailedException;
import com.github.difflib.unifieddiff.UnifiedDiff;
import com.github.difflib.unifieddiff.UnifiedDiffFile;
import com.github.difflib.unifieddiff.UnifiedDiffReader;

/** A copy of the routes in a folder of its own, to edit. */
public final class EditedRoutes {

    private final Path folder = SumoLogicResource.newDirectory("routes");

    public EditedRoutes() {
        Path routes = Path.of("routes");
        try (Stream<Path> files = Files.walk(routes)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                Path copy = folder.resolve(routes.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For {@code BRIDGE_ROUTES_DIR}. */
    public String folder() {
        return folder.toString();
    }

    /** The lines of one of its files. */
    public List<String> lines(String file) throws IOException {
        return Files.readAllLines(folder.resolve(file));
    }

    /** Replaces a text that must be there, wherever it is. */
    public EditedRoutes replace(String file, String text, String replacement) throws IOException {
        String before = Files.readString(folder.resolve(file));
        if (!before.contains(text)) {
            throw new IllegalArgumentException(file + " has no " + text);
        }
        Files.writeString(folder.resolve(file), before.replace(text, replacement));
        return this;
    }

    /** Deletes one of its files. */
    public EditedRoutes delete(String file) throws IOException {
        Files.delete(folder.resolve(file));
        return this;
    }

    /** Applies one of the documented edits. */
    public EditedRoutes apply(Path patch) throws IOException, PatchFailedException {
        UnifiedDiff diff;
        try (var in = Files.newInputStream(patch)) {
            diff = UnifiedDiffReader.parseUnifiedDiff(in);
        }
        for (UnifiedDiffFile change : diff.getFiles()) {
            Path file = folder.resolve(change.getFromFile().replaceFirst("^(a/)?routes/", ""));
            Files.write(file, DiffUtils.patch(Files.readAllLines(file), change.getPatch()));
        }
        return this;
    }
}
