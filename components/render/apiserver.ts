import type { ClusterSettings } from "../config/schema";
import type { NodeSpec } from "../inventory/node";
import { certificatePaths, paths } from "../inventory/paths";
import { admission, admissionFlags } from "./admission";
import { apiProxyUnit } from "./apiProxy";
import { auditFlags, auditing } from "./audit";
import { Fragment } from "./entries";
import { etcdPorts } from "./etcd";
import { environmentFiles, kubernetesInputs } from "./services";
import { commandLine, neverGiveUp, respawn, unitText } from "./systemd";
import { flags, yaml } from "./text";
import { tlsFlags } from "./tls";

const pki = (name: string) => certificatePaths(paths.pki, name);
const serving = pki("apiserver");
const etcdClient = pki("apiserver-etcd-client");
const kubeletClient = pki("apiserver-kubelet-client");
const frontProxyClient = pki("front-proxy-client");

/** Files whose change restarts the API server; it would reload some, but not all, by itself. */
const inputs: readonly string[] = [
    ...kubernetesInputs,
    paths.admission,
    paths.auditPolicy,
    paths.authentication,
    paths.ca,
    paths.etcdCa,
    paths.frontProxyCa,
    paths.encryptionConfig,
    paths.serviceAccountKey,
    paths.serviceAccountPublicKey,
    ...[serving, etcdClient, kubeletClient, frontProxyClient].flatMap(({ certificate, key }) => [certificate, key]),
];

/** The issuer of service-account tokens: a name that every pod resolves and that never changes. */
export const serviceAccountIssuer = (domain: string): string => `https://kubernetes.default.svc.${domain}`;

/** How long a token of a service account lives at most, in hours. */
export const longestTokenHours = 24;

/** The Kubernetes API on one control plane. */
export function apiserver(node: NodeSpec, cluster: ClusterSettings): Fragment {
    return [
        { kind: "file", path: paths.authentication, mode: "0600", content: yaml(authentication) },
        ...admission(cluster),
        ...auditing(),
        { kind: "unit", name: "kube-apiserver.service", state: "active", content: unit(node, cluster), after: inputs },
    ];
}

/**
 * Nobody is anonymous but on the paths that load balancers and readiness gates ask.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration
 */
const authentication = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous: { enabled: true, conditions: ["/livez", "/readyz", "/healthz"].map((path) => ({ path })) },
};

/** https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ */
function settings(node: NodeSpec, cluster: ClusterSettings) {
    return {
        ...tlsFlags,
        ...admissionFlags,
        ...auditFlags,
        "advertise-address": node.address,
        "allow-privileged": true,
        "authentication-config": paths.authentication,
        "authorization-mode": ["Node", "RBAC"],
        // The proxy has the port on the virtual address, so this one must not take it on all of them.
        "bind-address": cluster.api.virtualAddress === undefined ? undefined : node.address,
        "client-ca-file": paths.ca,
        "enable-bootstrap-token-auth": true,
        "encryption-provider-config": paths.encryptionConfig,
        // Kubernetes' own, said aloud: etcd keeps what was for so long. It alone compacts; the kit only defragments.
        "etcd-compaction-interval": "5m0s",
        // Its own machine's member: with three of them, each API server falls with its etcd and no other.
        "etcd-servers": `https://127.0.0.1:${etcdPorts.client}`,
        "etcd-cafile": paths.etcdCa,
        "etcd-certfile": etcdClient.certificate,
        "etcd-keyfile": etcdClient.key,
        "kubelet-certificate-authority": paths.ca,
        "kubelet-client-certificate": kubeletClient.certificate,
        "kubelet-client-key": kubeletClient.key,
        "kubelet-preferred-address-types": ["InternalIP", "Hostname"],
        profiling: false,
        "proxy-client-cert-file": frontProxyClient.certificate,
        "proxy-client-key-file": frontProxyClient.key,
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": paths.frontProxyCa,
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        // Kubernetes' own, said aloud; watches and logs that are followed aren't held to it.
        "request-timeout": "60s",
        "secure-port": cluster.api.port,
        // A pod's token ends when it says so (kubelets renew it every hour), and not a year later for old clients' sake.
        "service-account-extend-token-expiration": false,
        "service-account-issuer": serviceAccountIssuer(cluster.domain),
        "service-account-key-file": paths.serviceAccountPublicKey,
        // A token of a pod or an account that is gone is good for nothing.
        "service-account-lookup": true,
        "service-account-max-token-expiration": `${longestTokenHours}h`,
        "service-account-signing-key-file": paths.serviceAccountKey,
        "service-cluster-ip-range": cluster.network.serviceCidr,
        // Without it the open watches of every kubelet and controller keep it from stopping for a minute.
        "shutdown-watch-termination-grace-period": "2s",
        "tls-cert-file": serving.certificate,
        "tls-private-key-file": serving.key,
    };
}

function unit(node: NodeSpec, cluster: ClusterSettings): string {
    // A worker that has become a control plane has a proxy on this port, which gives it up before this one starts. The
    // one of a virtual address is another matter: it stands beside this one, and comes after it.
    const instead = cluster.api.virtualAddress === undefined ? [apiProxyUnit] : [];
    return unitText({
        Unit: {
            Description: "Kubernetes API server",
            Documentation: "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/",
            After: ["network-online.target etcd.service kubernetes-hosts.service", ...instead].join(" "),
            Wants: "network-online.target etcd.service kubernetes-hosts.service",
            ...(instead.length > 0 && { Conflicts: apiProxyUnit }),
            ...neverGiveUp,
        },
        Service: {
            Type: "notify",
            EnvironmentFile: environmentFiles(),
            ExecStart: commandLine(
                `${paths.kubernetes}/kube-apiserver`,
                "$KUBE_LOGGING",
                ...flags(settings(node, cluster)),
            ),
            ...respawn,
            NoNewPrivileges: "yes",
            TimeoutStartSec: "300",
            TimeoutStopSec: "60",
        },
    });
}
