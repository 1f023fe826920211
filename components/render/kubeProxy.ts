import type { ClusterSettings } from "../config/schema";
import { clusterEndpoint } from "../inventory";
import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { kubeconfig } from "./kubeconfig";
import { environmentFiles, kubernetesInputs } from "./services";
import { command, commandLine, neverGiveUp, respawn, unitText } from "./systemd";
import { flags, layered, variables, yaml } from "./text";

/** The services' addresses on a node. Runs on the kubelet's certificate, so it waits until there is one. */
export function kubeProxy(node: NodeSpec, cluster: ClusterSettings): Fragment {
    const certificate = { file: paths.kubeletClientCertificate };
    return [
        { kind: "directory", path: paths.kubeProxy, mode: "0700" },
        { kind: "file", path: paths.kubeProxyConfig, mode: "0600", content: yaml(configuration(node, cluster)) },
        {
            kind: "file",
            path: paths.kubeProxyKubeconfig,
            mode: "0600",
            content: kubeconfig({
                name: cluster.name,
                server: clusterEndpoint(cluster).url,
                authority: { file: paths.ca },
                user: { certificate, key: certificate },
            }),
        },
        {
            kind: "file",
            path: paths.kubeProxyVariables,
            content: variables({ KUBE_PROXY_HOSTNAME: `--hostname-override=${node.name}` }),
        },
        {
            kind: "unit",
            name: "kube-proxy.service",
            state: "active",
            content: unit(),
            after: [
                ...kubernetesInputs,
                paths.kubeProxyVariables,
                paths.kubeProxyConfig,
                paths.kubeProxyKubeconfig,
                paths.ca,
            ],
        },
    ];
}

/** https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
function configuration(node: NodeSpec, cluster: ClusterSettings): Record<string, unknown> {
    const defaults = {
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        bindAddress: "0.0.0.0",
        clientConnection: { kubeconfig: paths.kubeProxyKubeconfig },
        clusterCIDR: cluster.network.podCidr,
        metricsBindAddress: "127.0.0.1:10249",
    };
    return layered(defaults, cluster.kubeProxy, node.kubeProxy);
}

function unit(): string {
    const wait = `until [ -s ${paths.kubeletClientCertificate} ]; do sleep 0.2; done`;
    return unitText({
        Unit: {
            Description: "Kubernetes service proxy",
            Documentation: "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/",
            After: "network-online.target kubernetes-hosts.service kubelet.service",
            Wants: "network-online.target kubernetes-hosts.service",
            ...neverGiveUp,
        },
        Service: {
            EnvironmentFile: environmentFiles(paths.kubeProxyVariables),
            ExecStartPre: command("/bin/sh", "-c", wait),
            ExecStart: commandLine(
                `${paths.kubernetes}/kube-proxy`,
                "$KUBE_LOGGING",
                "$KUBE_PROXY_HOSTNAME",
                ...flags({ config: paths.kubeProxyConfig }),
            ),
            ...respawn,
            TimeoutStartSec: "120",
            TimeoutStopSec: "10",
        },
    });
}
