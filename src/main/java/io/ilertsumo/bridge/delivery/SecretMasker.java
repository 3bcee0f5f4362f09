package io.ilertsumo.bridge.delivery;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import jakarta.inject.Singleton;

import io.ilertsumo.bridge.settings.SumoLogicSettings;

/**
 * Masks the token of the HTTP source in texts of other programs, such as an error page that quotes the URL. The token is
 * the last part of the URL's path, its query, or a setting of its own. Thread-safe.
 */
@Singleton
public class SecretMasker {

    /** A shorter part of the URL is no token, but a word. */
    private static final int MIN_TOKEN_LENGTH = 8;

    private final List<String> secrets = new ArrayList<>();

    SecretMasker(SumoLogicSettings settings) {
        settings.token().ifPresent(secrets::add);
        String url = settings.url().orElse("");
        String path = url.replaceFirst("[?#].*", "").replaceFirst("/+$", "");
        String query = url.replaceFirst("[^?]*\\??", "");
        Stream.of(path.substring(path.lastIndexOf('/') + 1), query)
                .filter(part -> part.length() >= MIN_TOKEN_LENGTH).forEach(secrets::add);
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
