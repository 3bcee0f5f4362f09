package io.ilertsumo.bridge.testing;

import com.fasterxml.jackson.databind.JsonNode;

import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Version;

/** Custom resources that {@link Schemas} validates. */
public final class CustomResources {

    private CustomResources() {
    }

    @Group("gateway.networking.k8s.io")
    @Version("v1")
    @Kind("HTTPRoute")
    public static final class HttpRoute extends CustomResource<JsonNode, Void> {

        private static final long serialVersionUID = 1L;
    }

    @Group("external-secrets.io")
    @Version("v1")
    public static final class ExternalSecret extends CustomResource<JsonNode, Void> {

        private static final long serialVersionUID = 1L;
    }
}
