import type { NodeSpec } from "../../components/inventory";
import type { Settings } from "../../components/config/schema";
import { kitStep } from "../../components/remote/kit";
import { run, Unreachable } from "../../components/remote/ssh";
import { suggest, type Arguments } from "../arguments";
import { Failure } from "../failure";
import { machinesOf } from "../machines";
import { addressInState, isControlPlaneInState, nodesInState, withoutNode } from "../nodeInState";
import { prepare, type Prepared } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { exportState, findStack, type StateResource } from "../stack";
import { keepCopies, livingControlPlanes } from "../stateCopies";
import { importState } from "../stateImport";
import { commandFor } from "../texts";
import { mend, takeStack } from "../work";

/** How long a control plane may take to forget a node, in milliseconds. */
const patience = 60_000;

/**
 * `slipway forget NODE`: takes a dead node out of the cluster and out of the state, without reaching it; of a control plane
 * its vote in etcd, too.
 *
 * The API first, then the state, at once and as a whole: interrupted anywhere, it can be said again. The state is changed
 * directly, for a run of Pulumi with --target leaves a node in that others have ever waited for, and asks for a
 * configuration that fits without it.
 */
export async function forget(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile, node = "" } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const settings = checkSettings(stack);
    const lock = await takeStack(stack, "forget", progress);
    try {
        const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
        await mend(prepared, progress);
        const state = await exportState(prepared);
        const resources = state.deployment.resources ?? [];
        refuseForgetting(args, settings, resources);
        const machines = await machinesOf(prepared);
        if (!args.switches.includes("--force")) await refuseLiving(args, machineOf(node, machines, resources));
        const through = await progress.phase("Node object, requests, tokens", () => takeOut(node, machines));
        await progress.phase("State", () => importState(prepared, withoutNode(state, node), `Dropping ${node}`));
        await keepCopies(prepared, settings, (line) => progress.say(line));
        progress.say(farewell(args, prepared, settings, through));
        return 0;
    } finally {
        lock.release();
    }
}

/** @throws Failure for a node that can't be forgotten, whether it is dead or not. */
export function refuseForgetting(
    args: Pick<Arguments, "stack" | "configFile" | "node">,
    { lab }: Pick<Settings, "lab">,
    resources: readonly StateResource[],
): void {
    const { stack, node = "" } = args;
    const known = nodesInState(resources);
    if (!known.includes(node)) {
        const near = suggest(node, known) || (known.length > 0 ? `; there are ${known.join(", ")}` : "");
        throw new Failure(`Stack ${stack} knows no node ${node}${near}. Nothing was changed.`);
    }
    if (lab !== undefined) {
        throw new Failure(
            `${node} is a container of the lab, which can always be reached: take it out by a smaller number of workers ` +
                `under slipway:lab, then run ${commandFor("up", args)}. Nothing was changed.`,
        );
    }
    const isLast = (name: string) => name === node || !isControlPlaneInState(resources, name);
    if (!isControlPlaneInState(resources, node) || !known.every(isLast)) return;
    throw new Failure(
        `${node} is the only control plane: the cluster ends with it. ${commandFor("down", args)} ends it in good order, if ` +
            "the machine comes back. Nothing was changed.",
    );
}

/** A node that the configuration has no more is looked for at the address of the state, by the way to the others. */
function machineOf(
    name: string,
    machines: readonly NodeSpec[],
    resources: readonly StateResource[],
): NodeSpec | undefined {
    const configured = machines.find((machine) => machine.name === name);
    const address = addressInState(resources, name);
    if (configured || address === undefined) return configured;
    const way = machines[0].ssh;
    return { ...machines[0], name, address, ssh: { ...way, host: address, hostKey: undefined } };
}

async function refuseLiving(args: Arguments, machine: NodeSpec | undefined): Promise<void> {
    if (machine === undefined) return;
    let answer = "";
    try {
        await run(machine.ssh, "true");
    } catch (error) {
        if (error instanceof Unreachable) return;
        answer = ` (${(error as Error).message})`;
    }
    throw new Failure(
        `${machine.name} answers on SSH${answer}, so it isn't dead. Take it out of the configuration and run ` +
            `${commandFor("up", args)}, which drains it and leaves the machine clean; or, where it was set up anew, just ` +
            `run that. \`--force\` forgets it all the same. Nothing was changed.`,
    );
}

/** Asks one control plane after the other, and returns the one that did it. */
async function takeOut(node: string, machines: readonly NodeSpec[]): Promise<string> {
    const problems: string[] = [];
    for (const { name, ssh } of livingControlPlanes(machines).filter((one) => one.name !== node)) {
        try {
            const command = kitStep(`member remove ${node} lost=yes`);
            const { code, stderr } = await run(ssh, command, { timeout: patience });
            if (code === 0) return name;
            problems.push(`  - ${name}: ${stderr.trim().split("\n").at(-1)}`);
        } catch (error) {
            problems.push(`  - ${name}: ${(error as Error).message}`);
        }
    }
    throw new Failure(
        [`No control plane took ${node} out of the API, so it is still known everywhere:`, ...problems].join("\n"),
    );
}

function farewell(args: Arguments, { stack }: Prepared, { nodes }: Settings, through: string): string {
    const { node } = args;
    const configured = nodes.some(({ name }) => name === node);
    return [
        `${node} is out of the cluster (by way of ${through}) and out of the state of stack ${args.stack}.`,
        configured
            ? `Now take it out of ${stack.configFile}. Or put a fresh machine in its place, at the same address, and run ` +
              `${commandFor("up", args)}.`
            : `The next ${commandFor("up", args)} knows nothing of it.`,
    ].join("\n");
}
