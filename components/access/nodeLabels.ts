import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory/node";

/** The labels a node carries in the API: its roles, as `kubectl get nodes` shows them, and the owner's. */
export function labelsOf(node: NodeSpec): Record<string, string> {
    const roles = node.roles.map((role) => [`node-role.kubernetes.io/${role}`, ""]);
    return { ...Object.fromEntries(roles), ...node.labels };
}

/**
 * Keeps a Node object's labels equal to the config for as long as the node lives.
 *
 * A kubelet may not set role labels on itself (NodeRestriction), so they come from the operator's side.
 */
export function nodeLabels(
    name: string,
    node: NodeSpec,
    opts: pulumi.CustomResourceOptions,
): kubernetes.core.v1.NodePatch {
    return new kubernetes.core.v1.NodePatch(
        name,
        {
            metadata: {
                name: node.name,
                labels: labelsOf(node),
                annotations: { "pulumi.com/patchForce": "true" },
            },
        },
        opts,
    );
}
