import { canonicalOf, liveInputs } from "../../standins/kubernetes/equivalence";
import { kubernetesSubject } from "./objects";
import { differences, withoutSecrets, type Values } from "./values";

/** An object as the state has it. */
export interface StateObject {
    readonly urn: string;
    readonly type: string;
    readonly inputs: Values;
}

/** A Kubernetes object that isn't as it was applied. */
export interface ObjectDrift {
    readonly urn: string;
    /** "Deployment default/my-nginx". */
    readonly what: string;
    /** What mends it: create for one that is gone. */
    readonly op: "create" | "update";
    /** "spec.replicas: 3 → 1", from what is to what shall be. */
    readonly details: readonly string[];
}

/**
 * Compares what was applied with what the API has; undefined when it is as it was applied. Only fields that were
 * applied count: what others add is theirs. Secrets aren't compared, for nobody here can read those of the state.
 *
 * @param live the object, or undefined when it is gone
 */
export function objectDrift({ urn, type, inputs }: StateObject, live: Values | undefined): ObjectDrift | undefined {
    const what = kubernetesSubject(type, inputs, urn.slice(urn.lastIndexOf("::") + 2));
    if (live === undefined) return { urn, what, op: "create", details: [] };
    const wanted = withoutSecrets(inputs) as Values;
    const details = differences(canonicalOf(liveInputs(live, wanted)), canonicalOf(wanted));
    return details.length > 0 ? { urn, what, op: "update", details } : undefined;
}
