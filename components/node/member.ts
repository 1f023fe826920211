import * as pulumi from "@pulumi/pulumi";

import { ClusterSettings } from "../config/schema";
import { NodeSpec } from "../inventory";
import { membership, NodeReport } from "../remote";
import { member } from "../render/member";
import { canBeAsked, generationOf, sayDrift } from "./steps";

export interface MemberArgs {
    readonly node: NodeSpec;
    readonly cluster: ClusterSettings;
    readonly controlPlane: NodeSpec;
    /** What the probe found on the control plane. */
    readonly report?: NodeReport;
}

/** A node's membership, in the light of what the probe found in the API. */
export function nodeMember(name: string, args: MemberArgs, opts: pulumi.CustomResourceOptions): pulumi.Resource {
    const { node, cluster, controlPlane, report } = args;
    const found = report?.members[node.name];
    const made = membership(
        name,
        {
            node,
            controlPlane,
            manifest: member(node),
            drainSeconds: cluster.drainSeconds,
            generation: generationOf(found, report),
            leaveAlone: !canBeAsked(report),
        },
        opts,
    );
    sayDrift(found, made);
    return made;
}
