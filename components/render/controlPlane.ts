import type { ClusterSettings } from "../config/schema";
import { controlPlanes, NodeSpec } from "../inventory";
import { apiAddress } from "./apiAddress";
import { apiProxy } from "./apiProxy";
import { apiserver } from "./apiserver";
import { controllerManager, scheduler } from "./controllers";
import { csrApprover } from "./csrApprover";
import { Fragment } from "./entries";
import { etcd } from "./etcd";
import { hosts } from "./hosts";
import { activeVersion, kubectl } from "./services";
import { snapshots } from "./snapshots";

/**
 * The control-plane step: units in the order they start.
 *
 * @param kit folder of the node kit, which approves serving certificates, takes and copies snapshots, looks after etcd and hands
 *   leases on
 */
export function controlPlane(
    node: NodeSpec,
    cluster: ClusterSettings,
    nodes: readonly NodeSpec[],
    kit: string,
): Fragment[] {
    const members = controlPlanes(nodes);
    return [
        hosts(node, cluster, nodes),
        activeVersion(cluster.versions),
        kubectl(),
        etcd(node, cluster, members),
        apiserver(node, cluster),
        apiProxy(node, cluster, nodes),
        apiAddress(node, cluster, nodes),
        controllerManager(node, cluster, kit),
        scheduler(node, cluster),
        csrApprover(kit),
        snapshots(node, cluster, kit),
    ];
}
