import assert from "node:assert/strict";

import { mounted } from "../../lab/load";
import { mirrorMount } from "../../lab/nodes";
import { eventually, onNode } from "./harness";
import type { Changes, Configuration, Edit, Tables } from "./tables";

/** Of every node the same. */
const all = (nodes: readonly string[], lines: readonly string[]): Changes =>
    Object.fromEntries(nodes.map((node) => [node, lines]));

const kubeletConfig = "activate ~ file /var/lib/kubelet/config.yaml";
const kubeProxyConfig = "activate ~ file /var/lib/kube-proxy/config.yaml";
/** Of a worker. */
const connections = ["contact", "base", "stage", "credentials", "activate"].map((step) => `${step} ~ connection`);
/** What each control plane has of its own. */
const issued = [
    ...["apiserver", "apiserver-etcd-client", "apiserver-kubelet-client", "front-proxy-client"],
    ...["controller-manager", "scheduler", "etcd-server", "etcd-peer"],
];
const idle = "net.ipv4.tcp_keepalive_intvl";
const probes = "net.ipv4.tcp_keepalive_probes";

/**
 * The rows, in their order. Those of one group touch different things, and stand on the groups before it: each has a
 * preview of its own, and one `up` makes them all.
 */
export function editGroups({ stack, nodes }: Tables): Edit[][] {
    const [n1, n2, n3] = nodes;
    const node = ({ nodes }: Configuration, name: string) => nodes.find((one) => one.name === name)!;
    let containers = "";
    return [
        [
            {
                name: "a kubelet setting of one node",
                edit: (to) => (node(to, n2).kubelet.maxPods = 109),
                nodes: { [n2]: [kubeletConfig] },
                restarts: { [n2]: ["kubelet"] },
            },
            {
                name: "a kube-proxy setting of one node",
                edit: (to) => (node(to, n3).kubeProxy.iptables = { minSyncPeriod: "2s" }),
                nodes: { [n3]: [kubeProxyConfig] },
                restarts: { [n3]: ["kube-proxy"] },
            },
            {
                name: "labels added",
                edit: (to) => (node(to, n3).labels = { disk: "ssd", "example.org/rack": "a" }),
                nodes: { [n3]: ["member + label disk", "member + label example.org/rack"] },
            },
            {
                name: "taints added",
                edit: (to) => {
                    node(to, n2).taints = [{ key: "slow", effect: "PreferNoSchedule" }];
                    node(to, n3).taints = ["busy", "noisy"].map((key) => ({ key, effect: "PreferNoSchedule" }));
                },
                nodes: { [n2]: ["member + taint slow"], [n3]: ["member + taint busy", "member + taint noisy"] },
            },
            {
                name: "sysctls of the cluster",
                edit: (to) => (to.cluster.sysctls = { [idle]: 61, [probes]: 8 }),
                nodes: all(nodes, [`base + sysctl ${idle}`, `base + sysctl ${probes}`]),
                after: async () => assert.equal(await onNode(n3, `sysctl -n ${idle}`), "61\n"),
            },
            {
                name: "a workload's replicas",
                edit: (to) => (to.workloads["my-nginx"] = { replicas: 2 }),
                cluster: ["~ Deployment default/my-nginx"],
            },
        ],
        [
            {
                name: "a kubelet setting of the cluster, which one node has set for itself",
                edit: (to) => (to.cluster.kubelet = { maxPods: 108 }),
                nodes: all([n1, n3], [kubeletConfig]),
                restarts: all([n1, n3], ["kubelet"]),
            },
            {
                name: "a docker setting of one node, whose containers live on",
                before: async () => (containers = await onNode(n2, "docker ps -q | sort")),
                edit: (to) => (node(to, n2).docker["log-opts"] = { "max-size": "11m" }),
                nodes: { [n2]: ["base ~ file /etc/docker/daemon.json", "activate ~ file /etc/docker/daemon.json"] },
                restarts: { [n2]: ["docker"] },
                after: async () => assert.equal(await onNode(n2, "docker ps -q | sort"), containers),
            },
            {
                name: "a label changed",
                edit: (to) => (node(to, n3).labels.disk = "nvme"),
                nodes: { [n3]: ["member ~ label disk"] },
                after: async () => assert.match(await stack.kubectl("get", "node", n3, "--show-labels"), /disk=nvme/),
            },
            {
                name: "a taint removed",
                edit: (to) => node(to, n3).taints.pop(),
                nodes: { [n3]: ["member - taint noisy"] },
                after: async () => {
                    const taints = await stack.kubectl("get", "node", n3, "-o", "jsonpath={.spec.taints[*].key}");
                    assert.equal(taints, "busy");
                },
            },
            {
                name: "a sysctl of one node",
                edit: (to) => (node(to, n2).sysctls = { [idle]: 62 }),
                nodes: { [n2]: [`base ~ sysctl ${idle}`] },
                after: async () => assert.equal(await onNode(n2, `sysctl -n ${idle}`), "62\n"),
            },
            {
                name: "a workload's port",
                edit: (to) => (to.workloads["my-nginx"].port = 8080),
                cluster: ["~ Service default/my-nginx"],
            },
        ],
        [
            {
                name: "a label removed",
                edit: (to) => delete node(to, n3).labels["example.org/rack"],
                nodes: { [n3]: ["member - label example.org/rack"] },
                after: async () => assert.doesNotMatch(await stack.kubectl("get", "node", n3, "--show-labels"), /rack/),
            },
            {
                name: "a sysctl removed, on each node as it was before",
                edit: (to) => {
                    delete to.cluster.sysctls[idle];
                    delete node(to, n2).sysctls;
                },
                nodes: all(nodes, [`base - sysctl ${idle}`]),
                after: async () => assert.equal(await onNode(n2, `sysctl -n ${idle}`), "75\n"),
            },
            {
                name: "flannel's backend, whose daemons start with it",
                edit: (to) => (to.cluster.network = { ...to.cluster.network, backend: "host-gw" }),
                cluster: ["~ ConfigMap kube-flannel/flannel", "~ DaemonSet kube-flannel/flannel"],
                after: () =>
                    eventually("routes without a tunnel", 60, async () =>
                        /10\.244\.\d+\.0\/24 via 172/.test(await onNode(n3, "ip route")),
                    ),
            },
            {
                name: "a workload removed",
                edit: (to) => delete to.workloads["my-nginx"],
                cluster: ["- Deployment default/my-nginx", "- Service default/my-nginx"],
            },
            {
                name: "how many nodes may be missing at a time, and how many must be ready",
                edit: (to) => Object.assign(to.cluster, { maxUnavailable: 2, minimumReady: 1 }),
            },
            {
                name: "how long a drain may take",
                edit: (to) => (to.cluster.drainSeconds = 200),
                nodes: all(nodes, ["activate ~ argument seconds", "member ~ argument seconds"]),
            },
        ],
        [
            {
                name: "a workload added",
                edit: (to) => (to.workloads["my-nginx"] = { replicas: 1 }),
                cluster: ["+ Deployment default/my-nginx", "+ Service default/my-nginx"],
            },
            {
                name: "a service's external address",
                edit: (to) => (to.workloads["hello-kube"].externalAddress = node(to, n3).address),
                cluster: ["~ Service default/hello-kube"],
            },
            {
                name: "the account that logs in on one node",
                before: () => onNode(n2, "cp /etc/ssh/authorized_keys/bb /etc/ssh/authorized_keys/root"),
                edit: (to) => (node(to, n2).ssh.user = "root"),
                nodes: { [n2]: ["contact ~ machine, account or host key", ...connections] },
            },
            {
                name: "the host that is dialled for one node's SSH: its name, which the bastion knows",
                edit: (to) => (node(to, n3).ssh.host = n3),
                nodes: { [n3]: connections },
            },
        ],
        [
            {
                name: "where one node takes its artifacts from",
                edit: (to) => (node(to, n2).source = "http://mirror.example.org/"),
                nodes: { [n2]: ["base ~ argument source"] },
            },
        ],
        [
            {
                name: "the version of etcd, which the mirror has to hold before a preview can tell of it",
                edit: (to) => (to.cluster.versions = { etcd: "3.6.15" }),
                before: async (edited) => {
                    const { status, output } = await stack.slipway(["preview"]);
                    assert.notEqual(status, 0);
                    assert.match(output, /The mirror of stack \w+ lacks etcd 3\.6\.15\. .*`npm run mirror/);
                    await stack.must(["mirror"]);
                    // It is a mirror of its own, and what plays the machines sees it below the same folder.
                    const { mirrorPath } = mounted(stack.mirror());
                    edited.nodes.forEach((one) => (one.source = `${mirrorMount}/${mirrorPath}`));
                    stack.configure({ ...edited });
                },
                nodes: {
                    ...all([n2, n3], ["base ~ argument source"]),
                    [n1]: ["base ~ argument source", "base ~ artifact etcd", "control-plane ~ link /opt/etcd/current"],
                },
                restarts: { [n1]: ["etcd"] },
                after: async () => assert.match(await onNode(n1, "/opt/etcd/current/etcd --version"), /3\.6\.15/),
            },
        ],
        [
            {
                name: "how long certificates are valid",
                edit: (to) => (to.cluster.certificates = { hours: 8000 }),
                nodes: {
                    [n1]: [
                        ...["admin", ...issued].map((name) => `credentials ~ certificate ${name}`),
                        "control-plane ~ unit kube-controller-manager.service",
                        ...["control-plane", "activate"].map((step) => `${step} ~ digest of the credentials`),
                    ],
                },
                // kube-csr-approver asks the API with the administrator's certificate.
                restarts: {
                    [n1]: ["etcd", "kube-apiserver", "kube-controller-manager", "kube-csr-approver", "kube-scheduler"],
                },
                cluster: ["± certificate admin", ...issued.map((name) => `± certificate ${n1}/${name}`)],
            },
        ],
        [
            {
                name: "another worker",
                only: "clusters grow below",
                edit: ({ nodes }) => {
                    const ssh = { ...nodes[2].ssh, host: "127.0.0.1", port: 9 };
                    nodes.push({ ...nodes[2], name: "new", address: "172.31.233.99", ssh, labels: {}, taints: [] });
                },
                nodes: {
                    new: [
                        ...["base", "stage", "credentials", "activate"].map((step) => `${step} + everything`),
                        ...["address", "label node-role.kubernetes.io/worker"].map((what) => `member + ${what}`),
                    ],
                },
            },
            {
                name: "a worker less, which was a service's external address",
                only: "clusters shrink below",
                edit: (to) => {
                    to.nodes.pop();
                    to.workloads["hello-kube"].externalAddress = node(to, n2).address;
                },
                nodes: {
                    [n3]: ["base", "stage", "credentials", "activate", "member"].map((step) => `${step} - everything`),
                },
                cluster: ["~ Service default/hello-kube"],
            },
            {
                name: "a control plane that takes no pods any more",
                only: "its pods are needed here",
                edit: (to) => (node(to, n1).roles = ["control-plane"]),
                nodes: {
                    [n1]: [
                        "member - label node-role.kubernetes.io/worker",
                        "member + taint node-role.kubernetes.io/control-plane",
                    ],
                },
            },
        ],
    ];
}
