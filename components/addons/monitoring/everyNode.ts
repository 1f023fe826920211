import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { recommendedLabels } from "../labels";

export interface EveryNodeArgs {
    /** Name of the DaemonSet, and of what it runs. */
    readonly app: string;
    readonly namespace: pulumi.Input<string>;
    /** What its pods are beyond what every such pod is. */
    readonly spec: kubernetes.types.input.core.v1.PodSpec;
}

/** Something that looks at each node, whatever taints it has, and asks the API for nothing. */
export function onEveryNode(
    name: string,
    { app, namespace, spec }: EveryNodeArgs,
    opts: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.DaemonSet {
    const labels = recommendedLabels(app, "monitoring");
    const everywhere = {
        automountServiceAccountToken: false,
        priorityClassName: "system-node-critical",
        tolerations: [{ operator: "Exists" }],
    };
    return new kubernetes.apps.v1.DaemonSet(
        name,
        {
            metadata: { name: app, namespace, labels },
            spec: {
                selector: { matchLabels: { "app.kubernetes.io/name": app } },
                template: { metadata: { labels }, spec: { ...everywhere, ...spec } },
            },
        },
        opts,
    );
}
