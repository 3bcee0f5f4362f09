package io.ilertsumo.bridge.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The values that a setting may have, both ends included and written as the setting is, such as {@code 1s} or
 * {@code 16MB}. Checked before the start, see {@link SettingsCheck}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Range {

    /** The smallest value. */
    String min();

    /** The largest value. */
    String max();
}
