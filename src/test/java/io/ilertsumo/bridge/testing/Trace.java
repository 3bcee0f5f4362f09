package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The system calls of a program, by strace. */
public final class Trace {

    private static final Pattern LINE = Pattern.compile("(\\d+) +(?:<\\.\\.\\. (\\w+) resumed>|(\\w+)\\()(.*)");
    private static final String UNFINISHED = " <unfinished ...>";
    /** Why no process can be traced; {@code null} if one can. */
    private static final String PROBLEM = Disk.problem("strace", "--seccomp-bpf", "-f", "-o", "/dev/null", "true");

    private Trace() {
    }

    /**
     * A call that has returned.
     *
     * @param name   such as {@code fsync}
     * @param text   its arguments and its result, with the paths of files
     * @param begun  the line of the trace where it begins
     * @param ended  the line where it has returned
     */
    public record Call(String name, String text, int begun, int ended) {

        /** The file or socket of its first argument. */
        public String file() {
            Matcher file = Pattern.compile("\\d+<([^>]*)>").matcher(text);
            return file.lookingAt() ? file.group(1) : "";
        }
    }

    /**
     * The tool to start a program under; {@code kill -9} ends the program, and with it the trace. Skips the test where it
     * is not installed or not permitted.
     */
    public static List<String> tool(Path trace, String... options) {
        assumeTrue(PROBLEM == null, "strace is needed: " + PROBLEM);
        return Stream
                .of(Stream.of("strace", "--seccomp-bpf", "-D", "-f", "-q", "-o", trace.toString()), Stream.of(options))
                .flatMap(part -> part).toList();
    }

    /** The calls in the order in which they have returned. */
    public static List<Call> read(Path trace) throws IOException {
        List<Call> calls = new ArrayList<>();
        Map<String, Call> unfinished = new HashMap<>();
        int number = 0;
        for (String line : Files.readAllLines(trace, StandardCharsets.ISO_8859_1)) {
            number++;
            Matcher call = LINE.matcher(line);
            if (!call.matches()) {
                continue;
            }
            String thread = call.group(1);
            String text = call.group(4);
            if (text.endsWith(UNFINISHED)) {
                unfinished.put(thread, new Call(call.group(3), text.substring(0, text.length() - UNFINISHED.length()),
                        number, number));
            } else if (call.group(2) != null) {
                Call begun = unfinished.remove(thread);
                if (begun != null) {
                    calls.add(new Call(begun.name, begun.text + text, begun.begun, number));
                }
            } else {
                calls.add(new Call(call.group(3), text, number, number));
            }
        }
        return calls;
    }
}
