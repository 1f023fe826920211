import { images } from "../../mirror/catalogue";
import { recommendedLabels } from "../addons/labels";
import { ClusterSettings, WorkloadSettings } from "../config/schema";
import { nodeNamed, NodeSpec } from "../inventory";
import { helloPod } from "./pods";

/** Its kubelet adds the node's name to it. */
const name = "static-pod";

/**
 * The nodes, one of them with the static pod that the config asks for: a file of that node, not an object of the API.
 * In `kube-system`, which is there before anything else is, and where a pod may take a port of its node.
 */
export function withStaticPod(
    nodes: readonly NodeSpec[],
    { workloads, cluster }: { readonly workloads: WorkloadSettings; readonly cluster: ClusterSettings },
): NodeSpec[] {
    const wanted = workloads["static-pod"];
    if (!wanted) {
        return [...nodes];
    }
    const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "kube-system", labels: { app: name, ...recommendedLabels(name, "sample") } },
        spec: helloPod(images(cluster.versions).agnhost.reference, { hostPort: wanted.port }),
    };
    const chosen = nodeNamed(nodes, wanted.node);
    return nodes.map((node) => (node === chosen ? { ...node, staticPods: { ...node.staticPods, [name]: pod } } : node));
}

/** Where it answers. */
export function staticPodUrl(nodes: readonly NodeSpec[], { node, port }: { node?: string; port: number }): string {
    return `http://${nodeNamed(nodes, node).address}:${port}/`;
}
