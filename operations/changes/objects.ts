import type { CredentialChange } from "./certificates";
import type { Op, Resource } from "./events";
import { differenceAt, differences, textOf, type Values } from "./values";

/** What happens to something that no single node owns: a Kubernetes object, a certificate, a lab's container. */
export interface ClusterChange {
    /** "Deployment default/my-nginx", "certificate cp-1/apiserver", "container dev-2". */
    readonly what: string;
    readonly op: Exclude<Op, "same">;
    /** "spec.replicas: 3 → 4". */
    readonly details: readonly string[];
    /** Somebody changed it by hand in the API. */
    readonly drifted?: boolean;
}

/**
 * What happens to a resource that is no step of a node; undefined for one that people needn't hear of, and for one that
 * doesn't change: Pulumi calls every Kubernetes object an update whose provider it doesn't know yet.
 */
export function objectChange(resource: Resource): ClusterChange | undefined {
    const { op, custom, type, name, before, after, paths } = resource;
    if (type.startsWith("command:") && name.endsWith("-restart-clients")) {
        const details = ["replaced, each workload in its own way, so that they trust every authority"];
        return op === "create" || op === "replace"
            ? { what: "pods that use the API", op: "update", details }
            : undefined;
    }
    // Providers, and gates that open once.
    if (op === "same" || !custom || /^(pulumi|command):/.test(type)) return undefined;
    const found =
        paths.length > 0 ? paths.map((path) => differenceAt(path, before, after)) : differences(before, after);
    if (op === "update" && found.length === 0) return undefined;
    return { what: subjectOf(resource), op, details: op === "update" || op === "replace" ? found : [] };
}

export function credentialSubject({ name, node }: Pick<CredentialChange, "name" | "node">): string {
    const kind = name === "service-account" || name === "encryption" ? "key" : "certificate";
    return `${kind} ${node === undefined ? name : `${node}/${name}`}`;
}

function subjectOf({ type, name, before, after, op }: Resource): string {
    const inputs = op === "delete" ? before : after;
    if (type.startsWith("kubernetes:")) return kubernetesSubject(type, inputs, name);
    const [, kind] = /([^:/]+)$/.exec(type) ?? [];
    return `${(kind ?? type).toLowerCase()} ${textOf(inputs.name) ?? name}`;
}

/** "KIND NAMESPACE/NAME", as people write it. @param name for an object whose own name isn't known yet */
export function kubernetesSubject(type: string, inputs: Values, name: string): string {
    const kind = textOf(inputs.kind) ?? type.slice(type.lastIndexOf(":") + 1);
    const metadata = (inputs.metadata ?? {}) as Values;
    const namespace = textOf(metadata.namespace);
    return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${textOf(metadata.name) ?? name}`;
}
