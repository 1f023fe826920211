/** Compares property values the way Pulumi shows them: one entry for each property path that differs. */
import { Archive, Asset, hasUnknown, reveal, Secret, UNKNOWN, type Value, type Values } from "./values";

/** What happened to the property at a path. */
export type Change = "add" | "delete" | "update";

/** Property paths (`spec.ports[0].port`, `data["a.b"]`) with what happened there. */
export type Changes = Record<string, Change>;

/** What bridged plugins (docker, tls) write beside the inputs for themselves. A state of theirs stays as it is here. */
const bookkeeping = ["__defaults", "__meta"];

/** The path of a key below another path, in Pulumi's notation. */
export function join(path: string, key: string | number): string {
    if (typeof key === "number") return `${path}[${key}]`;
    if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
    return path === "" ? key : `${path}.${key}`;
}

const isRecord = (value: Value): value is Values =>
    value !== null &&
    typeof value === "object" &&
    !Array.isArray(value) &&
    !isFile(value) &&
    !(value instanceof Secret);
const isFile = (value: Value): value is Asset | Archive => value instanceof Asset || value instanceof Archive;
const isAbsent = (value: Value): boolean => value === undefined || value === null;

/** Whether two values are the same: secret marks don't count, files are compared by their hash, unknown is never equal. */
export function equal(left: Value, right: Value): boolean {
    if (hasUnknown(left) || hasUnknown(right)) return false;
    return Object.keys(compare(left, right, "value")).length === 0;
}

/** Every path at which `after` differs from `before`; null and absent are the same. Secret marks don't count. */
export function changes(before: Values, after: Values): Changes {
    return compare(reveal(before), reveal(after), "");
}

function compare(before: Value, after: Value, path: string): Changes {
    before = before instanceof Secret ? reveal(before) : before;
    after = after instanceof Secret ? reveal(after) : after;
    if (isAbsent(before) && isAbsent(after)) return {};
    if (before === UNKNOWN || after === UNKNOWN) return { [path]: isAbsent(before) ? "add" : "update" };
    if (isAbsent(before)) return { [path]: "add" };
    if (isAbsent(after)) return { [path]: "delete" };
    if (isFile(before) && isFile(after)) return compareFiles(before, after, path);
    if (Array.isArray(before) && Array.isArray(after)) {
        const longest = Math.max(before.length, after.length);
        const parts = Array.from({ length: longest }, (_, i) => compare(before[i], after[i], join(path, i)));
        return Object.assign({}, ...parts);
    }
    if (isRecord(before) && isRecord(after)) {
        const all = new Set([...Object.keys(before), ...Object.keys(after)]);
        const keys = [...all].filter((key) => !bookkeeping.includes(key)).sort();
        return Object.assign({}, ...keys.map((key) => compare(before[key], after[key], join(path, key))));
    }
    return before === after ? {} : { [path]: "update" };
}

function compareFiles(before: Asset | Archive, after: Asset | Archive, path: string): Changes {
    const sameKind = before instanceof Asset === after instanceof Asset;
    const same =
        before.source.hash && after.source.hash
            ? before.source.hash === after.source.hash
            : JSON.stringify(before.source) === JSON.stringify(after.source);
    return sameKind && same ? {} : { [path]: "update" };
}
