package io.ilertsumo.bridge.testing;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Generates the events of about eight days, the same for the same seed: alerts with changing responders and priorities, open
 * alerts, merged alerts, alerts that a monitor paged for, events without IDs or other fields, and incidents whose IDs are
 * also IDs of alerts.
 */
public final class Week {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> PEOPLE = List.of("kim", "lee", "o.connor", "zoë", "ann-marie", "x1", "x2", "x3",
            "x4", "x5", "x6", "x7");
    /** The alert source that monitors page through. */
    public static final String PAGING = "ilert-sumologic-bridge";
    private static final List<String> SOURCES = List.of("Production", "Production", "Production", "Shop", "Shop",
            "Backups", "Büro – Süd", PAGING);
    private static final List<Map<String, String>> LABELS = List.of(Map.of("team", "shop"),
            new TreeMap<>(Map.of("region", "eu", "team", "data")), Map.of());

    private final List<Event> events = new ArrayList<>();
    private final Random random;

    /**
     * An event. A {@code null} is a missing field.
     *
     * @param time  in milliseconds since the epoch; unique among the events of an alert
     * @param alert the ID of the alert or incident
     * @param merge the alert that it was merged into
     */
    public record Event(long time, String id, String alert, String summary, String source, String type, String status,
            String priority, String assignedTo, Set<String> responders, Integer severity, Map<String, String> labels,
            String merge) {

        public boolean isOfAlert() {
            return !type.startsWith("incident-");
        }

        /** Returns the event as iLert sends it. */
        public String json() {
            ObjectNode event = JSON.createObjectNode().put("id", alert).put("summary", summary)
                    .put("details", "Since \"then\",\nas {\"eventType\":\"in a text\",\"status\":\"PENDING\"} says")
                    // equal for all events of an alert, so not the time of the event
                    .put("reportTime", "2020-01-01T00:00:00.123Z")
                    .put("status", status).put("eventType", type);
            if (priority != null) {
                event.put("priority", priority);
            }
            if (source != null) {
                event.putObject("alertSource").put("id", 7).put("name", source);
            } else {
                event.putNull("alertSource");
            }
            if (assignedTo != null) {
                event.putObject("assignedTo").put("id", 8).put("username", assignedTo)
                        .put("email", assignedTo + "@example.com");
            } else {
                event.putNull("assignedTo");
            }
            if (responders != null) {
                responders.forEach(name -> event.withArray("responders").addObject().put("status", status)
                        .putObject("user").put("username", name).put("email", name + "@example.com"));
            }
            // with nanoseconds, as iLert's
            if (severity != null) {
                event.put("severity", severity).putPOJO("labels", labels);
                event.put("mergeState", merge == null ? "NONE" : "MERGED").put("mergedIntoId", merge);
            }
            event.put("timestamp", Instant.ofEpochMilli(time).plusNanos(time % 1_000_000).toString());
            if (id != null) {
                event.put("eventId", id);
            }
            return event.toPrettyString();
        }
    }

    public Week(Instant now, long seed, int alerts) {
        random = new Random(seed);
        for (int i = 0; i < alerts; i++) {
            // most begin within the week, some before, some in the last 40 minutes
            long minutes = i % 10 == 0 ? random.nextInt(40) + 1 : random.nextInt(8 * 24 * 60) + 1;
            addAlert(String.valueOf(90_000 + i), now.minus(Duration.ofMinutes(minutes)).toEpochMilli(),
                    now.toEpochMilli());
        }
        addPending("80000", now.minus(Duration.ofHours(3)).toEpochMilli(), "Shop", null);
        addPending("80000", now.minus(Duration.ofHours(2)).toEpochMilli(), "Shop", "80001");
        addPending("80001", now.minus(Duration.ofHours(2)).toEpochMilli(), PAGING, null);
        for (int i = 0; i < alerts; i += 10) {
            // pending and high, so that a query that counts it as an alert fails
            long time = now.minus(Duration.ofMinutes(20 + 50L * i)).toEpochMilli() + i;
            addIncident(String.valueOf(90_000 + i), "incident-created", i % 30 == 0 ? "INVESTIGATING" : "PENDING",
                    time);
            if (i % 20 == 0) {
                addIncident(String.valueOf(90_000 + i), "incident-resolved", "RESOLVED",
                        time + Duration.ofMinutes(10).toMillis());
            }
        }
    }

