/** Kubernetes objects, and how a resource of the program and its state stand for one. */
import { hasUnknown, secret, UNKNOWN, type Value, type Values } from "../values";

/** Any object of the API. */
export interface KubeObject extends Values {
    apiVersion: string;
    kind: string;
    metadata: Metadata;
}

export interface Metadata extends Values {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    managedFields?: ManagedFields[];
    ownerReferences?: { uid: string }[];
}

/** What one manager owns of an object. */
export interface ManagedFields extends Values {
    manager: string;
    operation: "Apply" | "Update";
    subresource?: string;
    fieldsV1: Values;
}

/** JSON-schema keys, which the SDKs spell with underscores. */
const dashed = ["embedded-resource", "int-or-string", "list-map-keys", "list-type", "map-type"]
    .concat(["preserve-unknown-fields", "validations"])
    .map((name) => `x-kubernetes-${name}`);
const toDashes = Object.fromEntries(dashed.map((name) => [name.replaceAll("-", "_"), name]));
const toUnderscores = Object.fromEntries(dashed.map((name) => [name, name.replaceAll("-", "_")]));

function renameKeys(value: Value, names: Record<string, string>): Value {
    if (Array.isArray(value)) return value.map((item) => renameKeys(item, names));
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value).filter(([, part]) => part !== null && part !== undefined);
    return Object.fromEntries(entries.map(([key, part]) => [names[key] ?? key, renameKeys(part, names)]));
}

/** The object that inputs describe: without the engine's own keys, and null is absent. */
export function objectOf(inputs: Values): KubeObject {
    const entries = Object.entries(inputs).filter(([key]) => !key.startsWith("__"));
    return renameKeys(Object.fromEntries(entries), toDashes) as KubeObject;
}

/** The value of an annotation, or undefined. */
export function annotation(object: Values, key: string): string | undefined {
    const annotations = object.metadata?.annotations;
    const value = annotations === UNKNOWN ? undefined : annotations?.[key];
    return typeof value === "string" ? value : undefined;
}

/** A metadata field that is a text; undefined when it is absent or not known yet. */
export function metadataText(object: Values, key: "name" | "namespace" | "generateName"): string | undefined {
    const value = object.metadata?.[key];
    return typeof value === "string" && value !== "" ? value : undefined;
}

/** A resource's id: NAMESPACE/NAME, or NAME. */
export function idOf(object: KubeObject): string {
    const { name, namespace } = object.metadata;
    return namespace ? `${namespace}/${name}` : name;
}

/** The parts of an id. */
export function parseId(id: string): { namespace?: string; name: string } {
    const slash = id.indexOf("/");
    return slash < 0 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** apiVersion and kind of a type token, such as "kubernetes:apps/v1:Deployment". */
export function kindOfType(type: string): { apiVersion: string; kind: string } {
    const [, apiVersion = "", kind = ""] = type.split(":");
    return { apiVersion: apiVersion.replace(/^core\//, ""), kind };
}

/** Whether a resource only manages some fields of an object that somebody else owns ("…:NodePatch"). */
export const isPatch = (type: string, kind: unknown): boolean =>
    typeof kind === "string" && type.split(":")[2] === `${kind}Patch`;

export const isSecret = (object: Values): boolean => object.apiVersion === "v1" && object.kind === "Secret";
export const isDefinition = (object: Values): boolean => object.kind === "CustomResourceDefinition";

/** What the state keeps of an object: the object as the server has it, and how it came about. */
export function stateOf(live: KubeObject, inputs: Values, manager: string, initialApiVersion?: string): Values {
    const outputs = renameKeys(live, toUnderscores) as Values;
    if (isSecret(live) && outputs.data) outputs.data = secret(outputs.data);
    return {
        ...outputs,
        // As a whole, because what is secret in the inputs would be readable in this copy of them.
        __inputs: secret(inputs),
        __initialApiVersion: initialApiVersion ?? live.apiVersion,
        __fieldManager: manager,
    };
}

/** Inputs with what is always secret marked. */
export function markSecrets(inputs: Values): Values {
    if (!isSecret(inputs)) return inputs;
    const marked = { ...inputs };
    for (const key of ["data", "stringData"]) if (marked[key] !== undefined) marked[key] = secret(marked[key]);
    return marked;
}

/** Fields that only the server sets. */
const readOnly = ["creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation"].concat([
    "managedFields",
    "resourceVersion",
    "uid",
    "selfLink",
]);

/** Inputs as they are kept: no fields of the server, a Secret's texts among its data. */
export function normalized(inputs: Values): Values {
    const result = { ...inputs };
    if (result.metadata && result.metadata !== UNKNOWN) {
        const entries = Object.entries(result.metadata).filter(([key]) => !readOnly.includes(key));
        result.metadata = Object.fromEntries(entries);
    }
    if (isSecret(result) && !hasUnknown([result.data, result.stringData])) {
        const encode = (text: unknown) => Buffer.from(String(text), "utf8").toString("base64");
        const texts = Object.entries(result.stringData ?? {}).map(([key, text]) => [key, encode(text)]);
        const data = { ...result.data, ...Object.fromEntries(texts) };
        if (result.data || texts.length > 0) result.data = data;
        delete result.stringData;
    }
    return result;
}
