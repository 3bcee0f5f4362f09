package io.ilertsumo.bridge.testing;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.TestReporter;

/**
 * Random sequences of operations. One that fails is shortened as far as it still fails, and printed as Java, to be added
 * to the examples of its test. With {@code -Dmodel.seed} for one seed, with {@code -Dmodel.sequences} for more than a
 * build wants to wait for.
 *
 * @param <O> an operation
 */
public final class Sequences<O> {

    private static final int OPERATIONS = 60;

    private final List<Function<Random, O>> generators;
    private final Run<O> run;

    /** Applies the operations to a new system and its model, and fails if they differ. */
    @FunctionalInterface
    public interface Run<O> {
        void apply(List<O> operations) throws Exception;
    }

    /** @param generators each makes an operation, and is as likely as the others */
    public Sequences(List<Function<Random, O>> generators, Run<O> run) {
        this.generators = generators;
        this.run = run;
    }

    public static <T> T pick(Random random, List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    /** Runs sequences of new seeds. */
    public void run(TestReporter report) {
        Long given = Long.getLong("model.seed");
        for (int i = 0; i < (given == null ? Integer.getInteger("model.sequences", 40) : 1); i++) {
            long seed = given == null ? System.nanoTime() : given;
            List<O> operations = operations(seed);
            Throwable failure = failure(operations);
            if (failure != null) {
                report.publishEntry("seed", String.valueOf(seed));
                fail("Seed " + seed + ", shortened to " + java(shortened(operations)), failure);
            }
        }
    }

    private List<O> operations(long seed) {
        Random random = new Random(seed);
        return Stream.generate(() -> pick(random, generators).apply(random)).limit(OPERATIONS).toList();
    }

    /** As it is written in the tests: records, lists, texts, numbers and constants. */
    private static String java(Object value) {
        if (value instanceof List<?> values) {
            return values.stream().map(Sequences::java).collect(Collectors.joining(", ", "List.of(", ")"));
        }
        if (value instanceof Record operation) {
            return Stream.of(operation.getClass().getRecordComponents()).map(component -> {
                try {
                    component.getAccessor().setAccessible(true);
                    return java(component.getAccessor().invoke(operation));
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException(e);
                }
            }).collect(Collectors.joining(", ", "new " + operation.getClass().getSimpleName() + "(", ")"));
        }
        if (value instanceof Enum<?> constant) {
            return constant.getDeclaringClass().getSimpleName() + "." + constant;
        }
        return value instanceof String ? "\"" + value + "\"" : String.valueOf(value);
    }

    /** Leaves out what makes no difference. */
    private List<O> shortened(List<O> failing) {
        List<O> operations = new ArrayList<>(failing);
        for (int i = operations.size() - 1; i >= 0; i--) {
            O left = operations.remove(i);
            if (failure(operations) == null) {
                operations.add(i, left);
            }
        }
        return operations;
    }

    /** Returns how a sequence fails; {@code null} if it does not. */
    public Throwable failure(List<O> operations) {
        try {
            run.apply(operations);
            return null;
        } catch (Exception | AssertionError e) {
            return e;
        }
    }
}
