package io.ilertsumo.bridge.outbox;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.DefaultComponent;

import io.ilertsumo.bridge.lane.LaneException;
import io.ilertsumo.bridge.lane.LaneStore;
import io.ilertsumo.bridge.lane.Outcome;

/** Durable lanes of events in one SQLite file. The component owns the file and has it open while it is started. */
@Component("outbox")
public class OutboxComponent extends DefaultComponent implements LaneStore {

    private static final long PATIENCE_SECONDS = 5;

    private static final long AGE_CHECK_MILLIS = 3_600_000;

    @Metadata(required = true, description = "The directory of the outbox file. Made if it isn't there.")
    private String directory;
    @Metadata(defaultValue = "5000000", description = "How many events may wait. Beyond, new ones are refused.")
    private long maxWaitingEvents = 5_000_000;
    @Metadata(defaultValue = "4294967296", description = "How many bytes of events may wait. Beyond, new ones are refused.")
    private long maxWaitingBytes = 4L * 1024 * 1024 * 1024;
    @Metadata(defaultValue = "268435456", description = "Bytes to leave free on the disk. Beyond, new events are refused.")
    private long minFreeDisk = 256L * 1024 * 1024;
    @Metadata(defaultValue = "500000", description = "How many of the latest events are recognised if they come again, at least.")
    private int idempotencyKeys = 500_000;
    @Metadata(defaultValue = "86400000", javaType = "java.time.Duration", description = "For how long an event is recognised if it comes again, at least, as far as idempotencyKeys allows.")
    private long idempotencyPeriod = 86_400_000;
    @Metadata(defaultValue = "10000", description = "How many dead letters are kept. The oldest make room for new ones.")
    private long maxDeadLetters = 10_000;
    @Metadata(defaultValue = "1073741824", description = "How many bytes of dead letters are kept. The oldest make room for new ones.")
    private long maxDeadLetterBytes = 1L << 30;
    @Metadata(defaultValue = "2592000000", javaType = "java.time.Duration", description = "For how long a dead letter is kept. Looked at once an hour.")
    private long maxDeadLetterAge = 2_592_000_000L;

    private ExecutorService acknowledgements;
    private OutboxFile file;
    private boolean used;

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        OutboxEndpoint endpoint = new OutboxEndpoint(uri, this, remaining);
        setProperties(endpoint, parameters);
        used = true;
        if (isStarted() && file == null) {
            open();
        }
        return endpoint;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        // the routes may be over Kafka
        if (used) {
            open();
        }
    }

    private void open() throws LaneException {
        acknowledgements = getCamelContext().getExecutorServiceManager().newSingleThreadExecutor(this,
                "OutboxAcknowledgements");
        file = OutboxFile.open(
                Path.of(directory),
                new OutboxFile.Bounds(
                        maxWaitingEvents, maxWaitingBytes, minFreeDisk, idempotencyKeys, idempotencyPeriod,
                        new OutboxFile.DeadLetterBounds(
                                maxDeadLetters, maxDeadLetterBytes, maxDeadLetterAge, AGE_CHECK_MILLIS)),
                acknowledgements);
    }

    @Override
    protected void doStop() throws Exception {
        if (file != null) {
            file.close();
            file = null;
        }
        if (acknowledgements != null) {
            getCamelContext().getExecutorServiceManager().shutdownGraceful(acknowledgements);
            acknowledgements = null;
        }
        super.doStop();
    }

    @Override
    public Collection<OutboxLane> lanes() {
        return file.lanes();
    }

    /** Tried by a write. */
    @Override
    public void check() throws LaneException, InterruptedException {
        OutboxFile open = file;
        if (open == null) {
            throw new LaneException("The outbox is closed", null);
        }
        long events = 0;
        long bytes = 0;
        for (OutboxLane lane : open.lanes()) {
            events += lane.events();
            bytes += lane.bytes();
        }
        if (events >= maxWaitingEvents || bytes >= maxWaitingBytes) {
            throw new LaneException("The outbox is full", null);
        }
        CompletableFuture<Void> written = new CompletableFuture<>();
        open.probe(Outcome.completing(written));
        try {
            written.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new LaneException(e.getCause().getMessage(), e);
        } catch (TimeoutException e) {
            throw new LaneException("A write took more than " + PATIENCE_SECONDS + " s", e);
        }
    }

    /** The open file; {@code null} while the component is stopped. */
    public OutboxFile getFile() {
        return file;
    }

    public String getDirectory() {
        return directory;
    }

    public void setDirectory(String directory) {
        this.directory = directory;
    }

    public long getMaxWaitingEvents() {
        return maxWaitingEvents;
    }

    public void setMaxWaitingEvents(long maxWaitingEvents) {
        this.maxWaitingEvents = maxWaitingEvents;
    }

    public long getMaxWaitingBytes() {
        return maxWaitingBytes;
    }

    public void setMaxWaitingBytes(long maxWaitingBytes) {
        this.maxWaitingBytes = maxWaitingBytes;
    }

    public long getMinFreeDisk() {
        return minFreeDisk;
    }

    public void setMinFreeDisk(long minFreeDisk) {
        this.minFreeDisk = minFreeDisk;
    }

    public int getIdempotencyKeys() {
        return idempotencyKeys;
    }

    public void setIdempotencyKeys(int idempotencyKeys) {
        this.idempotencyKeys = idempotencyKeys;
    }

    public long getIdempotencyPeriod() {
        return idempotencyPeriod;
    }

    public void setIdempotencyPeriod(long idempotencyPeriod) {
        this.idempotencyPeriod = idempotencyPeriod;
    }

    public long getMaxDeadLetters() {
        return maxDeadLetters;
    }

    public void setMaxDeadLetters(long maxDeadLetters) {
        this.maxDeadLetters = maxDeadLetters;
    }

    public long getMaxDeadLetterBytes() {
        return maxDeadLetterBytes;
    }

    public void setMaxDeadLetterBytes(long maxDeadLetterBytes) {
        this.maxDeadLetterBytes = maxDeadLetterBytes;
    }

    public long getMaxDeadLetterAge() {
        return maxDeadLetterAge;
    }

    public void setMaxDeadLetterAge(long maxDeadLetterAge) {
        this.maxDeadLetterAge = maxDeadLetterAge;
    }
}
