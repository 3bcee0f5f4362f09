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
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
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
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule;
import org.apache.kafka.common.security.plain.PlainLoginModule;
import org.apache.kafka.common.security.scram.ScramLoginModule;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;

/**
 * A Kafka broker in a process of its own, which is its own controller and ends with the tests. It creates no topics by
 * itself, and starts again on the same port and with the same data.
 */
public final class KafkaBroker implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** A property of the JVM rather than a field, since there is a class of this name for each bridge under test. */
    private static final String SHARED = KafkaBroker.class.getName() + ".shared";

    private static final String KEY_SET = "keys.json";

    public static final String USERNAME = "bridge";

    /** A secret, which must appear nowhere. It has a quote and a backslash, which a client has to escape. */
    public static final String PASSWORD = "marker-8r0ker;pass\"wo\\rd$$${x}";

    /** How a client connects. */
    public enum Listener {

        PLAINTEXT("PLAINTEXT"),
        /** SCRAM-SHA-512, SCRAM-SHA-256, PLAIN or OAUTHBEARER. */
        SASL_PLAINTEXT("SASL_PLAINTEXT"),
        /** As above, with TLS. */
        SASL_SSL("SASL_SSL"),
        /** TLS, without authentication. */
        SSL("SSL"),
        /** TLS, with a client certificate of the same authority. */
        MUTUAL_TLS("SSL");

        private final String protocol;

        Listener(String protocol) {
            this.protocol = protocol;
        }

        /** The value of the clients' property {@code security.protocol}. */
        public String protocol() {
            return protocol;
        }
    }

    private final Path directory;
    private final Map<Listener, Integer> ports;
    private final int controllerPort = freePort();

    private KafkaBroker(Path directory, Map<Listener, Integer> ports) {
        this.directory = directory;
        this.ports = ports;
    }

    /** Starts a new broker without authentication. */
    public static KafkaBroker start() {
        KafkaBroker broker = create(Listener.PLAINTEXT);
        broker.writeSettings(List.of(broker), List.of());
        broker.format(Uuid.randomUuid());
        broker.startAgain();
        return broker;
    }

    /**
     * Starts a new cluster of three brokers without authentication. Its topics have three replicas, two of which must be in
     * sync. Timeouts are Kafka's defaults.
     */
    public static List<KafkaBroker> startCluster() {
        List<KafkaBroker> cluster = Stream.generate(() -> create(Listener.PLAINTEXT)).limit(3).toList();
        Uuid id = Uuid.randomUuid();
        for (KafkaBroker broker : cluster) {
            broker.writeSettings(cluster, List.of(
                    "default.replication.factor=3",
                    "min.insync.replicas=2",
                    "offsets.topic.replication.factor=3",
                    "broker.session.timeout.ms=9000",
                    "broker.heartbeat.interval.ms=2000"));
            broker.format(id);
        }
        // one alone has no quorum, and does not answer
        cluster.forEach(KafkaBroker::launch);
        cluster.forEach(KafkaBroker::awaitAnswer);
        return cluster;
    }

    /**
     * Starts a new broker with all {@link Listener}s.
     *
     * @param certificates its own certificate is the one for localhost
     * @param tokens the issuer of the tokens that it accepts
     */
    public static KafkaBroker startSecured(Certificates certificates, TokenEndpoint tokens) {
        KafkaBroker broker = create(Listener.values());
        broker.writeSettings(List.of(broker), broker.security(certificates, tokens));
        broker.format(Uuid.randomUuid(), "--add-scram",
                "SCRAM-SHA-512=[name=" + USERNAME + ",password=" + PASSWORD + "]",
                "--add-scram", "SCRAM-SHA-256=[name=" + USERNAME + ",password=" + PASSWORD + "]");
        broker.startAgain();
        return broker;
    }

    private static KafkaBroker create(Listener... listeners) {
        Map<Listener, Integer> ports = new EnumMap<>(Listener.class);
        for (Listener listener : listeners) {
            ports.put(listener, freePort());
        }
        KafkaBroker broker = new KafkaBroker(SumoLogicResource.newDirectory("kafka"), ports);
        Runtime.getRuntime().addShutdownHook(new Thread(broker::close));
        return broker;
    }

    /** The broker of all tests that neither stop nor configure it. */
    public static KafkaBroker shared() {
        synchronized (System.getProperties()) {
            String shared = System.getProperty(SHARED);
            if (shared == null) {
                KafkaBroker broker = start();
                System.setProperty(SHARED, broker.ports.get(Listener.PLAINTEXT) + " " + broker.directory);
                return broker;
            }
            String[] portAndDirectory = shared.split(" ", 2);
            return new KafkaBroker(Path.of(portAndDirectory[1]),
                    Map.of(Listener.PLAINTEXT, Integer.parseInt(portAndDirectory[0])));
        }
    }

    /** Returns a port that the system gives to no client while the broker is down. */
    private static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(15_000, 30_000);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (IOException e) {
                // in use: the next
            }
        }
    }

    private void writeSettings(List<KafkaBroker> cluster, List<String> more) {
        String controller = "localhost:" + controllerPort;
        String voters = cluster.stream().map(one -> cluster.indexOf(one) + 1 + "@localhost:" + one.controllerPort)
                .collect(Collectors.joining(","));
        List<String> settings = new ArrayList<>(List.of(
                "process.roles=broker,controller",
                "node.id=" + (cluster.indexOf(this) + 1),
                "listeners=" + list(listener -> listener + "://" + brokers(listener)) + ",CONTROLLER://" + controller,
                "listener.security.protocol.map=" + list(listener -> listener + ":" + listener.protocol())
                        + ",CONTROLLER:PLAINTEXT",
                "controller.listener.names=CONTROLLER",
                "controller.quorum.voters=" + voters,
                "log.dirs=" + directory.resolve("data"),
                "auto.create.topics.enable=false",
                "offsets.topic.num.partitions=2",
                "offsets.topic.replication.factor=1",
                "transaction.state.log.num.partitions=1",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "group.initial.rebalance.delay.ms=0",
                // after a kill the broker can register again only when its old session has ended
                "broker.session.timeout.ms=2000",
                "broker.heartbeat.interval.ms=500",
                // half of its heap otherwise
                "log.cleaner.dedupe.buffer.size=2097152"));
        settings.addAll(more);
        write("server.properties", settings.stream().map(setting -> setting.replace("\\", "\\\\")).toList());
        write("logging.properties", List.of(
                "logger.level=INFO",
                "logger.handlers=CONSOLE",
                "handler.CONSOLE=org.jboss.logmanager.handlers.ConsoleHandler",
                "handler.CONSOLE.formatter=PATTERN",
                "formatter.PATTERN=org.jboss.logmanager.formatters.PatternFormatter",
                "formatter.PATTERN.properties=pattern",
                "formatter.PATTERN.pattern=%d{HH:mm:ss,SSS} %-5p [%c{1}] %s%e%n"));
    }

    private String list(Function<Listener, String> one) {
        return ports.keySet().stream().map(one).collect(Collectors.joining(","));
    }

    private List<String> security(Certificates certificates, TokenEndpoint tokens) {
        write(KEY_SET, List.of(tokens.keySet()));
        List<String> settings = new ArrayList<>(List.of(
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                // of the listener without authentication: the tests and the broker itself
                "super.users=User:ANONYMOUS",
                "allow.everyone.if.no.acl.found=true",
                "ssl.keystore.type=PEM",
                "ssl.keystore.location=" + certificates.of(Certificates.Holder.LOCALHOST).both(),
                "ssl.truststore.type=PEM",
                "ssl.truststore.location=" + certificates.ca(),
                "listener.name.mutual_tls.ssl.client.auth=required",
                "sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN,OAUTHBEARER",
                // the default one checks no signature
                "sasl.oauthbearer.jwt.validator.class=org.apache.kafka.common.security.oauthbearer.BrokerJwtValidator"));
        for (String listener : List.of("listener.name.sasl_plaintext.", "listener.name.sasl_ssl.")) {
            for (String scram : List.of("scram-sha-512", "scram-sha-256")) {
                settings.add(listener + scram + ".sasl.jaas.config=" + ScramLoginModule.class.getName() + " required;");
            }
            settings.add(listener + "plain.sasl.jaas.config=" + PlainLoginModule.class.getName() + " required user_"
                    + USERNAME + "=\"" + PASSWORD.replaceAll("[\"\\\\]", "\\\\$0") + "\";");
            settings.add(listener + "oauthbearer.sasl.jaas.config=" + OAuthBearerLoginModule.class.getName()
                    + " required unsecuredLoginStringClaim_sub=\"broker\";");
            settings.add(listener + "oauthbearer.sasl.server.callback.handler.class="
                    + "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler");
            settings.add(
                    listener + "oauthbearer.sasl.oauthbearer.jwks.endpoint.url=" + directory.resolve(KEY_SET).toUri());
        }
        return settings;
    }

    private void write(String file, List<String> lines) {
        try {
            Files.write(directory.resolve(file), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void format(Uuid cluster, String... arguments) {
        List<String> all = new ArrayList<>(List.of("kafka.tools.StorageTool", "format", "--cluster-id",
                cluster.toString(), "--config", "server.properties"));
        all.addAll(List.of(arguments));
        Process format = run(all.toArray(String[]::new));
        get(format.onExit());
        if (format.exitValue() != 0) {
            throw new IllegalStateException("The broker's directory can't be formatted, see " + output());
        }
    }

    private Process run(String... mainClassAndArguments) {
        // the jars of Quarkus would suppress the log
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("quarkus-"))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms32m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                "-Dlogging.configuration=" + directory.resolve("logging.properties").toUri(),
                "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=" + directory.resolve(KEY_SET).toUri(), "-cp",
                classPath));
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

    /**
     * The clients' property {@code sasl.jaas.config} for the user.
     *
     * @param module such as {@code scram.ScramLoginModule}
     */
    public static String login(String module, String password) {
        return "org.apache.kafka.common.security." + module + " required username=\"" + USERNAME + "\" password=\""
                + password.replaceAll("[\"\\\\]", "\\\\$0") + "\";";
    }

    /** The address for clients without authentication. */
    public String brokers() {
        return brokers(Listener.PLAINTEXT);
    }

    /** The address of a listener. */
    public String brokers(Listener listener) {
        return "localhost:" + ports.get(listener);
    }

    /** Starts it after it has ended, and waits until it answers. */
    public void startAgain() {
        launch();
        awaitAnswer();
    }

    /** Starts it without waiting until it answers. */
    public void launch() {
        write("pid", List.of(Long.toString(run("kafka.Kafka", "server.properties").pid())));
    }

    private void awaitAnswer() {
        try (Admin admin = admin()) {
            Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(() -> {
                if (!isRunning()) {
                    throw new IllegalStateException("It has ended");
                }
                return !get(admin.describeCluster().nodes().toCompletionStage()).isEmpty();
            });
        } catch (RuntimeException e) {
            close();
            throw new IllegalStateException("The broker does not start, see " + output(), e);
        }
    }

    /** Whether its process runs. */
    public boolean isRunning() {
        return process().isPresent();
    }

    /** The time that its threads have run on a processor. */
    public Duration processorTime() {
        return process().orElseThrow().info().totalCpuDuration().orElseThrow();
    }

    /** {@code kill -9}. */
    public void kill() {
        process().ifPresent(process -> {
            process.destroyForcibly();
            awaitEnd(process);
        });
    }

    /** {@code kill -9}, and starts again. */
    public void restart() {
        kill();
        startAgain();
    }

    /** Stops it and waits until it has ended. */
    public void stop() {
        process().ifPresent(process -> {
            process.destroy();
            awaitEnd(process);
        });
    }

    /** Its connections stay open, but it does not answer any more. */
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

    /** The process, if it runs: another process that got its number is not a child of the tests. */
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

    /** A client with all permissions. */
    public Admin admin() {
        return Admin.create(Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, brokers(),
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 100));
    }

    /** The number of a topic's records that the group has not committed. */
    public long lag(String group, String topic) {
        try (Admin admin = admin()) {
            return lag(admin, group, topic);
        }
    }

    static long lag(Admin admin, String group, String topic) {
        Map<TopicPartition, OffsetAndMetadata> committed = committed(admin, group);
        List<TopicPartition> partitions = partitions(admin, topic);
        Map<TopicPartition, Long> first = offsets(admin, partitions, OffsetSpec.earliest());
        Map<TopicPartition, Long> next = offsets(admin, partitions, OffsetSpec.latest());
        return partitions.stream().mapToLong(partition -> {
            OffsetAndMetadata offset = committed.get(partition);
            return next.get(partition) - (offset == null ? first.get(partition) : offset.offset());
        }).sum();
    }

    static Map<TopicPartition, OffsetAndMetadata> committed(Admin admin, String group) {
        return get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().toCompletionStage());
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

    /** The records of a topic, those of a partition in their order. */
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

    /** Ends it. */
    @Override
    public void close() {
        kill();
    }
}
