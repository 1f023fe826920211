/** What "ready" means for a kind: judged from objects alone, so that a wait and a refresh judge alike. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster";
import type { KubeObject } from "../objects";
import type { Selection } from "../watch";

export interface Verdict {
    ready: boolean;
    /** What is still missing, as a sentence without a full stop. */
    waiting?: string;
    /** Why it will never be ready: the wait ends. */
    failed?: string;
    /** Milliseconds for which nothing may change before `ready` counts. */
    settle?: number;
}

export interface Situation {
    /** The object as it is now. */
    object: KubeObject;
    /** For each of the `related` selections, its objects. */
    related: KubeObject[][];
}

export interface Awaiter {
    /** Seconds to wait, where the program doesn't say; 600 when not given. */
    timeout?: number;
    /** What else is looked at. */
    related?(object: KubeObject): Selection[];
    judge(situation: Situation): Verdict;
    /** What is wrong with the object's pods and the like, one sentence each. */
    problems?(cluster: Cluster, object: KubeObject): Promise<string[]>;
}

/** A condition of an object's status. */
export function condition(object: KubeObject, type: string) {
    const conditions: { type: string; status: string; reason?: string; message?: string }[] =
        object.status?.conditions ?? [];
    return conditions.find((entry) => entry.type === type);
}

/** Whether the controller has seen the object's latest change. */
export const isObserved = (object: KubeObject): boolean =>
    (object.status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);

/** What an object is called in sentences: Kind namespace/name. */
export function titleOf(object: KubeObject): string {
    const { namespace, name } = object.metadata;
    return `${object.kind} ${namespace ? `${namespace}/` : ""}${name}`;
}

/** A label selector's text for a query: of spec.selector. */
export function selectorText(selector: {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values?: string[] }[];
}): string {
    const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
    const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
        const set = `(${values.join(",")})`;
        const texts: Record<string, string> = {
            In: `${key} in ${set}`,
            NotIn: `${key} notin ${set}`,
            Exists: key,
            DoesNotExist: `!${key}`,
        };
        return texts[operator];
    });
    return [...equal, ...expressions].join(",");
}

/** The object isn't ready, and `reasons` says why. */
export class NotReadyError extends Error {
    constructor(
        readonly object: KubeObject,
        readonly reasons: string[],
    ) {
        super(reasons.join("\n"));
    }
}

/** A wait that fails must not hang for its reasons. Milliseconds. */
const problemsWithin = 5_000;

/** What is wrong with the pods and the like; nothing when even that can't be found out. */
export async function problemsOf(awaiter: Awaiter, cluster: Cluster, object: KubeObject): Promise<string[]> {
    const limit = sleep(problemsWithin, [], { ref: false });
    return (await Promise.race([awaiter.problems?.(cluster, object).catch(() => []), limit])) ?? [];
}
