import type { ClusterSettings } from "../config/schema";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { json } from "./text";

/** The newest CNI version that every flannel plugin speaks. */
const cniVersion = "0.3.1";

/**
 * The pods' network by file: flannel for the node's share of the pod network, host ports, and the loopback device.
 *
 * With the backend "none" nothing is written: whoever brings the network brings its files, and a lone loopback
 * would make nodes Ready before pods can talk.
 */
export function cni(cluster: ClusterSettings): Fragment {
    if (cluster.network.backend === "none") {
        return [];
    }
    const flannel = {
        cniVersion,
        name: "flannel",
        plugins: [
            // hairpinMode: a pod reaches itself through its service. forceAddress: the bridge follows to the share that the
            // node has now; a snapshot that was put back may have given it another one.
            { type: "flannel", delegate: { forceAddress: true, hairpinMode: true, isDefaultGateway: true } },
            { type: "portmap", capabilities: { portMappings: true } },
        ],
    };
    const loopback = { cniVersion, name: "lo", type: "loopback" };
    return [
        { kind: "file", path: `${paths.cniConfig}/10-flannel.conflist`, mode: "0600", content: json(flannel) },
        { kind: "file", path: `${paths.cniConfig}/99-loopback.conf`, mode: "0600", content: json(loopback) },
    ];
}
