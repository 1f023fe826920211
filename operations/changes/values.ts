/** Property values as Pulumi's event log writes them, and in what two of them differ. */

/** What stands for a value that only the update will know. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** The key that marks secrets, whose text the engine has left out. */
const signature = "4dabf18193072939515e22adb298388d";

export type Values = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Values =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !(signature in value);

/** Whether a value is a secret. */
export const isSecret = (value: unknown) => typeof value === "object" && value !== null && signature in value;

/** The text of a value that is one and is known. */
export const textOf = (value: unknown) => (typeof value === "string" && value !== unknown ? value : undefined);

/** A value without its secrets. */
export function withoutSecrets(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutSecrets);
    if (!isRecord(value)) return isSecret(value) ? undefined : value;
    const entries = Object.entries(value).filter(([, inner]) => !isSecret(inner));
    return Object.fromEntries(entries.map(([key, inner]) => [key, withoutSecrets(inner)]));
}

/** Everything in which two values differ, each as "path: old → new"; what isn't known yet may be the same. */
export function differences(before: unknown, after: unknown, path = ""): string[] {
    if (before === after || after === unknown || (isSecret(before) && isSecret(after))) return [];
    if (isRecord(before) && isRecord(after)) {
        const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
        return keys.flatMap((key) => differences(before[key], after[key], join(path, key)));
    }
    if (Array.isArray(before) && Array.isArray(after)) {
        const longest = Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index);
        return longest.flatMap((index) => differences(before[index], after[index], `${path}[${index}]`));
    }
    return [describe(path, before, after)];
}

/** "path: old → new" of one property path in Pulumi's notation: spec.ports[0].port, data["a.b"]. */
export function differenceAt(path: string, before: unknown, after: unknown): string {
    const keys = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|[^.[\]]+/g)].map(([text, quoted, number]) =>
        quoted !== undefined ? (JSON.parse(`"${quoted}"`) as string) : (number ?? text),
    );
    const at = (value: unknown) => keys.reduce((part, key) => (part as Values | undefined | null)?.[key], value);
    return describe(path, at(before), at(after));
}

function describe(path: string, before: unknown, after: unknown): string {
    if (absent(before)) return `${path}: ${show(after)}`;
    if (absent(after)) return `${path}: ${show(before)} is left out`;
    return `${path}: ${show(before)} → ${show(after)}`;
}

const absent = (value: unknown) => value === undefined || value === null;

/** One line, not too long. A PEM text or another of many lines isn't worth reading here. */
function show(value: unknown): string {
    if (isSecret(value)) return "(secret)";
    if (value === unknown) return "(known later)";
    if (value === "") return `""`;
    if (typeof value === "string" && value.includes("\n")) return `(${value.trimEnd().split("\n").length} lines)`;
    const text =
        typeof value === "string" ? value : JSON.stringify(value, (_, inner) => (isSecret(inner) ? "(secret)" : inner));
    return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function join(path: string, key: string): string {
    if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
    return path === "" ? key : `${path}.${key}`;
}
