/** Diff: what the program changed since the state was written, and whether that needs a new object. */
import { changes } from "../diff";
import type { Context, DiffArgs, DiffResult } from "../provider";
import { UNKNOWN, type Values } from "../values";
import type { Cluster } from "./cluster";
import { canonicalOf } from "./equivalence";
import { immutableFields, segmentsOf, touches } from "./immutable";
import { annotation, isPatch, normalized, objectOf } from "./objects";

const at = (value: Values, path: string[]) => path.reduce<Values | undefined>((part, key) => part?.[key], value);

/** Objects that live in namespaces are in "default" when they name none; others are in none. */
async function inNamespace(object: Values, cluster: Cluster): Promise<Values> {
    if (!object.metadata || object.metadata === UNKNOWN) return object;
    const { namespace, ...metadata } = object.metadata;
    const namespaced = await cluster.isNamespaced(object.apiVersion, object.kind);
    return { ...object, metadata: namespaced ? { ...metadata, namespace: namespace || "default" } : metadata };
}

/** The inputs of the last create or update; after a refresh: what the server had of them. */
const lastInputs = ({ oldInputs, oldOutputs }: DiffArgs): Values => oldOutputs.__inputs ?? oldInputs;

export async function diff(args: DiffArgs, context: Context, cluster: Cluster): Promise<DiffResult> {
    const prepare = async (inputs: Values) => canonicalOf(await inNamespace(normalized(objectOf(inputs)), cluster));
    const before = await prepare(lastInputs(args));
    const after = await prepare(args.inputs);
    const found = changes(before, after);
    const immutable = immutableFields(after, isPatch(context.type, after.kind), cluster.settings);
    const replace = Object.keys(found).filter((path) => {
        const segments = segmentsOf(path);
        return immutable.some((field) => touches(segments, field, at(after, segments)));
    });
    return { changes: found, replace, deleteBeforeReplace: replace.length > 0 && isInTheWay(args.oldOutputs, after) };
}

/** Whether the new object has the name of the old one, by the program's own choice. */
function isInTheWay(live: Values, after: Values): boolean {
    const { name, namespace } = after.metadata ?? {};
    const chosen = typeof name === "string" && annotation(after, "pulumi.com/autonamed") !== "true";
    return chosen && name === live.metadata?.name && (namespace ?? "") === (live.metadata?.namespace ?? "");
}
