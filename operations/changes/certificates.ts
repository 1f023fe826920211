import { paths } from "../../components/inventory/paths";
import { filesBeside, filesOf, sharedCredentials } from "../../components/pki/places";
import type { Op, Resource } from "./events";
import { differences } from "./values";

/** What happens to one credential of the cluster's PKI: a key with its certificate. */
export interface CredentialChange {
    /** "apiserver", "cluster-ca", "service-account". */
    readonly name: string;
    /** The control plane that it belongs to; absent for what the cluster has once. */
    readonly node?: string;
    readonly op: Exclude<Op, "same">;
    /** Not only the certificate. */
    readonly newKey: boolean;
    /** "generation 1 → 2": another generation of authorities signs it. */
    readonly rotated?: string;
    readonly details: readonly string[];
}

const shape = /^(.+)-g(\d+)(?:-(key|request|certificate))?$/;
const pkiType = "slipway:pki:Pki";
/** Resources of components/pki, each below its Pki in the tree that an URN shows. */
const isCredential = ({ urn, type }: Resource) => type.startsWith("tls:") && urn.includes(`${pkiType}$`);

/** Whether a resource is told of by `credentialChanges`. */
export const isOfPki = isCredential;

/** The credentials that a run makes, renews or deletes, by the names that components/pki gives its resources. */
export function credentialChanges(resources: readonly Resource[]): CredentialChange[] {
    const nodes = nodesWithCredentials(resources);
    const prefix = `${resources.find(({ type }) => type === pkiType)?.name ?? ""}-`;
    const groups = new Map<string, { resource: Resource; generation: string; part?: string }[]>();
    for (const resource of resources.filter((one) => isCredential(one) && one.op !== "same")) {
        const [, name, generation, part] = shape.exec(resource.name) ?? [];
        if (name === undefined) continue;
        const key = name.startsWith(prefix) ? name.slice(prefix.length) : name;
        groups.set(key, [...(groups.get(key) ?? []), { resource, generation, part }]);
    }
    return [...groups].map(([key, parts]) => {
        const node = sharedCredentials.includes(key) ? undefined : nodes.find((one) => key.startsWith(`${one}-`));
        const name = node === undefined ? key : key.slice(node.length + 1);
        const made = parts.filter(({ resource }) => resource.op !== "delete");
        const gone = parts.filter(({ resource }) => resource.op === "delete");
        const main = made.find(({ part }) => part === "certificate") ?? made[0] ?? gone[0];
        const generations = [gone[0], made[0]].map((part) => part?.generation);
        const anew = gone.length > 0 && made.length > 0;
        const rotated = anew ? `generation ${generations.join(" → ")}` : undefined;
        return {
            name,
            ...(node !== undefined && { node }),
            ...(rotated !== undefined && { rotated }),
            op: anew ? "replace" : (main.resource.op as CredentialChange["op"]),
            newKey: made.some(({ part, resource }) => (part ?? "key") === "key" && resource.op !== "update"),
            details: rotated !== undefined ? [rotated] : made.flatMap(({ resource }) => reasons(resource)),
        };
    });
}

/** A credential that changes on a node, with the files that hold it there. */
export interface NodeCredential {
    readonly name: string;
    readonly op: CredentialChange["op"];
    readonly files: readonly string[];
}

/** What of these lies on a node. A worker has the cluster's authority only. */
export function credentialsOn(
    changes: readonly CredentialChange[],
    { node, controlPlane }: { node: string; controlPlane: boolean },
): NodeCredential[] {
    if (!controlPlane) {
        return changes
            .filter(({ name }) => name === "cluster-ca")
            .map(({ name, op }) => ({ name, op, files: [paths.ca] }));
    }
    return changes
        .filter(({ node: owner }) => owner === undefined || owner === node)
        .map(({ name, op, newKey }) => ({
            name,
            op,
            files: op === "create" || op === "delete" ? filesBeside(name) : filesOf(name, newKey),
        }));
}

/** The longest first: a node's name may begin with another's. */
function nodesWithCredentials(resources: readonly Resource[]): string[] {
    const names = resources.flatMap(({ type, name }) =>
        type.startsWith("command:remote:") ? (/^(.+)-credentials$/.exec(name)?.slice(1) ?? []) : [],
    );
    return names.sort((a, b) => b.length - a.length);
}

/** Why it is made anew, without what only mirrors it: PEM texts of what it is made from. */
function reasons({ op, before, after }: Resource): string[] {
    if (op === "create") return [];
    return differences(before, after).filter((text) => !/^\w*Pem:|^earlyRenewalHours/.test(text));
}
