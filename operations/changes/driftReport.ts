import type { NodeReport } from "../../components/remote/probe";
import type { Change } from "./compare";
import { driftChange } from "./drift";
import type { ObjectDrift } from "./live";
import { nodeSteps, type NodeStep } from "./steps";

/** What differs from what was applied, as `slipway drift --json` prints it. */
export interface DriftReport {
    /** By node; a node that is as it was left isn't there. */
    readonly nodes: Readonly<Record<string, NodeDrift>>;
    readonly cluster: readonly Omit<ObjectDrift, "urn">[];
    /** What couldn't be looked at, as sentences: nodes that can't be reached, an API that doesn't answer. */
    readonly unseen: readonly string[];
}

export interface NodeDrift {
    readonly changes: readonly Change[];
}

export interface DriftQuestion {
    readonly reports: Readonly<Record<string, NodeReport>>;
    /** The nodes that the state has. */
    readonly built: readonly string[];
    readonly api: { readonly drift: readonly ObjectDrift[]; readonly problem?: string };
}

/** Puts together what probes and the API said. */
export function driftReport({ reports, built, api }: DriftQuestion): DriftReport {
    const nodes = Object.entries(reports).flatMap(([name, report]): [string, NodeDrift][] => {
        const changes = changesOf(name, reports, report, built.includes(name));
        return changes.length > 0 ? [[name, { changes }]] : [];
    });
    const problems = Object.values(reports).flatMap(({ problem }) => problem ?? []);
    const silent = api.problem === undefined ? [] : [`The Kubernetes API was not looked at: ${api.problem}`];
    return {
        nodes: Object.fromEntries(nodes),
        cluster: api.drift.map(({ what, op, details }) => ({ what, op, details })),
        unseen: [...problems, ...silent],
    };
}

/** Whether anything drifted. */
export function hasDrifted({ nodes, cluster }: DriftReport): boolean {
    return Object.keys(nodes).length > 0 || cluster.length > 0;
}

function changesOf(
    name: string,
    reports: DriftQuestion["reports"],
    { reachable, known, problem, kinds }: NodeReport,
    built: boolean,
): Change[] {
    if (reachable && !known && problem === undefined && built) {
        return [
            { step: "base", what: "machine", how: "drifted", detail: "carries nothing of Slipway: it was set up anew" },
        ];
    }
    const member = Object.values(reports).flatMap(({ members }) => members[name] ?? []);
    const all = { ...kinds, ...(member[0] && { member: member[0] }) } as Partial<
        Record<NodeStep, NodeReport["members"][string]>
    >;
    return nodeSteps.flatMap((step) => {
        const { differences = 0, entries = [] } = all[step] ?? {};
        const more = differences - entries.length;
        const sentences = [...entries, ...(more > 0 ? [`and ${more} more`] : [])];
        return sentences.map((sentence) => driftChange(step, sentence));
    });
}
