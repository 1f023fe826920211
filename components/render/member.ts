import type { NodeSpec, Taint } from "../inventory/node";

/**
 * What the API shall say of a node, as the kit's `step member` reads it: the address by which it may ask for serving
 * certificates, its labels (roles, as `kubectl get nodes` shows them, and the owner's) and its taints.
 *
 * A kubelet may not say any of it of itself (NodeRestriction), or only when it registers.
 */
export function member(node: NodeSpec): string {
    const roles = node.roles.map((role) => `label node-role.kubernetes.io/${role}=`);
    const labels = Object.entries(node.labels).map(([key, value]) => `label ${key}=${value}`);
    const taints = taintsOf(node).map(({ key, value, effect }) => `taint ${key}${value ? `=${value}` : ""}:${effect}`);
    return [`address ${node.address}`, ...[...roles, ...labels, ...taints].sort(), ""].join("\n");
}

/** A control plane takes ordinary pods only when it is a worker, too. */
function taintsOf(node: NodeSpec): Taint[] {
    const reserved = node.roles.includes("control-plane") && !node.roles.includes("worker");
    const own: Taint[] = reserved ? [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] : [];
    return [...own, ...node.taints];
}
