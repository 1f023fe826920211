import * as pulumi from "@pulumi/pulumi";

import { controlPlanes, firstControlPlane, NodeSpec } from "../inventory";
import { driftMessages, KindReport, NodeReport, nodeStep, NodeStepArgs } from "../remote";

/** Makes one step of one certain node. */
export type StepOf = (
    name: string,
    args: Omit<NodeStepArgs, "node" | "leaveAlone">,
    opts: pulumi.CustomResourceOptions,
) => pulumi.Resource;

/**
 * The steps of a node in the light of what the probe found: a step whose part of the node drifted has a generation
 * that counts up, so that it is applied again, and the steps of a node that can't be asked are left alone.
 */
export function stepsOf(node: NodeSpec, report?: NodeReport): StepOf {
    return (name, args, opts) => {
        const found = report?.kinds[args.kind];
        const generation = String(generationOf(found, report));
        const step = nodeStep(
            name,
            { ...args, node, leaveAlone: !canBeAsked(report), arguments: { ...args.arguments, generation } },
            opts,
        );
        sayDrift(found, step);
        return step;
    };
}

/** Whether what the probe says may be built on; without a probe everything is as the state has it. */
export function canBeAsked(report: NodeReport | undefined): boolean {
    return report === undefined || (report.reachable && report.problem === undefined);
}

type Reports = Readonly<Record<string, NodeReport>>;

/**
 * The control plane that is asked and told what concerns the whole cluster, and that kubeconfigs lead to: the first one that
 * can be asked, so that none of them is special. All of this waits until each API server is ready.
 *
 * @param except whose own vote or Node object it is about
 */
export function spokesman(nodes: readonly NodeSpec[], reports: Reports = {}, except?: NodeSpec): NodeSpec {
    const candidates = controlPlanes(nodes).filter(({ name, lost }) => !lost && name !== except?.name);
    return candidates.find(({ name }) => canBeAsked(reports[name])) ?? candidates[0] ?? firstControlPlane(nodes);
}

/** Whether one of the control planes has etcd's data; also where one of them can't be asked. Without probes: undefined. */
export function whoHasData(nodes: readonly NodeSpec[], reports?: Reports): "nobody" | "somebody" | undefined {
    if (reports === undefined) return undefined;
    const hasNone = ({ name }: NodeSpec) =>
        reports[name] !== undefined && canBeAsked(reports[name]) && reports[name].kinds["control-plane"] === undefined;
    return controlPlanes(nodes).every(hasNone) ? "nobody" : "somebody";
}

/** Seconds since 1970: a number that no earlier run has given. */
export const now = Math.floor(Date.now() / 1000);

/**
 * The number a step is given. A machine that knows nothing of it has never had it, or was reset or re-flashed since: the
 * step gets a new one, and runs.
 */
export function generationOf(found: KindReport | undefined, report: NodeReport | undefined): number {
    return report === undefined ? 1 : (found?.generation ?? now);
}

/** Each difference, as a line of the preview below the resource that mends it. */
export function sayDrift(found: KindReport | undefined, resource: pulumi.Resource): void {
    for (const message of found && found.differences > 0 ? driftMessages(found) : []) {
        void pulumi.log.info(message, resource);
    }
}
