import { paths } from "../../../components/inventory/paths";
import { tlsCipherSuites } from "../../../components/render/tls";
import { document, modes, owners } from "../ask";
import type { Control, NodeControl } from "../control";
import type { Document } from "../facts";

const asks = (id: string, title: string, passes: string, problems: NodeControl["problems"]): Control => ({
    id: `4.${id}`,
    title,
    asked: "nodes",
    passes,
    problems,
});

/** Of the kubelet's configuration; the sentence on what is wrong is made of the setting. */
const kubelet = (id: string, title: string, setting: string, fits: (text: Document) => boolean): Control =>
    asks(`2.${id}`, title, setting, document("kubelet", `the kubelet has not: ${setting}`, fits));

const unit = "/etc/systemd/system/kubelet.service";

/** 4: kubelet and kube-proxy. */
export const worker: readonly Control[] = [
    {
        id: "4.1.1",
        title: "Who may read what starts the kubelet",
        asked: "nodes",
        passes: "kubelet.service is 644 or stricter",
        exception: "As for the units of a control plane, 1.1.1.",
        problems: modes(0o644, unit),
    },
    asks("1.2", "Who owns what starts the kubelet", "it belongs to root", owners("root:root", unit)),
    asks("1.3", "Who may read kube-proxy's kubeconfig", "it is 600", modes(0o600, paths.kubeProxyKubeconfig)),
    asks("1.4", "Who owns kube-proxy's kubeconfig", "root", owners("root:root", paths.kubeProxyKubeconfig)),
    asks("1.5", "Who may read the kubelet's kubeconfig", "it is 600", modes(0o600, paths.kubeletKubeconfig)),
    asks("1.6", "Who owns the kubelet's kubeconfig", "root", owners("root:root", paths.kubeletKubeconfig)),
    asks("1.7", "Who may change the authority that kubelets trust", "it is 644 or stricter", modes(0o644, paths.ca)),
    asks("1.8", "Who owns that authority's certificate", "root", owners("root:root", paths.ca)),
    asks("1.9", "Who may read the kubelet's configuration", "it is 600", modes(0o600, paths.kubeletConfig)),
    asks("1.10", "Who owns the kubelet's configuration", "root", owners("root:root", paths.kubeletConfig)),
    kubelet(
        "1",
        "Nobody is anonymous",
        "anonymous requests off",
        (k) => k.authentication?.anonymous?.enabled === false,
    ),
    kubelet("2", "The API decides who may", "authorization by webhook", (k) => k.authorization?.mode === "Webhook"),
    kubelet("3", "Clients' certificates are checked", "an authority", (k) => !!k.authentication?.x509?.clientCAFile),
    kubelet("4", "No port without a login", "read-only port off", (k) => !k.readOnlyPort),
    kubelet(
        "5",
        "Idle connections end",
        "a limit for idle streams",
        (k) => !/^0s?$/.test(String(k.streamingConnectionIdleTimeout)),
    ),
    kubelet(
        "6",
        "The kubelet keeps its packet filter rules",
        "utility chains on",
        (k) => k.makeIPTablesUtilChains !== false,
    ),
    {
        id: "4.2.7",
        title: "The node's name is the machine's",
        asked: "nobody",
        exception:
            "A node has the name that the configuration gives it, whatever the machine calls itself; its certificate is approved for that name and the node's own address only.",
    },
    kubelet(
        "8",
        "Events are limited",
        "a limit for events that isn't 0 or the default unsaid",
        (k) => k.eventRecordQPS > 0,
    ),
    kubelet(
        "9",
        "Whoever calls sees a certificate of the cluster's",
        "serving certificates from the cluster",
        (k) => k.serverTLSBootstrap === true,
    ),
    kubelet("10", "The client's certificate is renewed", "rotation on", (k) => k.rotateCertificates === true),
    kubelet(
        "11",
        "The serving certificate is renewed",
        "rotation on",
        (k) => k.serverTLSBootstrap === true && k.featureGates?.RotateKubeletServerCertificate !== false,
    ),
    kubelet(
        "12",
        "Only modern ciphers",
        "TLS 1.2 or newer with forward secrecy",
        (k) =>
            /^VersionTLS1[23]$/.test(k.tlsMinVersion) &&
            ((k.tlsCipherSuites ?? []) as string[]).every((suite) =>
                (tlsCipherSuites as readonly string[]).includes(suite),
            ) &&
            k.tlsCipherSuites?.length > 0,
    ),
    kubelet("13", "A pod can't take all processes", "a limit for a pod's processes", (k) => k.podPidsLimit > 0),
    kubelet(
        "14",
        "System calls are filtered",
        "the runtime's seccomp profile by default",
        (k) => k.seccompDefault === true,
    ),
    asks(
        "3.1",
        "Only the machine itself reads kube-proxy's metrics",
        "they are on loopback",
        document("kubeProxy", "kube-proxy's metrics aren't on loopback", (k) =>
            /^(127\.0\.0\.1|\[::1\]):/.test(k.metricsBindAddress),
        ),
    ),
];
