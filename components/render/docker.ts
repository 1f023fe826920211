import { artifacts, images } from "../../mirror/catalogue";
import type { ClusterSettings } from "../config/schema";
import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { unpacked } from "./artifacts";
import type { FileEntry, Fragment } from "./entries";
import { dockerMirrors } from "./registries";
import type { Runtime } from "./runtime";
import { commandLine, neverGiveUp, respawn, unitText } from "./systemd";
import { flags, json, layered } from "./text";

const daemon = "docker.service";
const criDockerd = "cri-dockerd.service";

/** Other builds of docker, which share its socket and folders: https://docs.docker.com/engine/install/debian/ */
const conflicts = ["containerd.io", "docker-ce", "docker-ce-cli", "docker-engine", "moby-engine", "podman-docker"];

/** With those that it stands on, so that they go with it. */
const packages: Fragment = [
    { kind: "package", name: "containerd" },
    { kind: "package", name: "docker.io" },
    // A package of its own from Debian 13 on, and only recommended there.
    { kind: "package", name: "docker-cli", unless: "/usr/bin/docker" },
    { kind: "package", name: "runc" },
];

/** An upgrade would restart them under all pods of a node, whenever it pleases: `apt upgrade` is the owner's to do. */
const held = ["containerd", "docker.io", "runc"];

/** The distribution's docker, with cri-dockerd for the kubelet: https://mirantis.github.io/cri-dockerd/ */
export const docker: Runtime = {
    socket: paths.criSocket,
    units: [daemon, criDockerd],
    // Its configuration is there before the package is, so that it starts only once.
    base: (node, cluster) => [
        ...conflicts.map((name) => ({ kind: "conflict", name }) as const),
        configuration(node, cluster),
        ...packages,
        ...held.map((name) => ({ kind: "hold", name }) as const),
        { kind: "unit", name: daemon, state: "started", after: [paths.docker] },
    ],
    stage: ({ versions }, digests) => [
        unpacked(artifacts(versions)["cri-dockerd"], paths.criDockerdVersion(versions.criDockerd), digests),
    ],
    active: (node, cluster) => [
        configuration(node, cluster),
        // Here, too, so that they leave a node in its turn: the base is everywhere at once.
        ...packages,
        { kind: "unit", name: daemon, state: "active", after: [paths.docker] },
        ...criDockerdUnit(cluster),
    ],
    usage: ["--help"],
    kubelet: (cluster) => streaming(cluster.kubernetes.version),
};

const defaults = {
    "exec-opts": ["native.cgroupdriver=systemd"],
    "log-driver": "json-file",
    "log-opts": { "max-file": "3", "max-size": "10m" },
    // Containers outlive a restart of the daemon.
    "live-restore": true,
    "storage-driver": "overlay2",
};

function configuration(node: NodeSpec, cluster: ClusterSettings): FileEntry {
    const content = json(layered(defaults, dockerMirrors(cluster), cluster.docker, node.docker));
    return { kind: "file", path: paths.docker, content };
}

/** Docker as a container runtime of the kubelet. */
function criDockerdUnit({ versions }: ClusterSettings): Fragment {
    const content = unitText({
        Unit: {
            Description: "Container runtime interface of docker",
            Documentation: "https://mirantis.github.io/cri-dockerd/",
            After: `network-online.target ${daemon}`,
            Wants: `network-online.target ${daemon}`,
            ...neverGiveUp,
        },
        Service: {
            Type: "notify",
            ExecStart: commandLine(
                `${paths.criDockerd}/cri-dockerd`,
                ...flags({
                    "container-runtime-endpoint": `unix://${paths.criSocket}`,
                    "network-plugin": "cni",
                    "cni-bin-dir": paths.cniBinaries,
                    "cni-conf-dir": paths.cniConfig,
                    "pod-infra-container-image": images(versions).pause.reference,
                    // Only the kubelet of this machine asks for streams, and it passes them on.
                    "streaming-bind-addr": "127.0.0.1:0",
                }),
            ),
            ...respawn,
            Delegate: "yes",
            // Sandboxes are docker's children; anything started here besides must not die with a restart.
            KillMode: "process",
            TimeoutStopSec: "10",
        },
    });
    return [
        { kind: "link", path: paths.criDockerd, target: `v${versions.criDockerd}` },
        { kind: "unit", name: criDockerd, state: "active", content, after: [paths.criDockerd] },
    ];
}

/**
 * From 1.36 on the kubelet translates `kubectl exec` by itself and takes a stream's address without a scheme, as
 * cri-dockerd gives it, for https; without the feature it passes the stream on as it comes.
 */
function streaming(version: string): Record<string, unknown> {
    const minor = Number(version.split(".")[1]);
    return minor >= 36 ? { featureGates: { ExtendWebSocketsToKubelet: false } } : {};
}
