package io.ilertsumo.bridge.settings;

import java.util.OptionalInt;

import io.smallrye.config.ConfigSourceInterceptor;
import io.smallrye.config.ConfigSourceInterceptorContext;
import io.smallrye.config.ConfigSourceInterceptorFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.EnvConfigSource;

/** Makes the values of environment variables and secret files literal: a dollar sign there begins no expression. */
final class LiteralVariables implements ConfigSourceInterceptorFactory {

    /** Within the interceptor that evaluates expressions, which has 3300. */
    private static final int PRIORITY = 3290;

    @Override
    public ConfigSourceInterceptor getInterceptor(ConfigSourceInterceptorContext context) {
        return LiteralVariables::literal;
    }

    private static ConfigValue literal(ConfigSourceInterceptorContext context, String name) {
        ConfigValue found = context.proceed(name);
        return found != null && found.getValue() != null && EnvConfigSource.NAME.equals(found.getConfigSourceName())
                ? found.withValue(found.getValue().replace("$", "\\$"))
                : found;
    }

    @Override
    public OptionalInt getPriority() {
        return OptionalInt.of(PRIORITY);
    }
}
