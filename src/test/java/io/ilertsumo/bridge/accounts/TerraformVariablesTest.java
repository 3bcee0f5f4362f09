package io.ilertsumo.bridge.accounts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.ilertsumo.bridge.testing.Manifests;
import io.ilertsumo.bridge.testing.Terraform;
import io.ilertsumo.bridge.testing.Terraform.Reference;

/** Tests the variables and locals in {@code setup/} with Terraform itself, which needs no provider for them. */
class TerraformVariablesTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path SUMO_LOGIC = Path.of("setup", "sumologic", "resources");
    private static final Path ILERT = Path.of("setup", "ilert");
    private static final Pattern LOCALS = Pattern.compile("^locals \\{.*?^\\}\\n", Pattern.DOTALL | Pattern.MULTILINE);
    private static final List<String> SUMO_LOGIC_VARIABLES = List.of("notification_recipients=[\"a@example.com\"]");
    private static final List<String> ILERT_VARIABLES = List.of("bridge_url=https://bridge.example.com",
            "webhook_password=p@ss w:rd", "alert_sources=[\"Shop\"]");

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bridge_url=bridge.example.com                     | The bridge_url must start with http:// or https://
            bridge_url=ftp://bridge.example.com               | The bridge_url must start with http:// or https://
            bridge_url=https://                               | The bridge_url must start with http:// or https://
            bridge_url=https://user:word@bridge.example.com   | no user, password, query or blank
            bridge_url=https://bridge.example.com/a b         | no user, password, query or blank
            bridge_url=https://bridge.example.com?a=b         | no user, password, query or blank
            bridge_url=https://b.example.com/webhooks/ilert/  | must not end with /webhooks/ilert
            webhook_auth=none                                 | The webhook_auth must be header or basic
            webhook_username=a:b                              | The webhook_username must not be empty or contain a colon
            alert_sources=[]                                  | The alert_sources must have at least one name
            alert_sources=["Shop"," "]                        | The alert_sources must have at least one name
            trigger_types=[]                                  | The trigger_types must have at least one
            not_resolved_delay_sec=59                         | The not_resolved_delay_sec must be a whole number
            not_resolved_delay_sec=172801                     | The not_resolved_delay_sec must be a whole number
            not_resolved_delay_sec=60.5                       | The not_resolved_delay_sec must be a whole number
            notification_recipients=[]                        | The notification_recipients must have at least one
            notification_recipients=["a@example.com","b"]     | The notification_recipients must have at least one
            no_events_for=25h                                 | The no_events_for must be one of 5m
            no_events_for=                                    | The no_events_for must be one of 5m
            pending_minutes=0                                 | The pending_minutes must be a whole number, 1 to 300
            pending_minutes=301                               | The pending_minutes must be a whole number, 1 to 300
            integration_root_dir=personal                     | The integration_root_dir must be a folder's ID
            default_scope_value=a b                           | The default_scope_value must not be empty
            report_category=                                  | The report_category must not be empty
            ilert_paging_source=a"b                           | The ilert_paging_source must not be empty
            """)
    void wrongVariableIsAnErrorThatNamesIt(String variable, String error) throws Exception {
        Files.writeString(folder.resolve("variables.tf"), Files.readString(variables(variable)));

        String output = terraform(1, "", variable, "plan");

        assertTrue(output.contains(error), output);
        assertEquals(1, output.split("Error: ", -1).length - 1, output);
    }

    /** Returns the file that declares a variable. */
    private static Path variables(String variable) throws IOException {
        String declaration = "variable \"" + variable.split("=")[0] + "\"";
        Path sumoLogic = SUMO_LOGIC.resolve("variables.tf");
        return Files.readString(sumoLogic).contains(declaration) ? sumoLogic : ILERT.resolve("variables.tf");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bridge_url=https://bridge.example.com     | https://bridge.example.com/webhooks/ilert
            bridge_url= http://10.0.0.1:8080/a// \t   | http://10.0.0.1:8080/a/webhooks/ilert
            webhook_auth=basic                        | https://ilert:p%40ss%20w%3Ard@bridge.example.com/webhooks/ilert
            webhook_password=   p@ss w:rd             | https://bridge.example.com/webhooks/ilert
            """)
    void urlForILertToleratesBlanksAndSlashes(String variable, String url) throws Exception {
        for (String file : List.of("variables.tf", "locals.tf")) {
            Files.copy(ILERT.resolve(file), folder.resolve(file));
        }

        String output = terraform(0, "nonsensitive(\"${local.webhook_url} ${local.webhook_password}\")", variable,
                "console");

        assertEquals("\"" + url + " p@ss w:rd\"", output.strip());
    }

    /** The requests.json are made with locals as the test's reader evaluates them. */
    @Test
    void localsAreThoseThatTheReaderEvaluates() throws Exception {
        Files.copy(SUMO_LOGIC.resolve("variables.tf"), folder.resolve("variables.tf"));
        try (Stream<Path> files = Files.list(SUMO_LOGIC)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".tf")).toList()) {
                String locals = LOCALS.matcher(Files.readString(file)).results().map(result -> result.group())
                        .collect(Collectors.joining());
                Files.writeString(folder.resolve("locals-" + file.getFileName()), locals);
            }
        }
        Map<String, Object> read = new TreeMap<>();
        Terraform.read(SUMO_LOGIC).blocks("locals").forEach(block -> block.attributes().forEach((name, value) -> {
            if (!(value.get() instanceof Reference)) {
                read.put(name, value.get());
            }
        }));
        String all = read.keySet().stream().map(name -> name + " = local." + name).collect(Collectors.joining(", "));

        String encoded = terraform(0, "base64encode(jsonencode({" + all + "}))", "pending_minutes=15", "console");
        JsonNode evaluated = JSON.readTree(Base64.getDecoder().decode(encoded.strip().replace("\"", "")));

        assertTrue(read.keySet().containsAll(List.of("events", "pie", "payload", "not_paged")), read::toString);
        assertEquals(evaluated, JSON.valueToTree(read));
    }

    /** Runs Terraform with the required variables and another one, and returns its output. */
    private String terraform(int status, String input, String variable, String command) throws Exception {
        boolean isILert = Files.readString(folder.resolve("variables.tf")).contains("bridge_url");
        Map<String, String> variables = new TreeMap<>();
        for (String one : isILert ? ILERT_VARIABLES : SUMO_LOGIC_VARIABLES) {
            variables.put(one.split("=", 2)[0], one);
        }
        variables.put(variable.split("=", 2)[0], variable);
        List<String> arguments = new ArrayList<>(List.of("terraform", "-chdir=" + folder, command));
        arguments.addAll(command.equals("plan") ? List.of("-no-color", "-input=false") : List.of());
        variables.values().forEach(one -> arguments.addAll(List.of("-var", one)));
        ProcessBuilder builder = Manifests.tool(arguments.toArray(String[]::new));
        builder.environment().put("CHECKPOINT_DISABLE", "1");
        builder.environment().remove("TF_CLI_CONFIG_FILE");
        Path output = folder.resolve("output");
        Path errors = folder.resolve("errors");
        Process terraform = builder.redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
        try (var console = terraform.getOutputStream()) {
            console.write(input.getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(status, terraform.waitFor(), () -> Arrays.asList(read(output), read(errors)).toString());
        // words of a wrapped message, without its frame
        return command.equals("plan") ? read(errors).replace("│", " ").replaceAll("\\s+", " ") : read(output);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
