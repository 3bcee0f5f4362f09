package io.ilertsumo.bridge.observability;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.Rule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import io.ilertsumo.bridge.deploy.GrafanaDashboardTest;
import io.ilertsumo.bridge.testing.EdgeAgent;
import io.ilertsumo.bridge.testing.Events;
import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.Metrics;
import io.ilertsumo.bridge.testing.Programs;
import io.ilertsumo.bridge.testing.RunningBridge;
import io.ilertsumo.bridge.testing.SumoLogic.Answer;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;

/** The probes and alerts of the manifests, checked against the program. */
@QuarkusTest
@TestProfile(Programs.Default.class)
class ProbesAndAlertsTest extends RunningBridge {

    /** What Prometheus puts on every series itself. */
    private static final Set<String> OF_THE_TARGET = Set.of("bridge", "job", "namespace", "pod");
    private static final Set<String> KEYWORDS = Set.of("by", "or", "unless", "offset");
    private static final Pattern NAME = Pattern.compile("\\b[a-z]\\w*\\b(?!\\()");

    private static Manifests manifests;
    private static Manifests kafka;

    @BeforeAll
    static void render() {
        Path checkout = Manifests.checkout("secret-file", "ingress", "monitoring");
        manifests = Manifests.of(checkout, "overlays/production");
        kafka = Manifests.of(checkout, "overlays/kafka");
    }

    @Test
    void itAnswersEachProbe() {
        Container container = manifests.container();
        for (Probe probe : List.of(container.getStartupProbe(), container.getLivenessProbe(),
                container.getReadinessProbe())) {
            management(probe.getHttpGet().getPath()).then().statusCode(200);
        }
    }

    @Test
    void itShowsItsMetricsWherePrometheusAsks() {
        String path = manifests.only(ServiceMonitor.class).getSpec().getEndpoints().get(0).getPath();

        assertTrue(management(path).asString().contains("bridge_pending_events"));
    }

    @Test
    void itAcceptsEventsWhereTheIngressSendsThem() {
        String path = manifests.only(Ingress.class).getSpec().getRules().get(0).getHttp().getPaths().get(0).getPath();

        webhook().body(Events.express(Events.newId())).post(path).then().statusCode(202);
    }

    @Test
    void everyMetricAndLabelOfAnAlertIsOneThatItShows() {
        // counters are there once there was something to count
        sumoLogic.answerNext(1, new Answer.Status(401));
        webhook().header(EdgeAgent.ITEM_ID, "7").body("{}").post("/webhooks/other");
        String id = Events.newId();
        accepted(Events.express(id));
        arrived(1, id);
        Metrics metrics = metrics();

        for (Rule alert : alerts()) {
            String expression = alert.getExpr().getStrVal();
            Set<String> labels = new TreeSet<>(OF_THE_TARGET);
            Set<String> names = metrics(expression);
            assertFalse(names.isEmpty(), expression);
            for (String name : names) {
                // Prometheus's own: whether it could ask
                assertTrue("up".equals(name) || metrics.has(name), name);
                labels.addAll(metrics.labels(name));
            }
            Set<String> used = labels(expression);
            used.removeAll(labels);
            assertEquals(Set.of(), used, expression);

            Set<String> kept = groupedBy(expression).isEmpty() ? labels : groupedBy(expression);
            Set<String> shown = found("\\$labels\\.(\\w+)", String.join(" ", alert.getAnnotations().values()));
            shown.removeAll(kept);
            assertEquals(Set.of(), shown, alert.getAlert());
        }
    }

    @Test
    void everyMetricAndLabelOfTheDashboardIsOneThatItShows() throws IOException {
        sumoLogic.answerNext(1, new Answer.Status(503));
        String id = Events.newId();
        accepted(Events.express(id));
        arrived(1, id);
        await().until(() -> metrics().has("bridge_delivered_events_total"));
        Metrics metrics = metrics();

        for (String expression : GrafanaDashboardTest.expressions()) {
            Set<String> names = metrics(expression);
            assertFalse(names.isEmpty(), expression);
            // of others, and counters of what did not happen here
            names.removeIf(name -> name.matches(
                    "up|kubelet_.*|bridge_(dead_letters|dead_letters_replayed|duplicates_removed|reports)_total"));
            for (String name : names) {
                assertTrue(metrics.has(name), name);
                Set<String> used = labels(expression);
                used.removeAll(OF_THE_TARGET);
                used.removeAll(metrics.labels(name));
                assertEquals(Set.of(), used, expression);
            }
        }
    }

    @Test
    void everyValueOfALabelInAnAlertIsOneThatTheDocumentationExplains() throws IOException {
        String readme = Files.readString(Path.of("docs", "operations.md"));
        for (Rule alert : alerts()) {
            String expression = alert.getExpr().getStrVal();
            Set<String> values = found("(?:lane|reason|result)(?:=~?|!=)\"([^\"]+)\"", expression);
            Stream.of(String.join("|", values).split("\\|")).filter(value -> !value.isEmpty())
                    .forEach(value -> assertTrue(readme.contains("`" + value + "`") || Set.of("express", "bulk")
                            .contains(value), value));
        }
    }

    private List<Rule> alerts() {
        // Kafka's are of the same metrics
        return Stream.of(manifests, kafka)
                .flatMap(each -> each.only(PrometheusRule.class).getSpec().getGroups().stream())
                .flatMap(group -> group.getRules().stream()).toList();
    }

    private static Set<String> metrics(String expression) {
        String bare = expression.replaceAll("\\{[^}]*}|\\[[^]]*]|by \\([^)]*\\)|offset \\w+", " ");
        Set<String> names = new TreeSet<>();
        Matcher name = NAME.matcher(bare);
        while (name.find()) {
            if (!KEYWORDS.contains(name.group()) && !bare.substring(name.end()).stripLeading().startsWith("(")) {
                names.add(name.group());
            }
        }
        return names;
    }

    private static Set<String> labels(String expression) {
        Set<String> labels = found("(\\w+)(?:=~?|!=)\"", expression);
        labels.addAll(groupedBy(expression));
        return labels;
    }

    private static Set<String> groupedBy(String expression) {
        List<String> labels = new ArrayList<>();
        found("by \\(([^)]*)\\)", expression).forEach(list -> labels.addAll(List.of(list.split(", "))));
        return new TreeSet<>(labels);
    }

    private static Set<String> found(String pattern, String text) {
        Set<String> found = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }
}
