import { createRequire } from "node:module";
import type { Settings } from "../components/config/schema";
import type { NodeSpec } from "../components/inventory";
import { askEach } from "../components/remote/atOnce";
import type { Asked, NodeFinding } from "../operations/preflight";
import { Failure } from "./failure";
import { addressInState } from "./nodeInState";
import type { Progress } from "./progress";
import { readState, type Stack } from "./stack";

/** Loaded when they are wanted: an `up` that changes nothing asks nobody. */
const later = createRequire(__filename);

/** Asks these machines whether they can be nodes, side by side. */
async function ask(machines: readonly NodeSpec[], nodes: readonly NodeSpec[], settings: Settings): Promise<Asked[]> {
    const { askFitness } = later("../components/remote/fitness") as typeof import("../components/remote/fitness");
    const { questionsFor } = preflightRoom();
    return askEach(machines, async (node) => ({
        node,
        answer: await askFitness(node, questionsFor(node, nodes, settings)),
    }));
}

const preflightRoom = () => later("../operations/preflight") as typeof import("../operations/preflight");

/** Everything that stands against these machines of the cluster `nodes`. */
export async function lookAtMachines(
    machines: readonly NodeSpec[],
    nodes: readonly NodeSpec[],
    settings: Settings,
): Promise<NodeFinding[]> {
    return preflightRoom().findingsOf(await ask(machines, nodes, settings), nodes, settings);
}

/** Machines of which the state has no base step: `up` would build them. */
export function newcomers(stack: Stack, nodes: readonly NodeSpec[]): NodeSpec[] {
    const resources = readState(stack)?.resources ?? [];
    return nodes.filter(({ name, lost }) => !lost && addressInState(resources, name) === undefined);
}

/**
 * Before an `up` changes anything: asks the machines that it would build on. Those that are nodes already aren't asked,
 * and of what another backend holds nobody knows which are; there the base step's own look is the guard.
 *
 * @throws Failure with all findings at once. A machine that doesn't answer may still be booting: `up` waits for it.
 */
export async function refuseUnfit(
    stack: Stack,
    machines: () => Promise<readonly NodeSpec[]>,
    settings: Settings,
    progress: Progress,
): Promise<void> {
    if (!stack.ownBackend || settings.lab !== undefined) return;
    const nodes = await machines();
    const fresh = newcomers(stack, nodes);
    if (fresh.length === 0) return;
    const found = await lookAtMachines(fresh, nodes, settings);
    const findings = found.map((one) => (one.code === "unreachable" ? { ...one, severity: "warn" as const } : one));
    const lines = preflightRoom().describeFindings(findings);
    if (findings.some(({ severity }) => severity === "refuse")) {
        throw new Failure([...lines, "Nothing was changed on any machine. docs/preflight.md tells more."].join("\n"));
    }
    lines.forEach((line) => progress.say(line));
}
