package io.ilertsumo.bridge.delivery;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import jakarta.inject.Singleton;

import io.ilertsumo.bridge.settings.SumoLogicSettings;

/**
 * Takes the token of the HTTP source out of what others say, such as an error page that quotes the URL. The token is
 * the last part of the URL's path, or a setting of its own. Thread-safe.
 */
@Singleton
public class TokenMask {

    /** What is shorter is no token: it may be a word that the URL ends with. */
    private static final int SHORTEST_TOKEN = 8;

    private final List<String> secrets = new ArrayList<>();

    TokenMask(SumoLogicSettings settings) {
        Optional<String> url = settings.url();
        settings.token().ifPresent(secrets::add);
        url.map(text -> text.replaceFirst("[?#].*", "").replaceFirst("/+$", ""))
                .map(text -> text.substring(text.lastIndexOf('/') + 1))
                .filter(last -> last.length() >= SHORTEST_TOKEN).ifPresent(secrets::add);
        url.filter(text -> text.contains("?")).map(text -> text.substring(text.indexOf('?') + 1))
                .filter(query -> query.length() >= SHORTEST_TOKEN).ifPresent(secrets::add);
    }

    /** The same text without the token. */
    public String mask(String text) {
        String masked = text;
        for (String secret : secrets) {
            masked = masked.replace(secret, "***");
        }
        return masked;
    }
}
