import { stringify } from "yaml";

/** YAML with sorted keys and unbroken lines, so that equal data is equal text. */
export function yaml(data: unknown): string {
    return stringify(data, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
}

/** JSON as a person would write it, keys sorted. */
export function json(data: unknown): string {
    return `${JSON.stringify(sortKeys(data), null, 4)}\n`;
}

function sortKeys(data: unknown): unknown {
    if (Array.isArray(data)) {
        return data.map(sortKeys);
    }
    if (!isRecord(data)) {
        return data;
    }
    const entries = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, value]) => [key, sortKeys(value)]));
}

function isRecord(data: unknown): data is Record<string, unknown> {
    return typeof data === "object" && data !== null && !Array.isArray(data);
}

/** Lays maps over each other, inner ones too; lists and plain values are replaced, and null takes a field away. */
export function layered(...layers: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [key, value] of layers.flatMap((layer) => Object.entries(layer))) {
        const below = result[key];
        if (value === null) {
            delete result[key];
        } else if (value !== undefined) {
            result[key] = isRecord(value) ? layered(isRecord(below) ? below : {}, value) : value;
        }
    }
    return result;
}

/** TOML with sorted keys; a table's own values stand before the tables in it. */
export function toml(data: Readonly<Record<string, unknown>>, path: readonly string[] = []): string {
    const entries = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
    const values = entries.filter(([, value]) => !isRecord(value));
    const tables = entries.flatMap(([key, value]) => (isRecord(value) ? [toml(value, [...path, key])] : []));
    const head = path.length > 0 && values.length > 0 ? [`[${path.map(tomlKey).join(".")}]\n`] : [];
    // A list of plain values, text and numbers are written as in JSON.
    const lines = values.map(([key, value]) => `${tomlKey(key)} = ${JSON.stringify(value)}\n`);
    return [[...head, ...lines].join(""), ...tables].filter((text) => text !== "").join("\n");
}

const tomlKey = (key: string) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));

type Setting = string | number | boolean | readonly string[] | undefined;

/** A command's long flags, sorted: { "etcd-servers": [a, b] } → --etcd-servers=a,b. Undefined ones are left out. */
export function flags(settings: Readonly<Record<string, Setting>>): string[] {
    return Object.entries(settings)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `--${name}=${Array.isArray(value) ? value.join(",") : String(value)}`)
        .sort();
}

/** Lines NAME="value" for a unit's EnvironmentFile. */
export function variables(values: Readonly<Record<string, string>>): string {
    const quoted = (value: string) => `"${value.replace(/[\\"$`]/g, "\\$&")}"`;
    const lines = Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}`);
    return lines
        .sort()
        .map((line) => `${line}\n`)
        .join("");
}
