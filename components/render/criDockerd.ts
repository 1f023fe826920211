import { images, Versions } from "../../mirror/catalogue";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { commandLine, neverGiveUp, respawn, unitText } from "./systemd";
import { flags } from "./text";

/** Docker as a container runtime of the kubelet: https://mirantis.github.io/cri-dockerd/ */
export function criDockerd(versions: Versions): Fragment {
    const content = unitText({
        Unit: {
            Description: "Container runtime interface of docker",
            Documentation: "https://mirantis.github.io/cri-dockerd/",
            After: "network-online.target docker.service",
            Wants: "network-online.target docker.service",
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
        { kind: "unit", name: "cri-dockerd.service", state: "active", content, after: [paths.criDockerd] },
    ];
}
