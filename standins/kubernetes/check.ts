/** Check: validates a resource's inputs, gives it a name, and a namespace. */
import { createHash, randomBytes } from "node:crypto";
import type { CheckArgs, CheckResult, Context } from "../provider";
import { UNKNOWN, type Values } from "../values";
import type { Cluster } from "./cluster";
import { annotation, isPatch, kindOfType, markSecrets, metadataText, normalized, objectOf } from "./objects";

const autonamed = "pulumi.com/autonamed";

/** Whether the program says the name: a text, or something that will be one. */
const isNamed = (inputs: Values): boolean =>
    inputs.metadata?.name === UNKNOWN || metadataText(inputs, "name") !== undefined;

/** The same name in preview and update, by the engine's seed. */
function uniqueName(name: string, seed: Uint8Array): string {
    const hex = seed.length > 0 ? createHash("sha256").update(seed).digest("hex") : randomBytes(4).toString("hex");
    return `${name}-${hex.slice(0, 8)}`;
}

function withMetadata(inputs: Values, change: Values): Values {
    if (inputs.metadata === UNKNOWN) return inputs;
    return { ...inputs, metadata: { ...inputs.metadata, ...change } };
}

function withName(inputs: Values, name: string): Values {
    const { annotations } = inputs.metadata ?? {};
    const marked = annotations === UNKNOWN ? annotations : { ...annotations, [autonamed]: "true" };
    return withMetadata(inputs, { name, annotations: marked });
}

/** An object without a name keeps the one it was given here, or is given one: NAME-xxxxxxxx. */
function named(inputs: Values, oldInputs: Values, seed: Uint8Array, resourceName: string): Values {
    if (isNamed(inputs) || inputs.metadata === UNKNOWN) return inputs;
    const isNew = Object.keys(oldInputs).length === 0;
    if (isNew) return withName(inputs, uniqueName(resourceName, seed));
    const wasGiven = annotation(oldInputs, autonamed) === "true";
    return wasGiven ? withName(inputs, oldInputs.metadata.name) : inputs;
}

function refuse(inputs: Values, type: string): void {
    if (/List$/.test(String(inputs.kind)) && "items" in inputs) {
        throw new Error(`${type} can't be created as such: use the kind of its items instead.`);
    }
    if (isPatch(type, inputs.kind) && !isNamed(inputs)) {
        throw new Error("A Patch resource changes an object that exists: set metadata.name to its name.");
    }
    if (inputs.metadata?.generateName && !isNamed(inputs)) {
        throw new Error("metadata.generateName can't be used with server-side apply: set metadata.name, or neither.");
    }
    for (const key of ["pulumi.com/waitFor", "pulumi.com/replaceUnready"]) {
        if (annotation(inputs, key) === undefined) continue;
        throw new Error(`The kubernetes stand-in doesn't know the annotation ${key}: install Pulumi's own plugin.`);
    }
}

export async function check(args: CheckArgs, context: Context, cluster: Cluster): Promise<CheckResult> {
    if (cluster.settings.skipUpdateUnreachable && (await cluster.unreachable())) {
        context.log("warning", "The cluster can't be reached; as skipUpdateUnreachable says, this resource is left.");
        return { inputs: markSecrets(args.oldInputs) };
    }
    const kind = kindOfType(context.type);
    let inputs = normalized(Object.assign({ ...kind, metadata: {} }, objectOf(args.inputs)));
    refuse(inputs, context.type);
    inputs = named(inputs, args.oldInputs, args.randomSeed, context.name);
    const { defaultNamespace } = cluster.settings;
    if (defaultNamespace && !inputs.metadata?.namespace && inputs.metadata !== UNKNOWN) {
        const namespaced = await cluster.isNamespaced(inputs.apiVersion, inputs.kind);
        if (namespaced) inputs = withMetadata(inputs, { namespace: defaultNamespace });
    }
    return { inputs: markSecrets(inputs) };
}
