package io.ilertsumo.bridge.settings;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.eclipse.microprofile.config.spi.Converter;

import io.quarkus.runtime.configuration.MemorySize;

/**
 * Reads a number of bytes such as {@code 500KB}, {@code 1MB} or {@code 4GB}; the B may be left out, and 1 KB is 1,024
 * bytes. A number without a unit is bytes.
 */
public final class SizeConverter implements Converter<MemorySize> {

    private static final long serialVersionUID = 1L;
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18}) ?([KMGT]?)B?", Pattern.CASE_INSENSITIVE);
    /** By the power of 1,024; bytes have none. */
    private static final List<String> UNITS = List.of("", "K", "M", "G", "T");

    @Override
    public MemorySize convert(String text) {
        Matcher size = SIZE.matcher(text.trim());
        if (!size.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a size, such as 500KB, 1MB or 4GB");
        }
        int power = UNITS.indexOf(size.group(2).toUpperCase(Locale.ROOT));
        return new MemorySize(new BigInteger(size.group(1)).shiftLeft(10 * power));
    }
}
