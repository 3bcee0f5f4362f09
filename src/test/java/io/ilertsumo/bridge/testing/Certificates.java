package io.ilertsumo.bridge.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A certificate authority of the tests' own, and what it has signed: a certificate for localhost and one for a client. */
public final class Certificates {

    public static final String STORE_PASSWORD = "changeit";

    /** Whom {@link #of} knows. */
    public enum Holder {
        LOCALHOST, CLIENT
    }

    /**
     * @param certificate and that of the authority, PEM
     * @param key PKCS#8, PEM
     * @param both key and certificates in one file, PEM
     * @param store key and certificates, PKCS#12
     */
    public record Issued(Path certificate, Path key, Path both, Path store) {
    }

    private final Path directory = SumoLogicResource.newDirectory("certificates");

    public Certificates() {
        Path all = directory.resolve("all.p12");
        keytool(all, "-alias", "ca", "-dname", "CN=ca", "-ext", "bc:c=ca:true");
        for (Holder holder : Holder.values()) {
            keytool(all, "-alias", holder.name(), "-dname", "CN=" + holder.name().toLowerCase(), "-ext",
                    "SAN=dns:localhost", "-signer", "ca");
        }
        try (InputStream in = Files.newInputStream(all)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, STORE_PASSWORD.toCharArray());
            Files.writeString(ca(), pem("CERTIFICATE", store.getCertificate("ca").getEncoded()));
            for (Holder holder : Holder.values()) {
                write(of(holder), store, holder.name());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void keytool(Path store, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-keyalg", "EC",
                "-validity", "2", "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", STORE_PASSWORD));
        command.addAll(List.of(arguments));
        try {
            int ended = new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(store.resolveSibling("output").toFile()).start().waitFor();
            if (ended != 0) {
                throw new IllegalStateException("keytool ended with " + ended + ", see " + store.getParent());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void write(Issued issued, KeyStore from, String alias) throws IOException, GeneralSecurityException {
        char[] password = STORE_PASSWORD.toCharArray();
        Certificate[] chain = from.getCertificateChain(alias);
        List<String> certificates = new ArrayList<>();
        for (Certificate certificate : chain) {
            certificates.add(pem("CERTIFICATE", certificate.getEncoded()));
        }
        String certificate = String.join("", certificates);
        String key = pem("PRIVATE KEY", from.getKey(alias, password).getEncoded());
        Files.writeString(issued.certificate(), certificate);
        Files.writeString(issued.key(), key);
        Files.writeString(issued.both(), key + certificate);
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(alias, from.getKey(alias, password), password, chain);
        try (OutputStream out = Files.newOutputStream(issued.store())) {
            store.store(out, password);
        }
    }

    private static String pem(String type, byte[] encoded) {
        String base64 = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(encoded);
        return "-----BEGIN " + type + "-----\n" + base64 + "\n-----END " + type + "-----\n";
    }

    /** The authority's certificate, PEM. */
    public Path ca() {
        return directory.resolve("ca.crt");
    }

    /** A certificate that the authority has signed. */
    public Issued of(Holder holder) {
        String name = holder.name().toLowerCase();
        return new Issued(directory.resolve(name + ".crt"), directory.resolve(name + ".key"),
                directory.resolve(name + ".pem"), directory.resolve(name + ".p12"));
    }
}
