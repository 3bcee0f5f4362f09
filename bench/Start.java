import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/**
 * Starts the bridge several times, each time until it has accepted an event, and kills it. Prints the time since the start
 * of the process, the CPU time, and the resident memory two seconds later. Each start has an empty outbox, or with
 * {@code --backlog} the same one, which is filled before. Linux only.
 * {@code java bench/Start.java 10 java -jar target/quarkus-app/quarkus-run.jar}
 */
public final class Start {

    private static final int CONNECTIONS = 64;

    private record Run(double millis, double cpuSeconds, double mebibytes) {
    }

    public static void main(String... args) throws Exception {
        int first = args.length > 0 && args[0].equals("--backlog") ? 2 : 0;
        if (args.length < first + 2) {
            System.err.println("java bench/Start.java [--backlog EVENTS] TIMES COMMAND...");
            System.exit(2);
        }
        int backlog = first == 0 ? 0 : Integer.parseInt(args[1]);
        int times = Integer.parseInt(args[first]);
        List<String> command = List.of(args).subList(first + 1, args.length);
        Path kept = Files.createTempDirectory("start");
        List<Run> runs = new ArrayList<>();
        try {
            // the first run, which reads the program from the disk or fills the outbox, does not count
            for (int i = 0; i <= times; i++) {
                Path directory = backlog > 0 ? kept : Files.createTempDirectory("start");
                Run run = run(command, directory, i == 0 ? backlog : 0);
                if (i > 0) {
                    runs.add(run);
                }
                if (backlog == 0) {
                    delete(directory);
                }
            }
        } finally {
            delete(kept);
        }
        System.out.printf("first accepted event after %s ms, CPU %s s, resident %s MiB (median, least - most of %d)%n",
                summary(runs, Run::millis, "%.0f"), summary(runs, Run::cpuSeconds, "%.2f"),
                summary(runs, Run::mebibytes, "%.0f"), runs.size());
    }

    private static String summary(List<Run> runs, java.util.function.ToDoubleFunction<Run> value, String format) {
        double[] sorted = runs.stream().mapToDouble(value).sorted().toArray();
        return String.format(format + " (" + format + " - " + format + ")", sorted[sorted.length / 2], sorted[0],
                sorted[sorted.length - 1]);
    }

    private static Run run(List<String> command, Path directory, int fill) throws Exception {
        int port = freePort();
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile());
        builder.environment().put("SUMOLOGIC_URL", "http://127.0.0.1:9/");
        builder.environment().put("ILERT_WEBHOOK_PASSWORD", "secret");
        builder.environment().put("BRIDGE_OUTBOX_DIRECTORY", directory.resolve("data").toString());
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        builder.environment().put("QUARKUS_MANAGEMENT_PORT", Integer.toString(freePort()));
        long began = System.nanoTime();
        Process process = builder.start();
        try {
            while (send(port, 1) != 1) {
                if (!process.isAlive() || System.nanoTime() - began > Duration.ofMinutes(1).toNanos()) {
                    throw new IllegalStateException(Files.readString(directory.resolve("log")));
                }
                Thread.sleep(1);
            }
            double millis = (System.nanoTime() - began) / 1e6;
            double cpu = process.info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
            if (fill > 0) {
                fill(port, fill);
            }
            Thread.sleep(2000);
            return new Run(millis, cpu, resident(process.pid()));
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static void fill(int port, int events) throws Exception {
        LongAdder accepted = new LongAdder();
        List<Thread> senders = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            Thread sender = new Thread(() -> accepted.add(send(port, (events + CONNECTIONS - 1) / CONNECTIONS)));
            sender.start();
            senders.add(sender);
        }
        for (Thread sender : senders) {
            sender.join();
        }
        if (accepted.sum() < events) {
            throw new IllegalStateException("Only " + accepted.sum() + " of " + events + " events were accepted");
        }
    }

    /** Sends events over one connection; returns the number of those that were accepted before another answer. */
    private static int send(int port, int events) {
        String credentials = Base64.getEncoder().encodeToString("ilert:secret".getBytes(StandardCharsets.UTF_8));
        int accepted = 0;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5000);
            socket.setTcpNoDelay(true);
            InputStream answers = new BufferedInputStream(socket.getInputStream());
            for (; accepted < events; accepted++) {
                String event = "{\"id\":\"1\",\"eventType\":\"alert-created\",\"eventId\":\"" + UUID.randomUUID()
                        + "\",\"details\":\"" + "x".repeat(400) + "\"}";
                socket.getOutputStream().write(("POST /webhooks/ilert HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                        + "Basic " + credentials + "\r\nContent-Type: application/json\r\nContent-Length: "
                        + event.length() + "\r\n\r\n" + event).getBytes(StandardCharsets.UTF_8));
                if (!line(answers).startsWith("HTTP/1.1 202")) {
                    return accepted;
                }
                int length = 0;
                for (String header = line(answers); !header.isEmpty(); header = line(answers)) {
                    if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                        length = Integer.parseInt(header.substring(15).strip());
                    }
                }
                answers.skipNBytes(length);
            }
        } catch (IOException e) {
            // not yet, or not any more
        }
        return accepted;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException();
            }
            line.append((char) c);
        }
        return line.toString().strip();
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static double resident(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream().filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024.0).findFirst().orElseThrow();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
