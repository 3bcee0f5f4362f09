import java.io.IOException;
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
import java.util.stream.Stream;

/**
 * Starts the bridge several times with an empty outbox, each time until it has accepted an event. Prints the time since the
 * start of the process, the CPU time, and the resident memory two seconds later. Linux only. {@code java bench/Start.java 10 java -jar target/quarkus-app/quarkus-run.jar}
 */
public final class Start {

    private record Run(double millis, double cpuSeconds, double mebibytes) {
    }

    public static void main(String... args) throws Exception {
        if (args.length < 2) {
            System.err.println("java bench/Start.java TIMES COMMAND...");
            System.exit(2);
        }
        List<String> command = List.of(args).subList(1, args.length);
        List<Run> runs = new ArrayList<>();
        // the first run, which reads the program from the disk, does not count
        run(command);
        for (int i = 0; i < Integer.parseInt(args[0]); i++) {
            runs.add(run(command));
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

    private static Run run(List<String> command) throws Exception {
        Path directory = Files.createTempDirectory("start");
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
            while (!isAccepted(port)) {
                if (!process.isAlive() || System.nanoTime() - began > Duration.ofMinutes(1).toNanos()) {
                    throw new IllegalStateException(Files.readString(directory.resolve("log")));
                }
                Thread.sleep(1);
            }
            double millis = (System.nanoTime() - began) / 1e6;
            double cpu = process.info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
            Thread.sleep(2000);
            return new Run(millis, cpu, resident(process.pid()));
        } finally {
            process.destroyForcibly().waitFor();
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static boolean isAccepted(int port) {
        String credentials = Base64.getEncoder().encodeToString("ilert:secret".getBytes(StandardCharsets.UTF_8));
        String event = "{\"id\":\"1\",\"eventType\":\"alert-created\",\"eventId\":\"1\"}";
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5000);
            socket.getOutputStream().write(("POST /webhooks/ilert HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic "
                    + credentials + "\r\nContent-Type: application/json\r\nContent-Length: " + event.length()
                    + "\r\nConnection: close\r\n\r\n" + event).getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8).startsWith("HTTP/1.1 202");
        } catch (IOException e) {
            return false;
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
