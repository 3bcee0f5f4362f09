package io.ilertsumo.bridge.delivery;

import java.util.List;
import java.util.stream.Stream;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.ilertsumo.bridge.settings.SecretsChanged;
import io.ilertsumo.bridge.settings.SumoLogicSettings;

/**
 * Masks the token of the HTTP source in texts of other programs, such as an error page that quotes the URL. The token is
 * the last part of the URL's path, its query, or a setting of its own. Thread-safe.
 */
@Singleton
public class SecretMasker {

    /** A shorter part of the URL is no token, but a word. */
    private static final int MIN_TOKEN_LENGTH = 8;

    private volatile List<String> present;
    /** The former ones too, after a change. */
    private volatile List<String> secrets;

    SecretMasker(SumoLogicSettings settings) {
        present = secrets(settings.url().orElse(""), settings.token().orElse(""));
        secrets = present;
    }

    void change(@Observes SecretsChanged changed) {
        List<String> former = present;
        present = secrets(changed.value("sumologic.url"), changed.value("sumologic.token"));
        if (!present.equals(former)) {
            secrets = Stream.concat(present.stream(), former.stream()).toList();
        }
    }

    private static List<String> secrets(String url, String token) {
        String path = url.replaceFirst("[?#].*", "").replaceFirst("/+$", "");
        String query = url.replaceFirst("[^?]*\\??", "");
        return Stream.concat(Stream.of(token).filter(secret -> !secret.isEmpty()),
                Stream.of(path.substring(path.lastIndexOf('/') + 1), query)
                        .filter(part -> part.length() >= MIN_TOKEN_LENGTH))
                .toList();
    }

    /** Returns the text with asterisks in place of the token. */
    public String mask(String text) {
        String masked = text;
        for (String secret : secrets) {
            masked = masked.replace(secret, "***");
        }
        return masked;
    }
}
