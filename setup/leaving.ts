import type { Settings } from "../components/config/schema";
import type { NodeSpec } from "../components/inventory";
import { run } from "../components/remote/ssh";
import { machinesOf } from "./machines";
import { isControlPlaneInState, leavingNodes, stepIn, toldThrough } from "./nodeInState";
import type { Prepared } from "./prepare";
import { exportState } from "./stack";
import { livingControlPlanes } from "./stateCopies";
import { importState } from "./stateImport";

/**
 * A node that the configuration has no more is taken out of the cluster by what its membership stored: a command for one
 * control plane. That machine may be gone by now, or set up anew. So it is put to one that stays and answers, in the way
 * in which the state reaches that one's own steps; where there is none, Pulumi says what is wrong.
 *
 * A lab's containers go in good order: the last ones first, and its first control plane never.
 */
export async function leaveThroughLiving(prepared: Prepared, settings: Settings): Promise<void> {
    if (settings.lab !== undefined) return;
    const state = await exportState(prepared);
    const resources = state.deployment.resources ?? [];
    const names = settings.nodes.map(({ name }) => name);
    const leaving = leavingNodes(resources, names);
    if (leaving.length === 0) return;
    const staying = livingControlPlanes(await machinesOf(prepared)).filter(({ name }) =>
        isControlPlaneInState(resources, name),
    );
    const steps = new Set(leaving.map((node) => stepIn(resources, node)));
    for (const machine of staying) {
        if (!(await has(machine, [...steps]))) continue;
        return importState(prepared, toldThrough(state, leaving, machine.name), "Asking a living control plane");
    }
}

/** Whether the machine is the one that was set up: with the programs that the commands name. */
async function has({ ssh }: NodeSpec, files: readonly (string | undefined)[]): Promise<boolean> {
    const tests = files.filter((file) => file !== undefined).map((file) => `test -f ${file}`);
    try {
        return (await run(ssh, ["true", ...tests].join(" && "))).code === 0;
    } catch {
        return false;
    }
}
