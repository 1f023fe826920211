import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { ServingCertificate } from "../pki";
import { restrictedContainer } from "../addons/podSecurity";
import { httpProbes, leaveQuietly, nginxContainer, smallResources } from "./pods";

type Container = kubernetes.types.input.core.v1.Container;

/** The user that the micro-services run as: nobody. */
export const serviceUser = 65534;

export interface ServiceArgs {
    /** "auth", "hello" or "monolith". */
    readonly name: string;
    readonly image: string;
    /** The Secret whose `secret` signs tokens. Absent: this one's tokens are of no use to anybody. */
    readonly tokens?: pulumi.Input<string>;
    /** Answers on the pod's loopback address only, for a side-car that stands before it. */
    readonly hidden?: boolean;
}

/** One of the micro-services: its work on port 80, its probes on port 81. */
export function serviceContainer({ name, image, tokens, hidden = false }: ServiceArgs): Container {
    const secret = tokens && {
        name: "JWT_SECRET",
        valueFrom: { secretKeyRef: { name: tokens, key: "secret" } },
    };
    return {
        name,
        image,
        imagePullPolicy: "IfNotPresent",
        args: [`-http=${hidden ? "127.0.0.1" : ""}:80`, "-health=:81"],
        env: secret ? [secret] : [],
        ports: [...(hidden ? [] : [{ name: "http", containerPort: 80 }]), { name: "health", containerPort: 81 }],
        ...httpProbes({ ready: "/readiness", alive: "/healthz" }, "health"),
        lifecycle: leaveQuietly,
        resources: smallResources,
        securityContext: restrictedContainer,
    };
}

/** nginx that ends TLS on port 443, as the files in /etc/nginx/conf.d say. */
export function tlsContainer(image: string): Container {
    const probes = httpProbes({ ready: "/healthz", alive: "/healthz" }, "https", "HTTPS");
    const mounts = [
        { name: "tls", mountPath: "/etc/tls" },
        { name: "conf", mountPath: "/etc/nginx/conf.d" },
    ];
    return nginxContainer({ image, port: 443, probes, mounts });
}

/** What `tlsContainer` reads: a certificate with its key, and nginx' configuration. */
export function tlsVolumes(secretName: pulumi.Input<string>, configMap: pulumi.Input<string>) {
    return [
        { name: "tls", secret: { secretName, defaultMode: 0o440 } },
        { name: "conf", configMap: { name: configMap } },
    ];
}

/** A TLS Secret's content: https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets */
export function tlsData({ certificate, key }: ServingCertificate) {
    return { type: "kubernetes.io/tls", stringData: { "tls.crt": certificate, "tls.key": key } };
}

/** nginx' server on port 443 with these locations, besides one for its probes. */
export function tlsServer(locations: Readonly<Record<string, string>>): string {
    const lines = [
        "server {",
        "    listen 443 ssl;",
        "    ssl_certificate /etc/tls/tls.crt;",
        "    ssl_certificate_key /etc/tls/tls.key;",
        "    ssl_protocols TLSv1.2 TLSv1.3;",
        "    location = /healthz { access_log off; return 200; }",
        ...Object.entries(locations).map(([path, target]) => `    location ${path} { proxy_pass ${target}; }`),
        "}",
    ];
    return lines.map((line) => `${line}\n`).join("");
}

/** What nginx says to whom it passes requests on to. */
export const proxySettings = `proxy_connect_timeout 2s;
proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
`;
