import { credentialChanges, isOfPki, type CredentialChange } from "./certificates";
import type { Change } from "./compare";
import type { EventLog, Op } from "./events";
import type { ObjectDrift } from "./live";
import { nodeChange, type StepResource } from "./node";
import { credentialSubject, objectChange, type ClusterChange } from "./objects";
import { stepOf } from "./steps";

/** What a run would do, as `slipway preview --json` prints it. */
export interface PreviewReport {
    /** By node; a node that stays as it is isn't there. */
    readonly nodes: Readonly<Record<string, NodeChange>>;
    readonly cluster: readonly ClusterChange[];
    /** How many resources stay as they are. */
    readonly same: number;
}

/** What happens to one node. */
export interface NodeChange {
    /** create: a new node; delete: one that goes; replace: another machine of that name. */
    readonly op: Exclude<Op, "same">;
    /** In the order of the node's steps. */
    readonly changes: readonly Change[];
    /** Units that restart, sorted. */
    readonly restarts: readonly string[];
}

/** Puts together what Pulumi's event log told. */
export function report({ resources, same: counted }: Pick<EventLog, "resources" | "same">): PreviewReport {
    const credentials = credentialChanges(resources);
    const steps = new Map<string, StepResource[]>();
    const cluster: ClusterChange[] = credentials.map(credentialChange);
    let same = counted;
    for (const resource of resources) {
        const step = stepOf(resource);
        if (step) steps.set(step.node, [...(steps.get(step.node) ?? []), { ...step, resource }]);
        else if (resource.op !== "same" && !isOfPki(resource)) {
            const change = objectChange(resource);
            if (change) cluster.push(change);
            else if (resource.op === "update") same += 1;
        }
    }
    const nodes = [...steps].flatMap(([node, all]) => {
        const change = nodeChange(all, credentials);
        return change ? [[node, change] as const] : [];
    });
    return { nodes: Object.fromEntries(nodes.sort(([a], [b]) => compareNames(a, b))), cluster, same };
}

/** Adds what somebody changed by hand in the API: `up` mends it, and Pulumi's preview doesn't know of it. */
export function withDrift(found: PreviewReport, drift: readonly ObjectDrift[]): PreviewReport {
    const cluster = found.cluster.map((change): ClusterChange => {
        const drifted = drift.find(({ what }) => what === change.what);
        if (!drifted || change.op !== "update") return change;
        // The configuration changes it, too: what is said of the same path then says more.
        const pathOf = (detail: string) => detail.slice(0, detail.indexOf(": "));
        const known = change.details.map(pathOf);
        const more = drifted.details.filter((detail) => !known.includes(pathOf(detail)));
        return { ...change, op: drifted.op, details: [...change.details, ...more], drifted: true };
    });
    const others = drift.filter(({ what }) => found.cluster.every((change) => change.what !== what));
    const added = others.map(({ what, op, details }): ClusterChange => ({ what, op, details, drifted: true }));
    return { ...found, cluster: [...cluster, ...added], same: found.same - added.length };
}

/** Whether a run would leave everything as it is. */
export function isEmpty({ nodes, cluster }: PreviewReport): boolean {
    return Object.keys(nodes).length === 0 && cluster.length === 0;
}

function credentialChange(change: CredentialChange): ClusterChange {
    const { op, details, newKey } = change;
    const key = newKey && op === "replace" && details.length === 0 ? ["with a new key"] : [];
    return { what: credentialSubject(change), op, details: [...details, ...key] };
}

/** node-2 before node-10. */
const compareNames = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });
