import { probeNodes } from "../../components/remote/probe";
import { driftReport, hasDrifted, type DriftReport } from "../../operations/changes/driftReport";
import { appliedResources, lookAtApi } from "../apiDrift";
import type { Arguments } from "../arguments";
import { machinesOf } from "../machines";
import { table } from "../outputs";
import { prepare, type Prepared } from "../prepare";
import type { Progress } from "../progress";
import { findStack, type Stack } from "../stack";
import { commandFor } from "../texts";

/**
 * `slipway drift`: what somebody changed by hand on the nodes and in the Kubernetes API. Asks all of them at once and
 * changes nothing. Ends with 1 when there is any drift; what can't be reached is said, and is none.
 */
export async function drift(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const found = await findDrift(stack, prepare({ stack: name, configFile, root, progress, purpose: "inspect" }));
    const text = args.switches.includes("--json") ? JSON.stringify(found, null, 2) : driftTable(found, args);
    process.stdout.write(`${text}\n`);
    return hasDrifted(found) ? 1 : 0;
}

/** Asks all nodes and the API at once, beside `preparing`. @throws Failure when the configuration has mistakes. */
export async function findDrift(stack: Stack, preparing: Promise<Prepared>): Promise<DriftReport> {
    const looking = lookAtApi(stack, preparing);
    const machines = await machinesOf(await preparing);
    const [reports, api, applied] = await Promise.all([
        probeNodes(machines),
        looking,
        appliedResources(stack, preparing),
    ]);
    const names = applied.map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
    const built = machines.map((machine) => machine.name).filter((node) => names.includes(`${node}-base`));
    return driftReport({ reports, built, api });
}

/** The drift for people: node and step × what drifted. */
export function driftTable(found: DriftReport, args: Pick<Arguments, "stack" | "configFile">): string {
    const nodes = Object.entries(found.nodes).flatMap(([node, { changes }]) =>
        changes.map(({ step, what, detail }, index) => {
            const first = changes.findIndex((change) => change.step === step) === index;
            return [index === 0 ? node : "", first ? step : "", detail ?? what];
        }),
    );
    const cluster = found.cluster.flatMap(({ what, op, details }, index) => [
        [index === 0 ? "cluster" : "", "", op === "create" ? `${what} is gone` : what],
        ...details.map((detail) => ["", "", `    ${detail}`]),
    ]);
    const nothing = found.unseen.length > 0 ? "Nothing has drifted of what answers." : "Nothing has drifted.";
    return [
        hasDrifted(found) ? table([["NODE", "STEP", "DRIFT"], ...nodes, ...cluster]) : nothing,
        ...found.unseen.map((sentence) => `Not seen: ${sentence}`),
        ...(hasDrifted(found) ? ["", `${commandFor("up", args)} mends it.`] : []),
    ].join("\n");
}
