package io.ilertsumo.bridge.delivery;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Optional;

import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.runtime.util.ExceptionUtil;
import io.vertx.core.Vertx;
import io.vertx.core.net.PemTrustOptions;

/**
 * Trusts the public certificate authorities and those of a PEM file. The file is read for each certificate that no public
 * authority has signed, so that a change of it counts at once. Thread-safe.
 */
final class CertificateAuthorities implements X509TrustManager {

    private final X509TrustManager publicOnes;
    private final Optional<Path> file;
    private final Vertx vertx;

    /** @throws ConfigurationException if the file contains no certificates */
    CertificateAuthorities(Optional<Path> file, Vertx vertx) {
        this.file = file;
        this.vertx = vertx;
        try {
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init((KeyStore) null);
            publicOnes = (X509TrustManager) factory.getTrustManagers()[0];
            file.ifPresent(path -> ofFile());
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new ConfigurationException("SUMOLOGIC_CA is not a PEM file of certificates: " + file.get(), e);
        }
    }

    private X509TrustManager ofFile() {
        try {
            return (X509TrustManager) new PemTrustOptions().addCertPath(file.get().toString())
                    .getTrustManagerFactory(vertx).getTrustManagers()[0];
        } catch (Exception e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        try {
            publicOnes.checkServerTrusted(chain, type);
        } catch (CertificateException untrusted) {
            try {
                if (file.isEmpty()) {
                    throw untrusted;
                }
                ofFile().checkServerTrusted(chain, type);
            } catch (CertificateException | IllegalArgumentException e) {
                throw new CertificateException("The certificate of %s, signed by %s, is not trusted: %s (%s)".formatted(
                        chain[0].getSubjectX500Principal(), chain[0].getIssuerX500Principal(),
                        ExceptionUtil.getRootCause(e).getMessage(),
                        file.isPresent() ? "SUMOLOGIC_CA is " + file.get() : "SUMOLOGIC_CA is not set"), e);
            }
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("There are no clients");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return publicOnes.getAcceptedIssuers();
    }
}