    private void addPending(String alert, long time, String source, String merge) {
        events.add(new Event(time, new UUID(random.nextLong(), random.nextLong()).toString(), alert, "Pending", source,
                "alert-comment-added", "PENDING", "HIGH", null, Set.of(), 1, LABELS.get(0), merge));
    }

    private void addIncident(String incident, String type, String status, long time) {
        events.add(new Event(time, new UUID(random.nextLong(), random.nextLong()).toString(), incident,
                "Summary of the incident " + incident, "Production", type, status, "HIGH", null,
                Set.of("incident-only"), null, null, null));
    }

    private void addAlert(String alert, long start, long now) {
        boolean isOld = random.nextInt(8) == 0;
        String source = random.nextInt(15) == 0 ? null : any(SOURCES);
        String summary = "Summary \"" + alert + "\" | with, commas";
        String priority = random.nextInt(12) == 0 ? null : random.nextInt(3) == 0 ? "HIGH" : "LOW";
        Set<String> responders = random.nextInt(10) == 0 ? null : new LinkedHashSet<>(List.of(any(PEOPLE)));
        String assignedTo = null;
        Integer severity = random.nextInt(4) == 0 ? null : (Integer) (1 + random.nextInt(5));
        Map<String, String> labels = LABELS.get(random.nextInt(LABELS.size()));
        boolean isMerged = severity != null && random.nextInt(6) == 0;
        String status = random.nextInt(20) == 0 ? "NEW" : "PENDING";
        List<String> types = new ArrayList<>(List.of("alert-created"));
        types.addAll(life());
        long time = start;
        for (String type : types) {
            if (time >= now) {
                return;
            }
            switch (type) {
                case "alert-raised" -> priority = "HIGH";
                case "alert-acknowledged" -> {
                    status = "ACCEPTED";
                    assignedTo = any(PEOPLE);
                }
                // the new assignee has to accept it
                case "alert-assigned" -> status = "PENDING";
                case "alert-resolved", "alert-auto-resolved" -> status = "RESOLVED";
                case "alert-responder-added" -> {
                    responders = responders == null ? new LinkedHashSet<>() : new LinkedHashSet<>(responders);
                    responders.add(any(PEOPLE));
                }
                case "alert-responder-removed" -> responders = Set.of();
                default -> {
                    // changes no field
                }
            }
            // from the second event on, and until the end
            String merge = isMerged && time > start ? String.valueOf(Long.parseLong(alert) + 1) : null;
            events.add(new Event(time, isOld ? null : new UUID(random.nextLong(), random.nextLong()).toString(),
                    alert, summary, source, type, status, priority, assignedTo, responders, severity, labels, merge));
            time += 1 + random.nextInt((int) Duration.ofHours(4).toMillis());
        }
    }

    private List<String> life() {
        List<String> life = new ArrayList<>();
        for (String type : List.of("alert-auto-escalated", "alert-responder-added", "alert-raised",
                "alert-acknowledged",
                "alert-comment-added", "alert-channel-attached", "alert-assigned", "alert-acknowledged",
                "alert-responder-removed", "something-new")) {
            if (random.nextInt(4) == 0) {
                life.add(type);
            }
        }
        if (random.nextInt(4) > 0) {
            life.add(random.nextBoolean() ? "alert-resolved" : "alert-auto-resolved");
            if (random.nextInt(4) == 0) {
                life.add("alert-comment-added");
            }
        }
        return life;
    }

    private String any(List<String> words) {
        return words.get(random.nextInt(words.size()));
    }

    /** Returns all events, those of each alert in their order. */
    public List<Event> events() {
        return Collections.unmodifiableList(events);
    }

    /** Returns the events in a time range, the oldest first. */
    public List<Event> between(Instant from, Instant to) {
        return events.stream().filter(event -> event.time >= from.toEpochMilli() && event.time < to.toEpochMilli())
                .sorted(Comparator.comparingLong(Event::time)).toList();
    }

    /** Returns the latest event of each alert. */
    public static List<Event> latest(List<Event> events) {
        Map<String, Event> latest = new LinkedHashMap<>();
        events.forEach(event -> latest.merge(event.alert, event, (one, other) -> one.time > other.time ? one : other));
        return List.copyOf(latest.values());
    }

    /** Returns the number of occurrences of each word. */
    public static Map<String, Long> counts(List<String> words) {
        return words.stream().collect(Collectors.groupingBy(word -> word, Collectors.counting()));
    }
}
