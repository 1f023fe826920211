import type { ClusterSettings } from "../config/schema";
import { clusterEndpoint, paths } from "../inventory";
import { Fragment } from "../render/entries";
import { etcdUser } from "../render/etcd";
import { kubeconfig } from "../render/kubeconfig";
import { registryCredentials } from "../render/registries";
import { storeKeys } from "../render/snapshots";
import { AuthorityName, CertificateSpec } from "./certificates";

/** PEM texts of a key pair. */
export interface KeyPair {
    readonly certificate: string;
    readonly key: string;
}

/** Everything that one control plane holds. All of it but the certificates is secret. */
export interface ControlPlaneSecrets {
    /** The certificates of each authority that are trusted. */
    readonly trusted: Readonly<Record<AuthorityName, string>>;
    /** The one of the cluster's that signs. */
    readonly signer: KeyPair;
    readonly admin: KeyPair;
    /** All keys that tokens are checked with, and the one that signs them. */
    readonly serviceAccount: { readonly publicKeys: string; readonly key: string };
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

/** The authorities that every node knows. */
function trust(certificates: string): Fragment {
    return [directory(paths.config), directory(paths.pki), ownFile(paths.ca, certificates)];
}

/** The credentials step of a control plane. */
export function controlPlaneCredentials(cluster: ClusterSettings, secrets: ControlPlaneSecrets): Fragment {
    const { trusted, signer, serviceAccount, admin } = secrets;
    return [
        ...trust(trusted.cluster),
        ...registryCredentials(cluster),
        directory("/etc/etcd"),
        directory(paths.etcdPki),
        ...storeKeys(cluster),
        ownFile(paths.signer, signer.certificate),
        ownFile(paths.caKey, signer.key),
        ownFile(paths.etcdCa, trusted.etcd, `${etcdUser}:${etcdUser}`),
        ownFile(paths.frontProxyCa, trusted["front-proxy"]),
        ownFile(paths.serviceAccountKey, serviceAccount.key),
        ownFile(paths.serviceAccountPublicKey, serviceAccount.publicKeys),
        ownFile(paths.encryptionConfig, secrets.encryption),
        ownFile(paths.adminKubeconfig, adminKubeconfig(cluster, admin, trusted.cluster)),
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
function adminKubeconfig(cluster: ClusterSettings, admin: KeyPair, authorities: string): string {
    return kubeconfig({
        name: cluster.name,
        server: clusterEndpoint(cluster).url,
        authority: { pem: authorities },
        user: { certificate: { pem: admin.certificate }, key: { pem: admin.key } },
    });
}

/**
 * The credentials step of a worker: whom to trust, and, until the kubelet has a certificate of its own, a token
 * that lives for minutes.
 */
export function workerCredentials(cluster: ClusterSettings, authorities: string, token?: string): Fragment {
    return [
        ...trust(authorities),
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
