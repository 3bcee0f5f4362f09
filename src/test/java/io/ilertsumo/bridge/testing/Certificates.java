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
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** A certificate authority of the tests' own, and what it has signed. */
public final class Certificates {

    public static final String STORE_PASSWORD = "changeit";

    /** The name of {@link Holder#ELSEWHERE}, which no DNS server knows. */
    public static final String OTHER_HOST = "sumo.invalid";

    /** Whom {@link #of} knows. */
    public enum Holder {
        LOCALHOST("dns:localhost"), CLIENT("dns:localhost"), EXPIRED("dns:localhost", "-startdate",
                "-3d"), ELSEWHERE("dns:" + OTHER_HOST);

        private final List<String> arguments = new ArrayList<>();

        Holder(String name, String... arguments) {
            this.arguments.addAll(List.of("-ext", "SAN=" + name, "-signer", "ca"));
            this.arguments.addAll(List.of(arguments));
        }
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
            List<String> arguments = new ArrayList<>(holder.arguments);
            arguments.addAll(List.of("-alias", holder.name(), "-dname", "CN=" + holder.name().toLowerCase()));
            keytool(all, arguments.toArray(String[]::new));
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

    /** Of clients that trust the authority. */
    public SSLContext trusting() throws GeneralSecurityException {
        try (InputStream in = Files.newInputStream(ca())) {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of servers that have what the authority has signed for somebody. */
    public SSLServerSocketFactory sockets(Holder holder) {
        try (InputStream in = Files.newInputStream(of(holder).store())) {
            char[] password = STORE_PASSWORD.toCharArray();
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, password);
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, password);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            return context.getServerSocketFactory();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
