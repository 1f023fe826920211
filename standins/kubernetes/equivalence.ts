/** When two spellings of an object mean the same: "0.5" and "500m", a field left out and an empty one. */
import { equal } from "../diff";
import type { Value, Values } from "../values";
import { isOwn } from "./discovery";

/** Maps whose values are quantities, and fields that are one. */
const quantityMaps = new Set(["limits", "requests", "capacity", "hard", "overhead", "max", "min", "default"])
    .add("defaultRequest")
    .add("maxLimitRequestRatio");
const quantityFields = new Set(["sizeLimit", "divisor"]);

/** Where the keys are the user's own. */
const freeText = new Set(["data", "stringData", "binaryData", "labels", "annotations", "matchLabels", "nodeSelector"]);

const suffixes: Record<string, number> = { n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
Object.assign(suffixes, { P: 1e15, E: 1e18 });
["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].forEach((suffix, index) => (suffixes[suffix] = 1024 ** (index + 1)));

/** A quantity's size (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). */
export function quantity(value: Value): Value {
    const parts = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i|)$/.exec(String(value));
    return parts ? Number((Number(parts[1]) * suffixes[parts[2]]).toPrecision(12)) : value;
}

const isRecord = (value: Value): value is Values =>
    value !== null && typeof value === "object" && !Array.isArray(value) && value.constructor === Object;

function canonical(value: Value, key: string): Value {
    if (Array.isArray(value)) return value.map((item) => canonical(item, ""));
    if (quantityFields.has(key)) return quantity(value);
    if (!isRecord(value) || freeText.has(key)) return value;
    const entries = Object.entries(value);
    if (!quantityMaps.has(key)) return Object.fromEntries(entries.map(([name, part]) => [name, canonical(part, name)]));
    return Object.fromEntries(entries.map(([name, part]) => [name, isRecord(part) ? part : quantity(part)]));
}

/** An object in one spelling, for comparing. Custom resources stay as they are. */
export const canonicalOf = (object: Values): Values =>
    isOwn(String(object.apiVersion)) ? (canonical(object, "") as Values) : object;

const isEmpty = (value: Value): boolean =>
    value === false ||
    value === 0 ||
    value === "" ||
    (Array.isArray(value) && value.length === 0) ||
    (isRecord(value) && Object.values(value).every(isEmpty));

/**
 * What the server has of what the program gave: the live object cut to the shape of the inputs, and in their spelling
 * where both mean the same. What is left differs because somebody changed it.
 */
export function liveInputs(live: Value, inputs: Value, key = "", own = isOwn(String(inputs?.apiVersion))): Value {
    if (live === undefined || live === null) return own && isEmpty(inputs) ? inputs : undefined;
    if (isRecord(live) && isRecord(inputs) && !quantityMaps.has(key)) {
        // A label without a value is one; a field without a value may as well be left out.
        const fields = own && !freeText.has(key);
        const entries = Object.keys(inputs).map((name) => [name, liveInputs(live[name], inputs[name], name, fields)]);
        return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    }
    if (Array.isArray(live) && Array.isArray(inputs)) {
        return inputs.slice(0, live.length).map((item, index) => liveInputs(live[index], item, "", own) ?? live[index]);
    }
    return own && equal(canonical(live, key), canonical(inputs, key)) ? inputs : live;
}
