import type { ClusterSettings } from "../config/schema";
import { clusterEndpoint, paths } from "../inventory";
import { Fragment } from "../render/entries";
import { etcdUser } from "../render/etcd";
import { kubeconfig } from "../render/kubeconfig";
import { registryCredentials } from "../render/registries";
import { storeKeys } from "../render/snapshots";
import { CertificateSpec } from "./certificates";

/** PEM texts of a key pair. */
export interface KeyPair {
    readonly certificate: string;
    readonly key: string;
}

/** Everything that one control plane holds. All of it but the certificates is secret. */
export interface ControlPlaneSecrets {
    readonly clusterAuthority: KeyPair;
    readonly etcdCertificate: string;
    readonly frontProxyCertificate: string;
    readonly admin: KeyPair;
    readonly serviceAccount: { readonly publicKey: string; readonly key: string };
    /** Text of the EncryptionConfiguration. */
    readonly encryption: string;
    readonly issued: readonly (KeyPair & { readonly spec: CertificateSpec })[];
}

const root = "root:root";

/** Certificates are no secrets; but nobody else on the machine needs them. */
function ownFile(path: string, content: string, owner = root) {
    return { kind: "file", path, mode: "0600", owner, content } as const;
}

function directory(path: string) {
    return { kind: "directory", path, mode: "0755" } as const;
}

/** The authority that every node knows. */
function trust(certificate: string): Fragment {
    return [directory(paths.config), directory(paths.pki), ownFile(paths.ca, certificate)];
}

/** The credentials step of a control plane. */
export function controlPlaneCredentials(cluster: ClusterSettings, secrets: ControlPlaneSecrets): Fragment {
    const { clusterAuthority, serviceAccount, admin } = secrets;
    return [
        ...trust(clusterAuthority.certificate),
        ...registryCredentials(cluster),
        directory("/etc/etcd"),
        directory(paths.etcdPki),
        ...storeKeys(cluster),
        ownFile(paths.caKey, clusterAuthority.key),
        ownFile(paths.etcdCa, secrets.etcdCertificate, `${etcdUser}:${etcdUser}`),
        ownFile(paths.frontProxyCa, secrets.frontProxyCertificate),
        ownFile(paths.serviceAccountKey, serviceAccount.key),
        ownFile(paths.serviceAccountPublicKey, serviceAccount.publicKey),
        ownFile(paths.encryptionConfig, secrets.encryption),
        ownFile(paths.adminKubeconfig, adminKubeconfig(cluster, admin, clusterAuthority.certificate)),
        ...secrets.issued.flatMap(({ spec, certificate, key }) =>
            spec.files
                ? [
                      ownFile(spec.files.certificate, certificate, spec.files.owner),
                      ownFile(spec.files.key, key, spec.files.owner),
                  ]
                : [],
        ),
    ];
}

/** kubectl's kubeconfig on a control plane, which asks its own API server. */
function adminKubeconfig(cluster: ClusterSettings, admin: KeyPair, authority: string): string {
    return kubeconfig({
        name: cluster.name,
        server: clusterEndpoint(cluster).url,
        authority: { pem: authority },
        user: { certificate: { pem: admin.certificate }, key: { pem: admin.key } },
    });
}

/**
 * The credentials step of a worker: whom to trust, and, until the kubelet has a certificate of its own, a token
 * that lives for minutes.
 */
export function workerCredentials(cluster: ClusterSettings, authority: string, token?: string): Fragment {
    return [
        ...trust(authority),
        ...registryCredentials(cluster),
        ...(token === undefined ? [] : bootstrap(cluster, token.trim())),
    ];
}

function bootstrap(cluster: ClusterSettings, token: string): Fragment {
    const content = kubeconfig({
        name: cluster.name,
        server: clusterEndpoint(cluster).url,
        authority: { file: paths.ca },
        user: { token },
    });
    return [
        { kind: "directory", path: paths.kubelet, mode: "0700" },
        {
            kind: "once",
            path: paths.bootstrapKubeconfig,
            mode: "0600",
            content,
            unless: paths.kubeletClientCertificate,
        },
    ];
}
