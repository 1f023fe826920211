import type { ClusterSettings } from "../config/schema";
import { isControlPlane, NodeSpec } from "../inventory";
import { apiProxy } from "./apiProxy";
import { cni } from "./cni";
import { Fragment } from "./entries";
import { hosts } from "./hosts";
import { kubelet } from "./kubelet";
import { kubeProxy } from "./kubeProxy";
import { outside, restartedByOutside } from "./outside";
import { runtimeOf } from "./runtime";
import { activeVersion, kubectl } from "./services";
import { staticPods } from "./staticPods";

/**
 * The activate step: what makes a prepared machine a node, and may restart something on it.
 *
 * A control plane has the API's name and kubectl from its own step, which comes before this one.
 */
export function agents(node: NodeSpec, cluster: ClusterSettings, nodes: readonly NodeSpec[]): Fragment[] {
    return [
        isControlPlane(node) ? [] : [...apiProxy(node, cluster, nodes), ...hosts(node, cluster, nodes), ...kubectl()],
        outside(node, cluster),
        restartedByOutside(runtimeOf(node).active(node, cluster), node, cluster),
        cni(cluster),
        activeVersion(cluster.versions),
        kubelet(node, cluster),
        staticPods(node),
        kubeProxy(node, cluster),
    ];
}
