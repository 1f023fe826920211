import type { ClusterSettings } from "../config/schema";
import { dnsServiceIp } from "../inventory/addressing";
import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { limits, shutdownDelay } from "./machineCare";
import { runtimeOf } from "./runtime";
import { environmentFiles, kubernetesInputs } from "./services";
import { command, commandLine, neverGiveUp, respawn, unitText } from "./systemd";
import { flags, layered, variables, yaml } from "./text";
import { tlsCipherSuites, tlsMinVersion } from "./tls";

/** Keeps pods off until the node has its own labels and taints; components/remote/kit/member.sh knows it, too. */
const uninitialized = { key: "slipway.build/uninitialized", effect: "NoSchedule" };

const resolvConf = "/run/kubernetes/resolv.conf";

/** The node's agent: its configuration, its variables and its unit. */
export function kubelet(node: NodeSpec, cluster: ClusterSettings): Fragment {
    const settings = kubeletSettings(node, cluster);
    return [
        ...shutdownDelay(settings.shutdownGracePeriod),
        { kind: "directory", path: paths.kubelet, mode: "0700" },
        { kind: "directory", path: paths.staticPods },
        { kind: "file", path: paths.kubeletConfig, mode: "0600", content: yaml(settings) },
        {
            kind: "file",
            path: paths.kubeletVariables,
            content: variables({
                KUBELET_HOSTNAME: `--hostname-override=${node.name}`,
                KUBELET_NODE_IP: `--node-ip=${node.address}`,
            }),
        },
        {
            kind: "unit",
            name: "kubelet.service",
            state: "active",
            content: unit(runtimeOf(node).units),
            after: [...kubernetesInputs, paths.kubeletVariables, paths.kubeletConfig, paths.ca],
        },
    ];
}

/** The KubeletConfiguration: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
export function kubeletSettings(node: NodeSpec, cluster: ClusterSettings): Record<string, unknown> {
    const runtime = runtimeOf(node);
    const defaults = {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        ...limits(node),
        authentication: {
            anonymous: { enabled: false },
            webhook: { enabled: true },
            x509: { clientCAFile: paths.ca },
        },
        authorization: { mode: "Webhook" },
        cgroupDriver: "systemd",
        clusterDNS: [dnsServiceIp(cluster.network.serviceCidr)],
        clusterDomain: cluster.domain,
        containerRuntimeEndpoint: `unix://${runtime.socket}`,
        ...runtime.kubelet(cluster),
        readOnlyPort: 0,
        // The membership step gives the node its own taints and takes this one away: a changed taint restarts nothing.
        registerWithTaints: [uninitialized],
        resolvConf,
        rotateCertificates: true,
        seccompDefault: true,
        serverTLSBootstrap: true,
        staticPodPath: paths.staticPods,
        tlsCipherSuites: [...tlsCipherSuites],
        tlsMinVersion,
    };
    return layered(defaults, cluster.kubelet, node.kubelet);
}

function unit(runtime: readonly string[]): string {
    const before = ["network-online.target", ...runtime, "kubernetes-hosts.service"].join(" ");
    const stub = "grep -qs '^nameserver 127.0.0.53' /etc/resolv.conf";
    const link = (target: string) => `ln -sfn ${target} ${resolvConf}`;
    return unitText({
        Unit: {
            Description: "Kubernetes node agent",
            Documentation: "https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/",
            After: before,
            Wants: before,
            ...neverGiveUp,
        },
        Service: {
            EnvironmentFile: environmentFiles(paths.kubeletVariables),
            RuntimeDirectory: "kubernetes",
            RuntimeDirectoryPreserve: "yes",
            // systemd-resolved's stub answers on the loopback device, where a pod can't ask it and CoreDNS finds a loop.
            ExecStartPre: command(
                "/bin/sh",
                "-c",
                `if ${stub}; then ${link("/run/systemd/resolve/resolv.conf")}; else ${link("/etc/resolv.conf")}; fi`,
            ),
            ExecStart: commandLine(
                `${paths.kubernetes}/kubelet`,
                "$KUBE_LOGGING",
                "$KUBELET_HOSTNAME",
                "$KUBELET_NODE_IP",
                ...flags({
                    "bootstrap-kubeconfig": paths.bootstrapKubeconfig,
                    config: paths.kubeletConfig,
                    kubeconfig: paths.kubeletKubeconfig,
                }),
            ),
            ...respawn,
            // Pods' processes are the runtime's; mounts made by the kubelet must outlive its restart.
            KillMode: "process",
            TimeoutStopSec: "30",
        },
    });
}
