package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.awaitility.Awaitility;

/**
 * The built program in a process of its own, the native executable if there is one, set up by environment variables as
 * an operator does it.
 */
public final class Program implements AutoCloseable {

    private static final Pattern LISTENING = Pattern
            .compile("Listening on: https?://[^:]+:(\\d+)\\. Management interface listening on http://[^:]+:(\\d+)");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** It runs for some seconds only. */
    private static final List<String> JAVA = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Process process;
    private final Path output;
    private int port;
    private int managementPort;

    private Program(List<String> command, Map<String, String> environment) {
        output = SumoLogicResource.newDirectory("program").resolve("output");
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> all = builder.environment();
        all.keySet().removeIf(
                name -> name.matches("(SUMOLOGIC|ILERT|BRIDGE|KAFKA|QUARKUS|CAMEL|OTEL)_.*|(?i:https?|no)_(?i:proxy)"));
        all.put("QUARKUS_HTTP_PORT", "0");
        all.put("QUARKUS_MANAGEMENT_PORT", "0");
        all.putAll(environment);
        builder.directory(output.getParent().toFile()).redirectErrorStream(true).redirectOutput(output.toFile());
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the build has left in its directory last, as the build says it. */
    private static synchronized List<String> command(String... properties) {
        Path target = Path.of(System.getProperty("build.directory", "target")).toAbsolutePath();
        Properties artifact = new Properties();
        try (InputStream in = Files.newInputStream(target.resolve("quarkus-artifact.properties"))) {
            artifact.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException("The program is not built yet", e);
        }
        String path = target.resolve(artifact.getProperty("path")).toString();
        if ("native".equals(artifact.getProperty("type"))) {
            return Stream.concat(Stream.of(path), Stream.of(properties)).toList();
        }
        return Stream.of(JAVA.stream(), Stream.of("-XX:SharedArchiveFile=" + archive(target, Path.of(path))),
                Stream.of(properties), Stream.of("-jar", path)).flatMap(part -> part).toList();
    }

    /**
     * The archive of the classes that a start loads, which take most of its time. Written by the first start of each built
     * program.
     */
    private static Path archive(Path directory, Path jar) {
        try (FileChannel lock = FileChannel.open(directory.resolve("classes.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            lock.lock();
            Path archive = directory.resolve("classes.jsa");
            if (!Files.exists(archive)
                    || Files.getLastModifiedTime(archive).compareTo(Files.getLastModifiedTime(jar)) < 0) {
                Path written = directory.resolve("classes.jsa.new");
                List<String> command = Stream.of(JAVA.stream(), Stream.of("-XX:ArchiveClassesAtExit=" + written, "-jar",
                        jar.toString())).flatMap(part -> part).toList();
                try (Program first = new Program(command, Map.of("SUMOLOGIC_URL", "http://localhost:1/",
                        "ILERT_WEBHOOK_AUTH", "none", "BRIDGE_OUTBOX_DIRECTORY",
                        SumoLogicResource.newDirectory("outbox").toString()))) {
                    first.awaitStart().stop();
                }
                Files.move(written, archive, StandardCopyOption.REPLACE_EXISTING);
            }
            return archive;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the archive, for a program that the build's settings start with it. */
    static void archiveClasses() {
        command();
    }

    /** The settings of a bridge that delivers to that stand-in from that directory. */
    public static Map<String, String> settings(SumoLogic sumoLogic, Path outbox) {
        Map<String, String> settings = new HashMap<>();
        SumoLogicResource.common().forEach((name, value) -> settings.put(environmentVariable(name), value));
        settings.put("SUMOLOGIC_URL", sumoLogic.url());
        settings.put("BRIDGE_OUTBOX_DIRECTORY", outbox.toString());
        return settings;
    }

    /** The settings of a bridge that delivers to that stand-in from topics of its own. */
    public static Map<String, String> settings(SumoLogic sumoLogic, KafkaTopics kafka) {
        Map<String, String> settings = settings(sumoLogic, SumoLogicResource.newDirectory("outbox"));
        settings.put("BRIDGE_STORE", "kafka");
        settings.put("KAFKA_BOOTSTRAP_SERVERS", kafka.broker().brokers());
        settings.put("BRIDGE_KAFKA_TOPIC_PREFIX", kafka.prefix());
        settings.put("BRIDGE_KAFKA_PARTITIONS", "3");
        return settings;
    }

    /** The environment variable that a setting can be set by. */
    public static String environmentVariable(String setting) {
        return setting.replaceAll("[^a-zA-Z0-9]", "_").toUpperCase();
    }

    /**
     * Starts it and waits until it accepts events.
     *
     * @param properties of the system, such as {@code -Dname=value}
     */
    public static Program start(Map<String, String> environment, String... properties) {
        return launch(environment, properties).awaitStart();
    }

    /** Waits until its store has answered, which over Kafka comes after the start. */
    public Program awaitReadiness() {
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50))
                .until(() -> !management("/q/health/ready").contains("DOWN"));
        return this;
    }

    /** Starts it as the child of a tool such as strace, and waits until it accepts events. */
    public static Program startUnder(List<String> tool, Map<String, String> environment) {
        return launchUnder(tool, environment).awaitStart();
    }

    /** Starts it as the child of a tool, and waits for nothing. */
    public static Program launchUnder(List<String> tool, Map<String, String> environment) {
        return new Program(Stream.concat(tool.stream(), command().stream()).toList(), environment);
    }

    private Program awaitStart() {
        try {
            Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(this::isStarted);
        } catch (RuntimeException e) {
            close();
            throw new IllegalStateException("The program does not start, see " + output + ":\n" + output(), e);
        }
        return this;
    }

    /** Starts it and waits for nothing. */
    public static Program launch(Map<String, String> environment, String... properties) {
        return new Program(command(properties), environment);
    }

    private boolean isStarted() {
        if (!process.isAlive()) {
            throw new IllegalStateException("It ended with " + process.exitValue());
        }
        return isListening();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The most memory that it has had so far ({@code VmHWM}), in MB; 0 if the system does not know. */
    public long peakMemory() throws IOException {
        Path status = Path.of("/proc/" + process.pid() + "/status");
        return !Files.exists(status)
                ? 0
                : Files.readAllLines(status).stream().filter(line -> line.startsWith("VmHWM:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024).sum();
    }

    /** The time that its threads have run on a processor. */
    public Duration processorTime() {
        return process.info().totalCpuDuration().orElseThrow();
    }

    /** Whether it accepts events. */
    public boolean isListening() {
        Matcher found = LISTENING.matcher(output());
        if (!found.find()) {
            return false;
        }
        port = Integer.parseInt(found.group(1));
        managementPort = Integer.parseInt(found.group(2));
        return true;
    }

    /** All that it has written to its console. */
    public String output() {
        try {
            return Files.exists(output) ? Files.readString(output) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends an event and returns the answer's status. */
    public int send(String event) throws IOException, InterruptedException {
        return send(event, SumoLogicResource.PASSWORD);
    }

    /** Sends an event with that password and returns the answer's status. */
    public int send(String event, String password) throws IOException, InterruptedException {
        return client.send(request(event, password), HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    /** Sends an event without waiting for its answer, and returns the answer's status. */
    public CompletableFuture<Integer> sendLater(String event) {
        return client.sendAsync(request(event, SumoLogicResource.PASSWORD), HttpResponse.BodyHandlers.discarding())
                .thenApply(HttpResponse::statusCode);
    }

    private HttpRequest request(String event, String password) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/webhooks/ilert"))
                .header("Authorization", basic("ilert", password))
                .header("Content-Type", "application/json")
                .timeout(PATIENCE)
                .POST(HttpRequest.BodyPublishers.ofString(event)).build();
    }

    /** The port of the webhook. */
    public int port() {
        return port;
    }

    /** What the management port answers. */
    public String management(String path) throws IOException, InterruptedException {
        return manage("GET", path);
    }

    /** The sum of a metric over all its labels. */
    public double metric(String name) throws IOException, InterruptedException {
        return management("/q/metrics").lines().filter(line -> line.startsWith(name))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    /** What the management port answers to a call with that method. */
    public String manage(String method, String path) throws IOException, InterruptedException {
        return manage(method, path, SumoLogicResource.MANAGEMENT_PASSWORD);
    }

    /** What the management port answers to a call with that method and password. */
    public String manage(String method, String path, String password) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + managementPort + path))
                .header("Authorization", basic("admin", password))
                .header("X-Requested-By", "test").method(method, HttpRequest.BodyPublishers.noBody()).build();
        return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    private static String basic(String user, String password) {
        return "Basic "
                + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    public int managementPort() {
        return managementPort;
    }

    /** A connection to its webhook. */
    public RawHttp.Connection connect() throws IOException {
        return new RawHttp.Connection(port);
    }

    /** {@code kill -9}: it hears nothing of it. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** Asks it to stop, as an orchestrator does. */
    public void askToStop() {
        process.destroy();
    }

    /** Asks it to stop and waits until it has. */
    public Duration stop() {
        long asked = System.nanoTime();
        askToStop();
        awaitEnd();
        return Duration.ofNanos(System.nanoTime() - asked);
    }

    /** Waits until it ends by itself and returns its exit code. */
    public int awaitEnd() {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("It does not end");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
