package io.ilertsumo.bridge.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;

/**
 * A Kafka broker in a process of its own, its own controller too, which ends with the tests at the latest. It makes no
 * topics of its own accord. Whatever happens to it, it comes back on the same port and with the same data.
 */
public final class KafkaBroker implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** A property of the JVM rather than a field, since there is a class of this name for each bridge under test. */
    private static final String SHARED = KafkaBroker.class.getName() + ".shared";

    private final Path directory;
    private final int port;

    private KafkaBroker(Path directory, int port) {
        this.directory = directory;
        this.port = port;
    }

    /** A new broker that takes records. */
    public static KafkaBroker start() {
        KafkaBroker broker = new KafkaBroker(SumoLogicResource.newDirectory("kafka"), freePort());
        Runtime.getRuntime().addShutdownHook(new Thread(broker::close));
        broker.writeSettings();
        broker.format();
        broker.startAgain();
        return broker;
    }

    /** The broker of all tests that need no more of it than that it is there, and do it no harm. */
    public static KafkaBroker shared() {
        synchronized (System.getProperties()) {
            String shared = System.getProperty(SHARED);
            if (shared == null) {
                KafkaBroker broker = start();
                System.setProperty(SHARED, broker.port + " " + broker.directory);
                return broker;
            }
            String[] portAndDirectory = shared.split(" ", 2);
            return new KafkaBroker(Path.of(portAndDirectory[1]), Integer.parseInt(portAndDirectory[0]));
        }
    }

    /** Not one that the system may give to a client while the broker is down. */
    private static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(15_000, 30_000);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (IOException e) {
                // taken: another
            }
        }
    }

    private void writeSettings() {
        int controllerPort = freePort();
        write("server.properties", List.of(
                "process.roles=broker,controller",
                "node.id=1",
                "listeners=PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controllerPort,
                "controller.listener.names=CONTROLLER",
                "controller.quorum.voters=1@localhost:" + controllerPort,
                "log.dirs=" + directory.resolve("data"),
                "auto.create.topics.enable=false",
                "offsets.topic.num.partitions=2",
                "offsets.topic.replication.factor=1",
                "transaction.state.log.num.partitions=1",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "group.initial.rebalance.delay.ms=0",
                // it may not come back before its time from before a kill is over
                "broker.session.timeout.ms=2000",
                "broker.heartbeat.interval.ms=500",
                // half of its heap otherwise
                "log.cleaner.dedupe.buffer.size=2097152"));
        write("logging.properties", List.of(
                "logger.level=INFO",
                "logger.handlers=CONSOLE",
                "handler.CONSOLE=org.jboss.logmanager.handlers.ConsoleHandler",
                "handler.CONSOLE.formatter=PATTERN",
                "formatter.PATTERN=org.jboss.logmanager.formatters.PatternFormatter",
                "formatter.PATTERN.properties=pattern",
                "formatter.PATTERN.pattern=%d{HH:mm:ss,SSS} %-5p [%c{1}] %s%e%n"));
    }

    private void write(String file, List<String> lines) {
        try {
            Files.write(directory.resolve(file), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void format() {
        Process format = run("kafka.tools.StorageTool", "format", "--cluster-id", Uuid.randomUuid().toString(),
                "--config", "server.properties");
        awaitEnd(format.toHandle());
        if (format.exitValue() != 0) {
            throw new IllegalStateException("The broker's directory can't be formatted, see " + output());
        }
    }

    private Process run(String... mainClassAndArguments) {
        // Quarkus's jars would keep what is logged to themselves
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("quarkus-"))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                "-Dlogging.configuration=" + directory.resolve("logging.properties").toUri(), "-cp", classPath));
        command.addAll(List.of(mainClassAndArguments));
        try {
            return new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(output().toFile())).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path output() {
        return directory.resolve("output");
    }

    /** Where clients find it. */
    public String brokers() {
        return "localhost:" + port;
    }

    /** Starts it after it was ended, and waits until it takes records. */
    public void startAgain() {
        Process process = run("kafka.Kafka", "server.properties");
        write("pid", List.of(Long.toString(process.pid())));
        try (Admin admin = admin()) {
            Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(() -> {
                if (!process.isAlive()) {
                    throw new IllegalStateException("It ended with " + process.exitValue());
                }
                return !get(admin.describeCluster().nodes().toCompletionStage()).isEmpty();
            });
        } catch (RuntimeException e) {
            close();
            throw new IllegalStateException("The broker does not start, see " + output(), e);
        }
    }

    /** {@code kill -9}: it hears nothing of it. */
    public void kill() {
        process().ifPresent(process -> {
            process.destroyForcibly();
            awaitEnd(process);
        });
    }

    /** {@code kill -9}, and up again. */
    public void restart() {
        kill();
        startAgain();
    }

    /** Asks it to stop and waits until it has. */
    public void stop() {
        process().ifPresent(process -> {
            process.destroy();
            awaitEnd(process);
        });
    }

    /** Its connections stay open, but nothing comes back. */
    public void pauseProcess() {
        signal("STOP");
    }

    /** Ends {@link #pauseProcess()}. */
    public void goOn() {
        signal("CONT");
    }

    private void signal(String name) {
        process().ifPresent(process -> {
            try {
                Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).inheritIO().start();
                awaitEnd(kill.toHandle());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** If it runs: what else may have its number by now is not a child of the tests. */
    private Optional<ProcessHandle> process() {
        try {
            long pid = Long.parseLong(Files.readString(directory.resolve("pid")).strip());
            return ProcessHandle.current().children().filter(child -> child.pid() == pid).findFirst();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitEnd(ProcessHandle process) {
        get(process.onExit());
    }

    /** A client that may do everything. */
    public Admin admin() {
        return Admin.create(Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, brokers(),
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 100));
    }

    /** How many of a topic's records the group has yet to commit. */
    public long lag(String group, String topic) {
        try (Admin admin = admin()) {
            Map<TopicPartition, OffsetAndMetadata> committed = get(
                    admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().toCompletionStage());
            List<TopicPartition> partitions = partitions(admin, topic);
            Map<TopicPartition, Long> first = offsets(admin, partitions, OffsetSpec.earliest());
            Map<TopicPartition, Long> next = offsets(admin, partitions, OffsetSpec.latest());
            return partitions.stream().mapToLong(partition -> {
                OffsetAndMetadata offset = committed.get(partition);
                return next.get(partition) - (offset == null ? first.get(partition) : offset.offset());
            }).sum();
        }
    }

    private static List<TopicPartition> partitions(Admin admin, String topic) {
        return get(admin.describeTopics(List.of(topic)).allTopicNames().toCompletionStage()).get(topic).partitions()
                .stream().map(partition -> new TopicPartition(topic, partition.partition())).toList();
    }

    private static Map<TopicPartition, Long> offsets(Admin admin, List<TopicPartition> partitions, OffsetSpec spec) {
        Map<TopicPartition, OffsetSpec> specs = new HashMap<>();
        partitions.forEach(partition -> specs.put(partition, spec));
        Map<TopicPartition, Long> offsets = new HashMap<>();
        get(admin.listOffsets(specs).all().toCompletionStage())
                .forEach((partition, found) -> offsets.put(partition, found.offset()));
        return offsets;
    }

    /** The records that a topic holds now, those of a partition in their order. */
    public List<ConsumerRecord<String, String>> records(String topic) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers()),
                new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> end = consumer.endOffsets(partitions);
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < end.get(partition))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records;
        }
    }

    private static <T> T get(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Ends it for good. */
    @Override
    public void close() {
        kill();
    }
}
