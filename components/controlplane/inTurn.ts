import * as pulumi from "@pulumi/pulumi";

import { now } from "../node";
import { founding } from "../remote";
import { ControlPlane, ControlPlaneArgs } from "./controlPlane";

export interface ControlPlanesArgs {
    /** All control planes, in the configuration's order. */
    readonly planes: readonly Omit<ControlPlaneArgs, "after">[];
    /** Whether somebody has etcd's data, as the probes say. */
    readonly data?: "nobody" | "somebody";
}

/**
 * The control planes, one after the other: the first one founds etcd's cluster, each of the others joins it, and what
 * restarts on one of them restarts while all others are well.
 *
 * @returns what ends when the API server of each is ready
 */
export function controlPlanesInTurn(
    name: string,
    { planes, data }: ControlPlanesArgs,
    opts: pulumi.ComponentResourceOptions,
): pulumi.Resource[] {
    const [{ node, prepared }] = planes;
    const founded: pulumi.Resource[] = [];
    if (planes.length > 1) {
        const args = { controlPlane: node, data, attempt: now };
        founded.push(founding(`${name}-founding`, args, { parent: opts.parent, dependsOn: prepared.base }));
    }
    const answering: pulumi.Resource[] = [];
    for (const plane of planes) {
        const after = [...founded, ...answering];
        answering.push(new ControlPlane(`${plane.node.name}-control-plane`, { ...plane, after }, opts).ready);
    }
    return answering;
}
