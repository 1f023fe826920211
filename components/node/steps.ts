import * as pulumi from "@pulumi/pulumi";

import { NodeSpec } from "../inventory";
import { NodeReport, nodeStep, NodeStepArgs } from "../remote";

/** Makes one step of one certain node. */
export type StepOf = (
    name: string,
    args: Omit<NodeStepArgs, "node" | "leaveAlone">,
    opts: pulumi.CustomResourceOptions,
) => pulumi.Resource;

/**
 * The steps of a node in the light of what the probe found: a step whose part of the node drifted has a generation
 * that counts up, so that it is applied again, and the steps of a node that can't be reached are left alone.
 */
export function stepsOf(node: NodeSpec, report?: NodeReport): StepOf {
    const leaveAlone = report !== undefined && !report.reachable;
    return (name, args, opts) => {
        const generation = String(report?.kinds[args.kind]?.generation ?? 1);
        return nodeStep(name, { ...args, node, leaveAlone, arguments: { ...args.arguments, generation } }, opts);
    };
}
