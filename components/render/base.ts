import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import type { ClusterSettings } from "../config/schema";
import { apiAddressNeeds, apiAddressSysctls } from "./apiAddress";
import { apiProxyNeeds } from "./apiProxy";
import type { Digests } from "./artifacts";
import { Fragment } from "./entries";
import { etcdUser } from "./etcd";
import { kubeletSettings } from "./kubelet";
import { protectedSysctls } from "./machineCare";
import { outside, restartedByOutside } from "./outside";
import { runtimeOf } from "./runtime";
import { executables } from "./stage";

/** Overlay file systems, bridged traffic that iptables sees, connection tracking, and flannel's tunnels. */
const modules = ["br_netfilter", "nf_conntrack", "overlay", "vxlan"];

/** https://kubernetes.io/docs/setup/production-environment/container-runtimes/#prerequisite-ipv4-forwarding-optional */
const requiredSysctls: Readonly<Record<string, string>> = {
    "net.ipv4.ip_forward": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
    // Each kubelet, container and `kubectl logs -f` watches files; distributions' defaults end at about 60 pods.
    "fs.inotify.max_user_instances": "8192",
    "fs.inotify.max_user_watches": "524288",
};

/** What kubelet, kube-proxy and `kubectl port-forward` call: kubeadm's own preflight looks for the same. */
const packages = ["ca-certificates", "conntrack", "curl", "ethtool", "iptables", "kmod", "socat"];

/** What kube-proxy calls beyond that in one of its modes. */
const packagesOfMode: Readonly<Record<string, readonly string[]>> = { nftables: ["nftables"] };

/**
 * What every node needs of its system before Kubernetes comes: kernel, packages, and the container runtime; on a control
 * plane also Kubernetes itself.
 *
 * @param nodes all of the cluster's, this one among them
 */
export function base(
    node: NodeSpec,
    cluster: ClusterSettings,
    digests: Digests,
    nodes: readonly NodeSpec[],
): Fragment[] {
    const controlPlane = node.roles.includes("control-plane");
    const isProtected = kubeletSettings(node, cluster).protectKernelDefaults === true;
    const required = {
        ...requiredSysctls,
        ...(isProtected && protectedSysctls),
        ...apiAddressSysctls(node, cluster),
    };
    const { mode } = { ...cluster.kubeProxy, ...node.kubeProxy } as { mode: string };
    const names = [...packages, ...(packagesOfMode[mode] ?? [])];
    return [
        systemSettings({ ...required, ...cluster.sysctls, ...node.sysctls }, names),
        controlPlane ? [etcdAccount, openssl, ...executables(node, cluster, digests)] : [],
        apiProxyNeeds(node, cluster, nodes),
        apiAddressNeeds(node, cluster),
        outside(node, cluster),
        restartedByOutside(runtimeOf(node).base(node, cluster, digests), node, cluster),
        node.disk === "slow" ? journalInMemory : [],
    ];
}

/** A memory card wears out by being written. https://www.freedesktop.org/software/systemd/man/latest/journald.conf.html */
const journalInMemory: Fragment = [
    { kind: "file", path: paths.journal, content: "[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\n" },
    { kind: "unit", name: "systemd-journald.service", state: "active", after: [paths.journal] },
];

/** Reads the names in certificate requests for the approver. */
const openssl = { kind: "package", name: "openssl" } as const;

/** Made here, so that etcd's keys can be given to it when they come. */
const etcdAccount = { kind: "user", name: etcdUser, home: paths.etcdData } as const;

function systemSettings(sysctls: Readonly<Record<string, string>>, names: readonly string[]): Fragment {
    return [
        ...modules.map((name) => ({ kind: "module", name }) as const),
        ...Object.entries(sysctls).map(([key, value]) => ({ kind: "sysctl", key, value }) as const),
        { kind: "swap" },
        ...names.map((name) => ({ kind: "package", name }) as const),
    ];
}
