import { artifacts, images } from "../../mirror/catalogue";
import type { ClusterSettings } from "../config/schema";
import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { unpacked } from "./artifacts";
import type { Fragment } from "./entries";
import type { Runtime } from "./runtime";
import { commandLine, neverGiveUp, respawn, unitText } from "./systemd";
import { layered, toml } from "./text";

/** Not "containerd.service", which is docker's: both can run on one machine. */
const unit = "cri-containerd.service";

/** Upstream's containerd on the distribution's runc, with folders and a socket of its own. */
export const containerd: Runtime = {
    socket: paths.containerdSocket,
    units: [unit],
    base: (node, cluster, digests) => [
        ...daemon(node, cluster, "started"),
        { kind: "package", name: "runc" },
        { kind: "hold", name: "runc" },
        unpacked(artifactOf(cluster), paths.containerdVersion(artifactOf(cluster).version), digests),
    ],
    stage: () => [],
    active: (node, cluster) => daemon(node, cluster, "active"),
    usage: ["/agnhost", "--help"],
    kubelet: () => ({}),
};

function artifactOf({ versions }: ClusterSettings) {
    const { containerd } = artifacts(versions);
    if (containerd === undefined) {
        throw new Error("A node runs containerd, and cluster.versions has none: it comes with a configured runtime.");
    }
    return containerd;
}

function daemon(node: NodeSpec, cluster: ClusterSettings, state: "started" | "active"): Fragment {
    const content = toml(layered(configuration(cluster), cluster.containerd, node.containerd));
    return [
        { kind: "file", path: paths.containerdConfig, content },
        { kind: "link", path: paths.containerd, target: `v${artifactOf(cluster).version}` },
        { kind: "unit", name: unit, state, content: unitFile, after: [paths.containerd, paths.containerdConfig] },
    ];
}

/** https://github.com/containerd/containerd/blob/main/docs/cri/config.md */
function configuration({ versions }: ClusterSettings): Record<string, unknown> {
    return {
        version: 3,
        root: paths.containerdData,
        state: paths.containerdState,
        // Folders below /opt/containerd for software that an image may bring: nobody asks for it here.
        disabled_plugins: ["io.containerd.internal.v1.opt"],
        grpc: { address: paths.containerdSocket },
        plugins: {
            "io.containerd.cri.v1.images": {
                snapshotter: "overlayfs",
                pinned_images: { sandbox: images(versions).pause.reference },
                registry: { config_path: paths.containerdRegistries },
            },
            "io.containerd.cri.v1.runtime": {
                cni: { bin_dirs: [paths.cniBinaries], conf_dir: paths.cniConfig },
                containerd: {
                    default_runtime_name: "runc",
                    runtimes: {
                        runc: {
                            runtime_type: "io.containerd.runc.v2",
                            // runc's default folder is shared with docker's containerd.
                            options: { Root: `${paths.containerdState}/runc`, SystemdCgroup: true },
                        },
                    },
                },
            },
            "io.containerd.nri.v1.nri": { socket_path: `${paths.containerdState}/nri.sock` },
        },
    };
}

const unitFile = unitText({
    Unit: {
        Description: "containerd for Kubernetes",
        Documentation: "https://containerd.io",
        After: "network-online.target",
        Wants: "network-online.target",
        ...neverGiveUp,
    },
    Service: {
        Type: "notify",
        // It finds its shim and runc by it.
        Environment: `PATH=${paths.containerd}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        ExecStart: commandLine(`${paths.containerd}/containerd`, `--config=${paths.containerdConfig}`),
        ...respawn,
        OOMScoreAdjust: "-999",
        Delegate: "yes",
        // Containers outlive a restart of the daemon.
        KillMode: "process",
    },
});
