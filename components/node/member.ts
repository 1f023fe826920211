import * as pulumi from "@pulumi/pulumi";

import { ClusterSettings } from "../config/schema";
import { NodeSpec } from "../inventory";
import { membership, NodeReport } from "../remote";
import { member } from "../render/member";
import { canBeAsked, generationOf, sayDrift, spokesman } from "./steps";

export interface MemberArgs {
    readonly node: NodeSpec;
    readonly cluster: ClusterSettings;
    readonly nodes: readonly NodeSpec[];
    /** What the probes found. */
    readonly reports?: Readonly<Record<string, NodeReport>>;
}

/** A node's membership, in the light of what the probe found in the API. */
export function nodeMember(name: string, args: MemberArgs, opts: pulumi.CustomResourceOptions): pulumi.Resource {
    const { node, cluster, reports } = args;
    const controlPlane = sayerOf(args);
    const report = reports?.[controlPlane.name];
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
            network: cluster.network.backend === "none" ? undefined : "flannel",
        },
        opts,
    );
    sayDrift(found, made);
    return made;
}

/**
 * The control plane that says it: the first one but the node itself, so that it can be taken back when the node is gone.
 * While that one can't be asked, members that have joined are left alone, and another one tells of newcomers.
 */
function sayerOf({ node, nodes, reports }: MemberArgs): NodeSpec {
    const usual = spokesman(nodes, undefined, node);
    const isKnown = canBeAsked(reports?.[usual.name]) || reports?.[node.name]?.joined;
    return isKnown ? usual : spokesman(nodes, reports, node);
}
